// Command demo runs the whole stack on this machine, without containers: the
// exporter with 28 days of history, a simulator, Prometheus and Alertmanager
// from .bin/, and Grafana if it is installed. `make demo` builds what it needs.
//
// Everything is in one folder; a second run goes on where the first one ended.
// Ctrl-C ends all of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
)

const about = `Run the whole stack on this machine, with history and live traffic.

Run it in the repository's folder, after make build tools:

  go run ./examples/demo --scenario=cost-spike`

// demo is a run of the stack.
type demo struct {
	dir, bin, dist           string
	duration, perDay, seed   string
	scenario                 string
	exporter, prometheus     string // addresses
	alertmanager, grafana    string
	running                  []*process // in the order of their start
	ended                    chan *process
	repository, prometheusIn string // folders
}

func main() {
	d := &demo{ended: make(chan *process, 8)}
	app := kingpin.New("demo", about)
	app.HelpFlag.Short('h')
	app.Flag("dir", "Folder of all data.").Default("data/demo").StringVar(&d.dir)
	app.Flag("dist", "Folder of support_exporter and supportctl.").Default("dist").StringVar(&d.dist)
	app.Flag("duration", "Length of the history.").Default("28d").StringVar(&d.duration)
	app.Flag("conversations-per-day", "Traffic, in the history and live.").Default("2000").StringVar(&d.perDay)
	app.Flag("seed", "What the traffic is made up from.").Default("1").StringVar(&d.seed)
	app.Flag("scenario", "What happens from now on; supportctl simulate --help names them.").Default("healthy").StringVar(&d.scenario)
	app.Flag("exporter.address", "Where the exporter listens; as with the others, port 0 is any free one.").Default("127.0.0.1:10877").StringVar(&d.exporter)
	app.Flag("prometheus.address", "Where Prometheus listens.").Default("127.0.0.1:9090").StringVar(&d.prometheus)
	app.Flag("alertmanager.address", "Where Alertmanager listens.").Default("127.0.0.1:9093").StringVar(&d.alertmanager)
	app.Flag("grafana.address", "Where Grafana listens.").Default("127.0.0.1:3000").StringVar(&d.grafana)
	kingpin.MustParse(app.Parse(os.Args[1:]))

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := d.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run starts everything, and ends it when ctx is done or one of them ends.
func (d *demo) run(ctx context.Context) error {
	if err := d.prepare(); err != nil {
		return err
	}
	err := d.backfill(ctx)
	defer d.stop()
	for _, start := range []func(context.Context) error{d.startExporter, d.startAlertmanager, d.startPrometheus, d.startGrafana, d.startSimulator} {
		if err == nil {
			err = start(ctx)
		}
	}
	if ctx.Err() != nil {
		return nil // as asked
	}
	if err != nil {
		return err
	}
	d.tell()
	select {
	case <-ctx.Done():
		fmt.Println("Stopping.")
		return nil
	case p := <-d.ended:
		return fmt.Errorf("%s has ended; see %s", p.name, p.log)
	}
}

// prepare finds the programs and the folders, and free ports.
func (d *demo) prepare() error {
	var err error
	if d.repository, err = os.Getwd(); err != nil {
		return err
	}
	if d.dir, err = filepath.Abs(d.dir); err != nil {
		return err
	}
	if d.dist, err = filepath.Abs(d.dist); err != nil {
		return err
	}
	d.bin = filepath.Join(d.repository, ".bin")
	d.prometheusIn = filepath.Join(d.dir, "prometheus")
	for _, program := range []string{filepath.Join(d.dist, "support_exporter"), filepath.Join(d.dist, "supportctl"), filepath.Join(d.bin, "prometheus"), filepath.Join(d.bin, "alertmanager")} {
		if _, err := os.Stat(program); err != nil {
			return fmt.Errorf("make build tools comes first, in the repository's folder: %w", err)
		}
	}
	for _, address := range []*string{&d.exporter, &d.prometheus, &d.alertmanager, &d.grafana} {
		if *address, err = free(*address); err != nil {
			return err
		}
	}
	return os.MkdirAll(d.dir, 0o700)
}

// free says whether an address can be listened on, and chooses a port if it
// has none.
func free(address string) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// backfill makes the history; the second time it finds it made.
func (d *demo) backfill(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, filepath.Join(d.dist, "supportctl"), "backfill", "--simulate=healthy",
		"--duration="+d.duration, "--conversations-per-day="+d.perDay, "--seed="+d.seed,
		"--prometheus.path="+d.prometheusIn, "--storage.path="+filepath.Join(d.dir, "store"),
		"--config.file="+d.config(), "--rules="+filepath.Join(d.repository, "recording-rules", "*.yml"))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("making the history: %w", err)
	}
	return nil
}

func (d *demo) config() string {
	return filepath.Join(d.repository, "examples", "demo", "support_exporter.yml")
}

func (d *demo) startExporter(ctx context.Context) error {
	return d.start(ctx, "exporter", "http://"+d.exporter+"/-/ready", nil, filepath.Join(d.dist, "support_exporter"),
		"--storage.path="+filepath.Join(d.dir, "store"), "--config.file="+d.config(), "--web.listen-address="+d.exporter)
}

func (d *demo) startAlertmanager(ctx context.Context) error {
	return d.start(ctx, "alertmanager", "http://"+d.alertmanager+"/-/ready", nil, filepath.Join(d.bin, "alertmanager"),
		"--config.file="+filepath.Join(d.repository, "alerts", "alertmanager.yml"), "--storage.path="+filepath.Join(d.dir, "alertmanager"),
		"--web.listen-address="+d.alertmanager, "--cluster.listen-address=")
}

// startPrometheus gives Prometheus the shipped configuration, with the
// addresses and folders of here.
func (d *demo) startPrometheus(ctx context.Context) error {
	config, err := d.replaced("examples/prometheus.yml", "support-exporter:10877", d.exporter, "alertmanager:9093", d.alertmanager,
		"../recording-rules", filepath.Join(d.repository, "recording-rules"), "../alerts", filepath.Join(d.repository, "alerts"))
	if err != nil {
		return err
	}
	return d.start(ctx, "prometheus", "http://"+d.prometheus+"/-/ready", nil, filepath.Join(d.bin, "prometheus"),
		"--config.file="+config, "--storage.tsdb.path="+d.prometheusIn, "--web.listen-address="+d.prometheus, "--enable-feature=exemplar-storage")
}

// startSimulator sends the last hour once more: it is counted once.
func (d *demo) startSimulator(ctx context.Context) error {
	return d.start(ctx, "simulator", "", nil, filepath.Join(d.dist, "supportctl"), "simulate", "--url=http://"+d.exporter,
		"--seed="+d.seed, "--conversations-per-day="+d.perDay, "--start=now-14d", "--from=now-1h", "--scenario="+d.scenario, "--scenario-start=now")
}

// startGrafana starts a Grafana that is installed, provisioned with the
// dashboards.
func (d *demo) startGrafana(ctx context.Context) error {
	program, err := exec.LookPath("grafana")
	if err != nil {
		d.grafana = ""
		return nil
	}
	dashboards := filepath.Join(d.repository, "grafana", "dashboards")
	for _, file := range []string{"datasources/support.yml", "dashboards/support.yml"} {
		if _, err := d.replaced("grafana/provisioning/"+file, "http://prometheus:9090", "http://"+d.prometheus,
			"http://alertmanager:9093", "http://"+d.alertmanager, "/var/lib/grafana/dashboards", dashboards); err != nil {
			return err
		}
	}
	host, port, err := net.SplitHostPort(d.grafana)
	if err != nil {
		return err
	}
	environment := []string{
		"GF_PATHS_DATA=" + filepath.Join(d.dir, "grafana-data"), "GF_PATHS_PROVISIONING=" + filepath.Join(d.dir, "grafana", "provisioning"),
		"GF_SERVER_HTTP_ADDR=" + host, "GF_SERVER_HTTP_PORT=" + port,
		"GF_AUTH_ANONYMOUS_ENABLED=true", "GF_AUTH_ANONYMOUS_ORG_ROLE=Viewer",
		"GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH=" + filepath.Join(dashboards, "support-overview.json"),
		"SUPPORT_CONVERSATION_URL=https://helpdesk.example.com/conversations/",
	}
	args := []string{"server"}
	const packaged = "/usr/share/grafana" // where Debian's and Red Hat's packages have the rest of it
	if _, err := os.Stat(packaged); err == nil {
		args = append(args, "--homepath="+packaged)
	}
	return d.start(ctx, "grafana", "http://"+d.grafana+"/api/health", environment, program, args...)
}

// replaced copies a file of the repository into the demo's folder, with some
// of its words replaced.
func (d *demo) replaced(name string, words ...string) (string, error) {
	text, err := os.ReadFile(filepath.Join(d.repository, filepath.FromSlash(name)))
	if err != nil {
		return "", err
	}
	to := filepath.Join(d.dir, filepath.FromSlash(name))
	err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, []byte(strings.NewReplacer(words...).Replace(string(text))), 0o600))
	return to, err
}

// tell prints where everything is.
func (d *demo) tell() {
	fmt.Printf(`
Exporter      http://%s
Prometheus    http://%s
Alertmanager  http://%s
`, d.exporter, d.prometheus, d.alertmanager)
	if d.grafana != "" {
		fmt.Printf("Grafana       http://%s\n", d.grafana)
	}
	fmt.Printf(`
Data and logs are in %s. Ctrl-C ends all of it. For example:

  curl -s 'http://%s/api/v1/query' --data-urlencode 'query=support:kpi:value{window="28d"}'

`, d.dir, d.prometheus)
}
