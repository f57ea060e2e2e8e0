package bundle

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"supportexporter/exporter/internal/program"
)

// All files are part of a kustomization, and kustomize builds it.
func TestKubernetesKustomization(t *testing.T) {
	dir := filepath.Join(program.Root(t), "examples", "kubernetes")
	for _, folder := range []string{".", "exporter", "rules", "dashboards"} {
		var k kustomizationFile
		decodeStrictly(t, readShipped(t, "examples", "kubernetes", folder, "kustomization.yaml"), &k)
		files, err := filepath.Glob(filepath.Join(dir, folder, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			name := filepath.Base(f)
			if name != "kustomization.yaml" && name != "backup.yaml" && !slices.Contains(k.Resources, name) {
				t.Errorf("%s: %s is not in it", folder, name)
			}
		}
		for _, r := range k.Resources {
			if _, err := os.Stat(filepath.Join(dir, folder, r)); err != nil {
				t.Errorf("%s: %v", folder, err)
			}
		}
	}
	out := kustomize(t, dir)
	for _, want := range []string{"image: registry.example.com/support_exporter:1.0.0", "kind: ServiceMonitor", "kind: PrometheusRule", "name: support-exporter-"} {
		if !strings.Contains(out, want) {
			t.Errorf("kustomize gives no %s", want)
		}
	}
}

func kustomize(t *testing.T, dir string) string {
	t.Helper()
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("kubectl is not here to build it")
	}
	out, err := exec.Command(kubectl, "kustomize", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl kustomize: %v\n%s", err, out)
	}
	return string(out)
}

// Several exporters are overlays: each has a Service that finds its own pods, and
// one ServiceMonitor finds all of them.
func TestKubernetesTakesSeveralExporters(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(program.Root(t), "examples", "kubernetes"))); err != nil {
		t.Fatal(err)
	}
	top := filepath.Join(dir, "kustomization.yaml")
	text, err := os.ReadFile(top)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{top: strings.Replace(string(text), "- exporter\n", "- a\n  - b\n", 1)}
	for _, name := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		files[filepath.Join(dir, name, "kustomization.yaml")] = strings.ReplaceAll(`apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../exporter]
nameSuffix: -NAME
labels:
  - pairs: {app.kubernetes.io/instance: NAME}
    includeSelectors: true
`, "NAME", name)
	}
	for file, text := range files {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]service{}
	for _, document := range strings.Split(kustomize(t, dir), "\n---\n") {
		if strings.Contains(document, "\nkind: Service\n") {
			var s service
			decodeStrictly(t, document, &s)
			found[s.Metadata.Name] = s
		}
	}
	monitor := readManifests(t).monitor.Spec.Selector.MatchLabels["app.kubernetes.io/name"]
	for _, name := range []string{"a", "b"} {
		s := found["support-exporter-"+name]
		if s.Spec.Selector["app.kubernetes.io/instance"] != name || s.Metadata.Labels["app.kubernetes.io/name"] != monitor {
			t.Errorf("exporter %s: its Service is %+v", name, s)
		}
	}
	if len(found) != 2 {
		t.Errorf("%d Services, want 2", len(found))
	}
}
