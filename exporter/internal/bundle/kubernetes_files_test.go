package bundle

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/program"
)

// kubernetesObject reads a hand-written file of examples/kubernetes, or one of
// its documents.
func kubernetesObject(t *testing.T, path string, document int, into any) {
	t.Helper()
	text := readShipped(t, "examples", "kubernetes", filepath.FromSlash(path))
	decodeStrictly(t, strings.Split(text, "\n---\n")[document], into)
}

// manifests are the objects that name each other.
type manifests struct {
	set     statefulSet
	service service
	monitor serviceMonitor
	backup  cronJob
	copies  volumeClaim
}

func readManifests(t *testing.T) *manifests {
	t.Helper()
	var m manifests
	kubernetesObject(t, "exporter/statefulset.yaml", 0, &m.set)
	kubernetesObject(t, "exporter/service.yaml", 0, &m.service)
	kubernetesObject(t, "servicemonitor.yaml", 0, &m.monitor)
	kubernetesObject(t, "backup.yaml", 0, &m.backup)
	kubernetesObject(t, "backup.yaml", 1, &m.copies)
	return &m
}

// Every object that names another names one that is there.
func TestKubernetesObjectsKnowEachOther(t *testing.T) {
	m := readManifests(t)
	exporter, backup := m.set.Spec.Template, m.backup.Spec.JobTemplate.Spec.Template
	labels := exporter.Metadata.Labels
	for what, selector := range map[string]map[string]string{
		"the StatefulSet": m.set.Spec.Selector.MatchLabels,
		"the Service":     m.service.Spec.Selector,
		"the backup":      backup.Spec.Affinity.PodAffinity.Required[0].LabelSelector.MatchLabels,
	} {
		if diff := cmp.Diff(labels, selector); diff != "" {
			t.Errorf("%s does not select the exporter's pods (-labels +selector):\n%s", what, diff)
		}
	}
	if diff := cmp.Diff(m.service.Metadata.Labels, m.monitor.Spec.Selector.MatchLabels); diff != "" {
		t.Errorf("the ServiceMonitor does not select the Service (-labels +selector):\n%s", diff)
	}
	if cmp.Equal(labels, backup.Metadata.Labels) {
		t.Error("the Service selects the backup's pods")
	}
	if m.set.Spec.ServiceName != m.service.Metadata.Name {
		t.Errorf("serviceName %s, want %s", m.set.Spec.ServiceName, m.service.Metadata.Name)
	}
	c := exporter.Spec.Containers[0]
	port, served := c.Ports[0], m.service.Spec.Ports[0]
	if served.TargetPort != port.Name || served.Port != port.ContainerPort || c.ReadinessProbe.HTTPGet.Port != port.Name || c.LivenessProbe.HTTPGet.Port != port.Name {
		t.Errorf("the ports differ: %+v, %+v", port, served)
	}
	for _, e := range m.monitor.Spec.Endpoints {
		if e.Port != served.Name {
			t.Errorf("the ServiceMonitor scrapes port %s, want %s", e.Port, served.Name)
		}
	}
	// A claim's name is the template's, and the pod's.
	want := m.set.Spec.VolumeClaimTemplates[0].Metadata.Name + "-" + m.set.Metadata.Name + "-0"
	if v := backup.Spec.Volumes; v[0].Claim.Name != want || v[1].Claim.Name != m.copies.Metadata.Name {
		t.Errorf("the backup's volumes are %+v", v)
	}
	var k kustomizationFile
	kubernetesObject(t, "exporter/kustomization.yaml", 0, &k)
	if name := exporter.Spec.Volumes[0].ConfigMap.Name; name != k.ConfigMapGenerator[0].Name {
		t.Errorf("the pod mounts the ConfigMap %s, want %s", name, k.ConfigMapGenerator[0].Name)
	}
}

// A pod mounts what it names, its programs know their flags, and the paths are
// those of the image.
func TestKubernetesPodsCanStart(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+"/", "./exporter", "./exporter/supportctl")
	build.Dir = program.Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := readManifests(t)
	for name, p := range map[string]pod{"exporter": m.set.Spec.Template, "backup": m.backup.Spec.JobTemplate.Spec.Template} {
		volumes := map[string]bool{}
		for _, v := range p.Spec.Volumes {
			volumes[v.Name] = true
		}
		for _, v := range m.set.Spec.VolumeClaimTemplates {
			volumes[v.Metadata.Name] = true
		}
		c := p.Spec.Containers[0]
		for _, mount := range c.VolumeMounts {
			if !volumes[mount.Name] {
				t.Errorf("%s: no volume %s", name, mount.Name)
			}
		}
		for _, arg := range c.Args {
			_, path, _ := strings.Cut(arg, "=/")
			mounted := slices.ContainsFunc(c.VolumeMounts, func(v volumeMount) bool {
				return strings.HasPrefix("/"+path+"/", v.MountPath+"/")
			})
			if path != "" && !mounted {
				t.Errorf("%s: nothing is mounted for %s", name, arg)
			}
		}
	}
	exporter, backup := m.set.Spec.Template.Spec.Containers[0], m.backup.Spec.JobTemplate.Spec.Template.Spec.Containers[0]
	checkFlags(t, "exporter", []string{filepath.Join(dir, "exporter"), "--help"}, exporter.Args)
	checkFlags(t, "backup", []string{filepath.Join(dir, "supportctl"), backup.Args[0], "--help"}, backup.Args)
	if !strings.Contains(readShipped(t, "Dockerfile"), "/supportctl /bin/") || !slices.Equal(backup.Command, []string{"/bin/supportctl"}) {
		t.Errorf("the image has no %v", backup.Command)
	}
	config := filepath.Join(program.Root(t), "examples", "kubernetes", "exporter", "support_exporter.yml")
	if out, err := exec.Command(filepath.Join(dir, "exporter"), "--config.file="+config, "--config.check").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// Nothing may do more than it needs: not as root, not write to the image, not call
// Kubernetes.
func TestKubernetesPodsAreConfined(t *testing.T) {
	m := readManifests(t)
	for name, p := range map[string]pod{"exporter": m.set.Spec.Template, "backup": m.backup.Spec.JobTemplate.Spec.Template} {
		s := p.Spec.SecurityContext
		if !s.RunAsNonRoot || s.RunAsUser == 0 || s.RunAsGroup == 0 || s.FSGroup != s.RunAsGroup || s.SeccompProfile.Type != "RuntimeDefault" {
			t.Errorf("%s: %+v", name, s)
		}
		if a := p.Spec.AutomountServiceAccountToken; a == nil || *a {
			t.Errorf("%s: it gets a token for Kubernetes", name)
		}
		for _, c := range p.Spec.Containers {
			own := c.SecurityContext
			if !own.ReadOnlyRootFilesystem || own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation ||
				!slices.Equal(own.Capabilities.Drop, []string{"ALL"}) {
				t.Errorf("%s: %+v", name, own)
			}
			if c.Resources.Requests["memory"] == "" || c.Resources.Requests["cpu"] == "" || c.Resources.Limits["memory"] == "" {
				t.Errorf("%s: resources %+v", name, c.Resources)
			}
			if c.Image != "support_exporter" {
				t.Errorf("%s: image %q, want the name that kustomization.yaml replaces", name, c.Image)
			}
		}
	}
	if r := m.set.Spec.RetentionPolicy; r.WhenDeleted != "Retain" || r.WhenScaled != "Retain" || m.set.Spec.Replicas != 1 {
		t.Errorf("the counters do not outlive the pod: %+v", m.set.Spec)
	}
	var k kustomizationFile
	decodeStrictly(t, readShipped(t, "examples", "kubernetes", "kustomization.yaml"), &k)
	if len(k.Images) != 1 || k.Images[0].Name != "support_exporter" || !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(k.Images[0].NewTag) {
		t.Errorf("images %+v, want support_exporter with a version", k.Images)
	}
	// The server ends its requests within shutdownTimeout, and then writes a checkpoint.
	if g := m.set.Spec.Template.Spec.TerminationGracePeriodSeconds; g < 30 {
		t.Errorf("the pod has %d s to end", g)
	}
}

// The operator scrapes as examples/prometheus.yml does.
func TestKubernetesScrapesAsPrometheusDoes(t *testing.T) {
	m := readManifests(t).monitor.Spec
	var want struct {
		Global struct {
			ScrapeInterval     string `yaml:"scrape_interval"`
			EvaluationInterval string `yaml:"evaluation_interval"`
			ExternalLabels     any    `yaml:"external_labels"`
		}
		Storage, Alerting any
		RuleFiles         []string `yaml:"rule_files"`
		ScrapeConfigs     []struct {
			JobName   string   `yaml:"job_name"`
			Path      string   `yaml:"metrics_path"`
			Protocols []string `yaml:"scrape_protocols"`
			Native    bool     `yaml:"scrape_native_histograms"`
			Classic   bool     `yaml:"always_scrape_classic_histograms"`
			Static    any      `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	decodeStrictly(t, readShipped(t, "examples", "prometheus.yml"), &want)
	job := want.ScrapeConfigs[0]
	if !slices.Equal(m.ScrapeProtocols, job.Protocols) || m.ScrapeNativeHistograms != job.Native || m.ScrapeClassicHistograms != job.Classic {
		t.Errorf("got %+v, want %+v", m, job)
	}
	if len(m.Endpoints) != len(want.ScrapeConfigs) {
		t.Fatalf("%d endpoints, want %d", len(m.Endpoints), len(want.ScrapeConfigs))
	}
	for i, e := range m.Endpoints {
		job := want.ScrapeConfigs[i]
		if job.Path == "" {
			job.Path = "/metrics"
		}
		named, instance := e.Relabelings[0], e.Relabelings[1]
		if e.Path != job.Path || e.Interval != want.Global.ScrapeInterval || named.TargetLabel != "job" || named.Replacement != job.JobName {
			t.Errorf("endpoint %d: %+v, want job %s at %s", i, e, job.JobName, job.Path)
		}
		// A StatefulSet's pods keep their names, and with them their volumes.
		if instance.TargetLabel != "instance" || !slices.Equal(instance.SourceLabels, []string{"__meta_kubernetes_pod_name"}) {
			t.Errorf("endpoint %d: instance is %+v, want the pod's name", i, instance)
		}
	}
}
