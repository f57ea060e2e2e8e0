package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"supportexporter/exporter/internal/program"
)

// maxConfigMapBytes is what Kubernetes takes in one ConfigMap.
const maxConfigMapBytes = 1 << 20

// kubernetesFiles makes all of examples/kubernetes that is made from other files,
// by path.
func kubernetesFiles(tb testing.TB) map[string]string {
	tb.Helper()
	files := map[string]string{}
	for path, name := range rulesForKubernetes(tb) {
		files["rules/"+name+".yaml"] = madeFrom(path) + fmt.Sprintf(`apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: %s
  labels:
    app.kubernetes.io/name: support-exporter
spec:
`, name) + indented(readShipped(tb, path), "  ")
	}
	boards, err := filepath.Glob(filepath.Join(program.Root(tb), "grafana", "dashboards", "*.json"))
	if err != nil || len(boards) == 0 {
		tb.Fatalf("no dashboards: %v", err)
	}
	for _, board := range boards {
		file := filepath.Base(board)
		name := strings.TrimSuffix(file, ".json")
		path := "grafana/dashboards/" + file
		files["dashboards/"+name+".yaml"] = madeFrom(path) + fmt.Sprintf(`apiVersion: v1
kind: ConfigMap
metadata:
  name: %s-dashboard
  labels:
    app.kubernetes.io/name: support-exporter
    grafana_dashboard: "1"
data:
  %s: |
`, name, file) + indented(readShipped(tb, path), "    ")
	}
	for _, folder := range []string{"rules", "dashboards"} {
		files[folder+"/kustomization.yaml"] = kustomization(folder, slices.Sorted(maps.Keys(files)))
	}
	return files
}

// rulesForKubernetes gives the files of rules and alerts by their paths, with the
// names of the objects that are made from them.
func rulesForKubernetes(tb testing.TB) map[string]string {
	tb.Helper()
	names := map[string]string{}
	for _, folder := range []string{"recording-rules", "alerts"} {
		files, err := filepath.Glob(filepath.Join(program.Root(tb), folder, "*.yml"))
		if err != nil || len(files) == 0 {
			tb.Fatalf("%s: no files: %v", folder, err)
		}
		for _, file := range files {
			path := folder + "/" + filepath.Base(file)
			var rules struct{ Groups []yaml.Node }
			if err := yaml.Unmarshal([]byte(readShipped(tb, path)), &rules); err != nil {
				tb.Fatalf("%s: %v", path, err)
			}
			if len(rules.Groups) == 0 { // Alertmanager's configuration
				continue
			}
			name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".yml"), "_", "-")
			if folder == "alerts" {
				name = "support-" + strings.TrimPrefix(name+"-alerts", "support-")
			}
			names[path] = name
		}
	}
	return names
}

func madeFrom(path string) string {
	return fmt.Sprintf("# Made from %s by kubernetes_made_test.go; change it there.\n", path)
}

// indented puts the text at every line but empty ones: it holds comments, block
// scalars and JSON, all of which stay as they are.
func indented(text, by string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString(by)
		}
		b.WriteString(line)
	}
	return b.String()
}

func kustomization(folder string, files []string) string {
	text := "# Made by kubernetes_made_test.go.\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\nresources:\n"
	for _, f := range files {
		if name, ok := strings.CutPrefix(f, folder+"/"); ok {
			text += "  - " + name + "\n"
		}
	}
	return text
}

// TestKubernetesIsMade: the rules and dashboards of examples/kubernetes are those
// of the repository. UPDATE_GOLDEN=1 writes them anew.
func TestKubernetesIsMade(t *testing.T) {
	dir := filepath.Join(program.Root(t), "examples", "kubernetes")
	want := kubernetesFiles(t)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		for _, folder := range []string{"rules", "dashboards"} {
			if err := os.RemoveAll(filepath.Join(dir, folder)); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for path, text := range want {
			if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	there, err := filepath.Glob(filepath.Join(dir, "[rd]*", "*.yaml"))
	if err != nil || len(there) != len(want) {
		t.Errorf("%d files, want %d: %v", len(there), len(want), err)
	}
	for path, text := range want {
		got, err := os.ReadFile(filepath.Join(dir, path))
		if diff := cmp.Diff(text, string(got)); err != nil || diff != "" {
			t.Errorf("%s is not up to date; UPDATE_GOLDEN=1 go test ./exporter/internal/bundle -run TestKubernetesIsMade writes it (-want +got): %v\n%s", path, err, diff)
		}
	}
}

// What the operator reads is what Prometheus reads: the same groups, in the types
// that the operator's definition asks for, and good for promtool.
func TestKubernetesRulesAreTheRules(t *testing.T) {
	dir := t.TempDir()
	args := []string{"check", "rules", "--lint=all", "--lint-fatal"}
	for path, name := range rulesForKubernetes(t) {
		var want ruleSpec
		decodeStrictly(t, readShipped(t, path), &want)
		var object prometheusRule
		decodeStrictly(t, readShipped(t, "examples", "kubernetes", "rules", name+".yaml"), &object)
		if diff := cmp.Diff(want, object.Spec); diff != "" || len(want.Groups) == 0 {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		for _, g := range object.Spec.Groups {
			for _, r := range g.Rules {
				if (r.Record == "") == (r.Alert == "") || r.Expr == "" {
					t.Errorf("%s: group %s: %+v", path, g.Name, r)
				}
			}
		}
		text, err := yaml.Marshal(object.Spec)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name+".yml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if out, err := exec.Command(program.Tool(t, "promtool"), args...).CombinedOutput(); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
}

// What Grafana's sidecar writes to its folder are the dashboards, to the byte.
func TestKubernetesDashboardsAreTheDashboards(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(program.Root(t), "examples", "kubernetes", "dashboards", "support-*.yaml"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d dashboards: %v", len(files), err)
	}
	for _, file := range files {
		var object configMap
		decodeStrictly(t, readShipped(t, "examples", "kubernetes", "dashboards", filepath.Base(file)), &object)
		if object.Metadata.Labels["grafana_dashboard"] != "1" || len(object.Data) != 1 {
			t.Errorf("%s: labels %v and %d files", file, object.Metadata.Labels, len(object.Data))
		}
		for name, text := range object.Data {
			if text != readShipped(t, "grafana", "dashboards", name) {
				t.Errorf("%s differs from grafana/dashboards/%s", file, name)
			}
			var board map[string]any
			if err := json.Unmarshal([]byte(text), &board); err != nil || board["uid"] != strings.TrimSuffix(name, ".json") {
				t.Errorf("%s: uid %v: %v", name, board["uid"], err)
			}
			if len(text) > maxConfigMapBytes-4096 {
				t.Errorf("%s has %d bytes, which is more than a ConfigMap holds", name, len(text))
			}
		}
	}
}

// decodeStrictly decodes YAML whose every field must be known.
func decodeStrictly(tb testing.TB, text string, into any) {
	tb.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		tb.Fatalf("%T: %v", into, err)
	}
}
