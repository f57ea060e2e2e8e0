package report

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	"github.com/prometheus/client_golang/api/prometheus/v1"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/backfill"
	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/simulate"
)

// patience is how long a program may take to do what it will do.
const patience = time.Minute

// arrival is a simulated event and when it arrived.
type arrival struct {
	at time.Time
	client.Event
}

// simulated are the events of the days before a time, of few label values: a
// tenth of the work.
func simulated(t *testing.T, days int, perDay float64, until time.Time) []arrival {
	t.Helper()
	src, err := simulate.New(simulate.Options{Seed: 11, Start: until.AddDate(0, 0, -days), PerDay: perDay})
	if err != nil {
		t.Fatal(err)
	}
	for all := []arrival(nil); ; {
		at, e := src.Next()
		if !at.Before(until) {
			return all
		}
		if e.Intent != "" && e.Intent != "billing" && e.Intent != "order_status" {
			e.Intent = "refund"
		}
		if e.Tier == "pro" {
			e.Tier = "enterprise"
		}
		if e.Language != "" && e.Language != "en" {
			e.Language = "de"
		}
		all = append(all, arrival{at, e})
	}
}

// seeded makes the history of events, with the recorded series, and runs a
// Prometheus on it.
func seeded(t *testing.T, all []arrival, until time.Time) (v1.API, backfill.Result) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "prometheus")
	r, err := backfill.Run(context.Background(), backfill.Options{
		Arguments: map[string]string{"test": t.Name()}, Config: config.Default(),
		Open: func(time.Time) (backfill.Source, error) {
			return backfill.Source{
				End:    until,
				Done:   func(time.Time) float64 { return 0 },
				Events: func(yield func(time.Time, *event.Event) error) error { return yieldAll(t, all, yield) },
			}, nil
		},
		Prometheus: data, Storage: filepath.Join(t.TempDir(), "store"),
		Rules: []string{"../../../recording-rules/support_kpis.yml", "../../../recording-rules/support_targets.yml"},
		Step:  5 * time.Minute, Job: "support", Instance: "support",
		Now: func() time.Time { return until }, Progress: func(float64, time.Time) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return startPrometheus(t, data), r
}

func yieldAll(t *testing.T, all []arrival, yield func(time.Time, *event.Event) error) error {
	for i := range all {
		line, err := json.Marshal(&all[i].Event)
		if err != nil {
			return err
		}
		err = new(event.Decoder).Decode(line, event.NDJSON, func(_ int, e *event.Event, err error) bool {
			if err == nil {
				err = yield(all[i].at, e)
			}
			if err != nil {
				t.Error(err)
			}
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// programLog finds where a program listens in what it logs.
type programLog struct {
	mu      sync.Mutex
	text    bytes.Buffer
	address chan string
	found   bool
}

var listensOn = regexp.MustCompile(`msg="Listening on".* address=(\S+)\n`)

func (l *programLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	if m := listensOn.FindSubmatch(l.text.Bytes()); m != nil && !l.found {
		l.found = true
		l.address <- string(m[1])
	}
	return len(b), nil
}

// startPrometheus runs a Prometheus on a data folder until the test ends.
func startPrometheus(t *testing.T, data string) v1.API {
	t.Helper()
	program, err := filepath.Abs("../../../.bin/prometheus")
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		t.Fatalf("run make tools: %v", err)
	}
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &programLog{address: make(chan string, 1)}
	p := exec.Command(program, "--config.file="+file, "--storage.tsdb.path="+data,
		"--storage.tsdb.retention.time=1000d", "--web.listen-address=127.0.0.1:0")
	p.Stderr = log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.Wait() // it is told to end
	}()
	t.Cleanup(func() {
		_ = p.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	select {
	case address := <-log.address:
		c, err := api.NewClient(api.Config{Address: "http://" + address})
		if err != nil {
			t.Fatal(err)
		}
		prometheus := v1.NewAPI(c)
		ready(t, prometheus)
		return prometheus
	case <-ended:
		t.Fatalf("Prometheus ended:\n%s", &log.text)
	}
	return nil
}

// ready waits until questions are answered.
func ready(t *testing.T, p v1.API) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		_, _, _, err := p.Query(context.Background(), "vector(1)", time.Now())
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
