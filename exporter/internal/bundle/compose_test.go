package bundle

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"

	"supportexporter/exporter/internal/program"
)

// composed loads docker-compose.yml as docker compose does.
func composed(tb testing.TB, profiles ...string) *types.Project {
	tb.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(program.Root(tb), "docker-compose.yml")},
		cli.WithWorkingDirectory(program.Root(tb)), cli.WithProfiles(profiles), cli.WithInterpolation(true), cli.WithConsistency(true))
	if err != nil {
		tb.Fatal(err)
	}
	project, err := options.LoadProject(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return project
}

// backends are the profiles, one of which is chosen.
var backends = []string{"prometheus", "victoriametrics"}

func TestComposeStartsOneBackend(t *testing.T) {
	if got := strings.TrimSpace(lastLine(readShipped(t, ".env"))); got != "COMPOSE_PROFILES=prometheus" {
		t.Errorf(".env: %s", got)
	}
	for _, backend := range backends {
		project := composed(t, backend)
		answering := []string{}
		for name, s := range project.Services {
			if name == "prometheus" || slices.Contains(aliases(&s), "prometheus") {
				answering = append(answering, name)
			}
		}
		if !slices.Equal(answering, []string{backend}) {
			t.Errorf("profile %s: %v answer under the name prometheus", backend, answering)
		}
		for name, s := range project.Services {
			for on, d := range s.DependsOn {
				dependency, there := project.Services[on]
				switch {
				case !there && d.Required:
					t.Errorf("profile %s: %s depends on %s, which is not started", backend, name, on)
				case there && d.Condition == types.ServiceConditionHealthy && dependency.HealthCheck == nil:
					t.Errorf("%s waits for the health of %s, which has no check", name, on)
				}
			}
		}
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func aliases(s *types.ServiceConfig) (all []string) {
	for _, n := range s.Networks {
		if n != nil {
			all = append(all, n.Aliases...)
		}
	}
	return all
}

// Images are pinned, or built here; ports are on loopback alone; what is mounted
// is there.
func TestComposeServices(t *testing.T) {
	pinned := regexp.MustCompile(`^[a-z/_-]+:v?\d+\.\d+\.\d+$`)
	ports := map[string]uint32{"support-exporter": 10877, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000, "victoriametrics": 9090}
	for name, s := range composed(t, backends...).Services {
		if s.Build == nil && !pinned.MatchString(s.Image) {
			t.Errorf("%s: the image %s is not pinned", name, s.Image)
		}
		if s.Build != nil && (s.Build.Context != program.Root(t) || s.Image != "support_exporter:local") {
			t.Errorf("%s: built from %s as %s", name, s.Build.Context, s.Image)
		}
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" || p.Target != ports[name] || p.Published != fmt.Sprint(p.Target) {
				t.Errorf("%s: port %s:%s:%d, want 127.0.0.1 and %d", name, p.HostIP, p.Published, p.Target, ports[name])
			}
		}
		if want := ports[name] != 0; want != (len(s.Ports) > 0) {
			t.Errorf("%s: has %d ports", name, len(s.Ports))
		}
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(v.Source); err != nil || !v.ReadOnly || !strings.HasPrefix(v.Source, program.Root(t)) {
				t.Errorf("%s: mounts %s, read-only %v: %v", name, v.Source, v.ReadOnly, err)
			}
		}
	}
	if got := readShipped(t, "docker-compose.yml"); strings.Contains(regexp.MustCompile(`\$\{\w+:-[^}]*\}`).ReplaceAllString(got, ""), "${") {
		t.Error("a variable has no default")
	}
}

// mounted gives what lies at a path of a service's container: a place in this
// repository, or "" in a volume.
func mounted(s *types.ServiceConfig, at string) (host string, ok bool) {
	longest := -1
	for _, v := range s.Volumes {
		if (at == v.Target || strings.HasPrefix(at, v.Target+"/")) && len(v.Target) > longest {
			longest, ok, host = len(v.Target), true, ""
			if v.Type == types.VolumeTypeBind {
				host = filepath.Join(v.Source, strings.TrimPrefix(at, v.Target))
			}
		}
	}
	return host, ok
}

var pathInArgument = regexp.MustCompile(`^[^/]*=(/.*)$`)

// Every path that a command names is mounted, and every file there is.
func TestComposeCommandsNameWhatIsMounted(t *testing.T) {
	for name, s := range composed(t, backends...).Services {
		named := map[string]string{}
		for _, arg := range s.Command {
			if m := pathInArgument.FindStringSubmatch(arg); m != nil {
				named[arg] = m[1]
			}
		}
		for key, value := range s.Environment {
			if value != nil && strings.HasPrefix(*value, "/") {
				named[key] = *value
			}
		}
		for what, at := range named {
			host, ok := mounted(&s, at)
			if !ok {
				t.Errorf("%s: %s: nothing is mounted there", name, what)
			}
			if found, err := filepath.Glob(host); host != "" && (err != nil || len(found) == 0) {
				t.Errorf("%s: %s: there is no %s", name, what, host)
			}
		}
	}
}

// The programs know every flag that they are started with.
func TestComposeFlagsAreKnown(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"./exporter", "./exporter/supportctl"} {
		build := exec.Command("go", "build", "-o", dir+"/", folder)
		build.Dir = program.Root(t)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", folder, err, out)
		}
	}
	supportctl := filepath.Join(dir, "supportctl")
	help := map[string][]string{ // of a service
		"support-exporter": {filepath.Join(dir, "exporter"), "--help"},
		"history":          {supportctl, "backfill", "--help"},
		"simulator":        {supportctl, "simulate", "--help"},
		"prometheus":       {program.Tool(t, "prometheus"), "--help"},
		"alertmanager":     {program.Tool(t, "alertmanager"), "--help"},
	}
	project := composed(t, backends...)
	for name, command := range help {
		s := project.Services[name]
		checkFlags(t, name, command, s.Command)
	}
	exporter := project.Services["support-exporter"]
	checkFlags(t, "health check", []string{supportctl, "check-ready", "--help"}, exporter.HealthCheck.Test)
	for _, name := range []string{"history", "simulator"} {
		s := project.Services[name]
		if !slices.Equal(s.Entrypoint, []string{"/bin/supportctl"}) || s.Command[0] != help[name][1] {
			t.Errorf("%s: %v %v", name, s.Entrypoint, s.Command)
		}
	}
	dockerfile := readShipped(t, "Dockerfile")
	for _, want := range []string{"/out/support_exporter /out/supportctl /bin/", `ENTRYPOINT ["/bin/support_exporter"]`, "/out/data /data\n", "/out/data /prometheus\n"} {
		if !strings.Contains(dockerfile, want) {
			t.Errorf("Dockerfile: no %s", want)
		}
	}
}

var flagName = regexp.MustCompile(`^--([a-z0-9.-]+)`)

func checkFlags(t *testing.T, name string, help, args []string) {
	t.Helper()
	out, err := exec.Command(help[0], help[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", help, err, out)
	}
	known := 0
	for _, arg := range args {
		if m := flagName.FindStringSubmatch(arg); m != nil {
			known++
			if !regexp.MustCompile(`--(\[no-\])?` + regexp.QuoteMeta(m[1]) + `[ =\n]`).Match(out) {
				t.Errorf("%s: %s knows no --%s", name, filepath.Base(help[0]), m[1])
			}
		}
	}
	if known == 0 {
		t.Errorf("%s: no flags in %q", name, args)
	}
}

// What the configurations call by name are services of the stack, at their
// ports; the rules are where Prometheus looks for them.
func TestComposeNamesAreServices(t *testing.T) {
	project := composed(t, backends...)
	known := map[string]bool{"prometheus:9090": true} // in either profile
	for name, s := range project.Services {
		for _, p := range s.Ports {
			known[fmt.Sprintf("%s:%d", name, p.Target)] = true
		}
	}
	var provisioning struct{ Datasources []struct{ URL string } }
	if err := yaml.Unmarshal([]byte(readShipped(t, "grafana", "provisioning", "datasources", "support.yml")), &provisioning); err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`[a-z-]+:\d+\b`).FindAllString(strings.Join(targetLines(t), "\n"), -1)
	for _, d := range provisioning.Datasources {
		u, err := url.Parse(d.URL)
		if err != nil {
			t.Fatal(err)
		}
		named = append(named, u.Host)
	}
	for name, s := range project.Services {
		for _, arg := range slices.Concat(s.Command, healthCheck(&s)) {
			if i := strings.Index(arg, "http://"); i >= 0 {
				u, err := url.Parse(arg[i:])
				if err != nil {
					t.Fatal(err)
				}
				host := strings.NewReplacer("localhost", name, "127.0.0.1", name).Replace(u.Host)
				named = append(named, host)
			}
		}
	}
	if len(named) < 8 {
		t.Errorf("only %v", named)
	}
	for _, n := range named {
		if !known[n] {
			t.Errorf("%s is no service of the stack", n)
		}
	}
	rulesAreMounted(t, project)
}

// targetLines are the lines of examples/prometheus.yml that name addresses.
func targetLines(t *testing.T) (lines []string) {
	for line := range strings.Lines(readShipped(t, "examples", "prometheus.yml")) {
		if strings.Contains(line, "targets:") {
			lines = append(lines, line)
		}
	}
	return lines
}

func rulesAreMounted(t *testing.T, project *types.Project) {
	t.Helper()
	var config struct {
		RuleFiles []string `yaml:"rule_files"`
	}
	if err := yaml.Unmarshal([]byte(readShipped(t, "examples", "prometheus.yml")), &config); err != nil {
		t.Fatal(err)
	}
	s := project.Services["prometheus"]
	folder := path.Dir(strings.TrimPrefix(s.Command[0], "--config.file="))
	for _, pattern := range config.RuleFiles {
		host, ok := mounted(&s, path.Join(folder, pattern))
		if found, err := filepath.Glob(host); !ok || err != nil || len(found) == 0 {
			t.Errorf("rule_files: %s: nothing is there", pattern)
		}
	}
}

func healthCheck(s *types.ServiceConfig) []string {
	if s.HealthCheck == nil {
		return nil
	}
	return s.HealthCheck.Test
}
