package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// receiver takes the Prometheus text format, as VictoriaMetrics does.
type receiver struct {
	*httptest.Server
	bodies  chan string   // of the pushes that came in
	release chan struct{} // lets a push be answered; closed: all of them
}

func newReceiver(tb testing.TB) *receiver {
	r := &receiver{bodies: make(chan string, 10_000), release: make(chan struct{})}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body := io.Reader(req.Body)
		if req.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(req.Body) // a body that is none does not parse
		}
		text, err := io.ReadAll(body)
		if err != nil || req.Method != http.MethodPost {
			http.Error(w, fmt.Sprint(req.Method, err), http.StatusBadRequest)
			return
		}
		r.bodies <- string(text)
		select {
		case <-r.release:
		case <-req.Context().Done():
		}
	}))
	tb.Cleanup(r.CloseClientConnections)
	tb.Cleanup(r.Close)
	return r
}

// next waits for a push.
func (r *receiver) next(tb testing.TB) series {
	tb.Helper()
	var body string
	eventually(tb, "a push", func() error {
		select {
		case body = <-r.bodies:
			return nil
		default:
			return fmt.Errorf("none came")
		}
	})
	return parseSeries(tb, strings.NewReader(body), expfmt.NewFormat(expfmt.TypeTextPlain).WithEscapingScheme(model.NoEscaping))
}

// Everything is pushed: what is counted, and what the exporter says of itself,
// of Go and of the process.
func TestRemotePush(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	close(r.release)
	e := startExporter(t, t.TempDir(), "--push.url="+r.URL+"/api/v1/import/prometheus", "--push.interval=1s")
	e.mustPush(varied()...)
	r.next(t) // it may have begun before the events came
	got := r.next(t)
	wantSeries(t, "what is pushed of conversations", got.counted().of("support_conversation"), e.metrics().counted().of("support_conversation"))
	for _, prefix := range []string{"support_cost_", "support_experiment_", "support_exporter_events_accepted_total", "go_", "process_"} {
		if len(got.of(prefix)) == 0 {
			t.Errorf("nothing of %s… is pushed", prefix)
		}
	}
	eventually(t, "pushes are counted", func() error {
		if own := e.own(); own["support_exporter_pushes_total"] == 0 || own["support_exporter_push_failures_total"] != 0 {
			return fmt.Errorf("%v, %v failed", own["support_exporter_pushes_total"], own["support_exporter_push_failures_total"])
		}
		return nil
	})
	e.stop()
}

// A receiver that fails is logged and counted, and nothing else.
func TestRemotePushFails(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	e := startExporter(t, t.TempDir(), "--push.url="+gone.URL, "--push.interval=50ms")
	e.expectError("Pushing the metrics failed.")
	eventually(t, "a failure is counted", func() error {
		if e.own()["support_exporter_push_failures_total"] == 0 {
			return fmt.Errorf("none is")
		}
		return nil
	})
	e.mustPush(`{"conversation_id": "c-1", "turns": 1}`)
	e.stop()
	wantText(t, e.output.String(), "Pushing the metrics failed.")
}

// The last push has all that was counted, also when the one before it is still
// on its way.
func TestLastPush(t *testing.T) {
	t.Parallel()
	for _, interval := range []string{"1h", "1s"} {
		t.Run(interval, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t)
			e := startExporter(t, t.TempDir(), "--push.url="+r.URL, "--push.interval="+interval)
			if interval != "1h" {
				r.next(t) // and is not answered
			}
			e.expectError("Pushing the metrics failed.")
			e.mustPush(`{"conversation_id": "c-1", "turns": 7}`)
			e.signal(syscall.SIGTERM)
			eventually(t, "it is on its way down", func() error {
				if !strings.Contains(e.output.String(), "Shutting down.") {
					return fmt.Errorf("the log does not say so")
				}
				return nil
			})
			close(r.release)
			if code := e.exitCode(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			turns := 0.0
			for len(r.bodies) > 0 {
				turns = r.next(t).sum("support_conversation_turns_sum")
			}
			if turns != 7 {
				t.Errorf("the last push has %v turns, want 7", turns)
			}
		})
	}
}

// A receiver that does not answer does not keep the exporter from stopping.
func TestStopWithSlowReceiver(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	e := startExporter(t, t.TempDir(), "--push.url="+r.URL, "--push.interval=1h")
	e.expectError("Pushing the metrics failed.")
	e.mustPush(`{"conversation_id": "c-1", "turns": 7}`)
	e.stop()
}
