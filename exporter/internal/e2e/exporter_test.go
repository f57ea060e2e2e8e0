package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
)

const eventsPath = "/api/v1/events"

// exporter is a running support_exporter.
type exporter struct {
	*process
	scheme string       // https where a test configures it
	client *http.Client // with whatever credentials a test gives it
}

// launchExporter starts an exporter and does not wait for it.
func launchExporter(tb testing.TB, store string, flags ...string) *exporter {
	tb.Helper()
	args := append([]string{"--web.listen-address=127.0.0.1:0", "--storage.path=" + store}, flags...)
	return exporterProcess(tb, exec.Command("support_exporter", args...))
}

// exporterProcess runs a command that becomes an exporter.
func exporterProcess(tb testing.TB, cmd *exec.Cmd) *exporter {
	tb.Helper()
	e := &exporter{
		process: startCommand(tb, cmd),
		scheme:  "http",
		client:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: patience},
	}
	tb.Cleanup(e.client.CloseIdleConnections)
	return e
}

// startExporter starts an exporter and waits until it is ready.
func startExporter(tb testing.TB, store string, flags ...string) *exporter {
	tb.Helper()
	e := launchExporter(tb, store, flags...)
	e.awaitReady()
	return e
}

func (e *exporter) awaitReady() {
	e.tb.Helper()
	e.address()
	eventually(e.tb, "the exporter is ready", func() error {
		r, err := e.try(http.MethodGet, "/-/ready", nil)
		if err == nil && r.status != http.StatusOK {
			err = fmt.Errorf("%d: %s", r.status, r.body)
		}
		if e.hasExited() {
			e.tb.Fatalf("the exporter ended:\n%s", e.output.String())
		}
		return err
	})
}

// response is an HTTP response, read to its end.
type response struct {
	status int
	header http.Header
	body   []byte
}

// try makes a request. headers are names and values in turn. It may be called
// by any goroutine once the exporter listens.
func (e *exporter) try(method, path string, body []byte, headers ...string) (response, error) {
	req, err := http.NewRequest(method, e.scheme+"://"+e.output.address+path, bytes.NewReader(body))
	if err != nil {
		return response{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, b}, err
}

func (e *exporter) request(method, path string, body []byte, headers ...string) response {
	e.tb.Helper()
	e.address()
	r, err := e.try(method, path, body, headers...)
	if err != nil {
		e.tb.Fatal(err)
	}
	return r
}

func (e *exporter) get(path string, headers ...string) response {
	e.tb.Helper()
	return e.request(http.MethodGet, path, nil, headers...)
}

// wantStatus makes a request of which nothing but the status matters.
func (e *exporter) wantStatus(want int, method, path string, headers ...string) response {
	e.tb.Helper()
	r := e.request(method, path, nil, headers...)
	if r.status != want {
		e.tb.Errorf("%s %s: got %d, want %d: %s", method, path, r.status, want, r.body)
	}
	return r
}

// answer is what a push was answered, with its HTTP side.
type answer struct {
	response
	Accepted   int           `json:"accepted"`
	Duplicates int           `json:"duplicates"`
	Rejected   int           `json:"rejected"`
	Errors     []answerError `json:"errors"`
}

type answerError struct {
	Index   int    `json:"index"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (a answer) counts() string {
	return fmt.Sprintf("%d: %d accepted, %d duplicates, %d rejected", a.status, a.Accepted, a.Duplicates, a.Rejected)
}

// tryPush pushes events, as NDJSON unless the headers say otherwise. It may be
// called by any goroutine once the exporter listens.
func (e *exporter) tryPush(body []byte, headers ...string) (answer, error) {
	r, err := e.try(http.MethodPost, eventsPath, body, append([]string{"Content-Type", "application/x-ndjson"}, headers...)...)
	a := answer{response: r}
	if err == nil && strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		err = json.Unmarshal(r.body, &a)
	}
	return a, err
}

func (e *exporter) push(body string, headers ...string) answer {
	e.tb.Helper()
	e.address()
	a, err := e.tryPush([]byte(body), headers...)
	if err != nil {
		e.tb.Fatal(err)
	}
	return a
}

// mustPush pushes events that are all new.
func (e *exporter) mustPush(lines ...string) {
	e.tb.Helper()
	a := e.push(strings.Join(lines, "\n"))
	if a.status != http.StatusOK || a.Accepted != len(lines) {
		e.tb.Fatalf("push of %d events: %s", len(lines), a.body)
	}
}

// metrics scrapes what is counted about conversations.
func (e *exporter) metrics() series {
	e.tb.Helper()
	return e.scrape("/metrics")
}

// own scrapes what the exporter says about itself.
func (e *exporter) own() series {
	e.tb.Helper()
	return e.scrape("/metrics/exporter")
}

func (e *exporter) scrape(path string) series {
	e.tb.Helper()
	r := e.get(path)
	if r.status != http.StatusOK {
		e.tb.Fatalf("GET %s: %d: %s", path, r.status, r.body)
	}
	return parseSeries(e.tb, bytes.NewReader(r.body), expfmt.ResponseFormat(r.header))
}
