package client

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestURL(t *testing.T) {
	const notURL = "exporter url: is none; in a name or a password what has a meaning in a url must be %-escaped"
	tests := []struct {
		name, url, env string
		want           string
		err            string
	}{
		{name: "nothing said", want: "http://127.0.0.1:10877/api/v1/events"},
		{name: "by environment", env: "http://exporter:10877", want: "http://exporter:10877/api/v1/events"},
		{name: "the option wins", url: "https://a.example", env: "http://b.example", want: "https://a.example/api/v1/events"},
		{name: "under a path", url: "https://a.example/support/", want: "https://a.example/support/api/v1/events"},
		{name: "no scheme", url: "exporter:10877", err: `exporter url: scheme must be http or https, got "exporter"`},
		{name: "another scheme", url: "ftp://exporter", err: `exporter url: scheme must be http or https, got "ftp"`},
		{name: "no host", url: "http:///api", err: `exporter url: has no host`},
		{name: "a query", url: "http://a/?token=secret", err: `exporter url: must have no query and no fragment`},
		{name: "a password stays out", url: "ftp://u:secret@a", err: `exporter url: scheme must be http or https, got "ftp"`},
		{name: "and where it stands for a path", url: "u:secret@a", err: `exporter url: scheme must be http or https, got "u"`},
		{name: "and for a port", url: "http://u:secret/1@a", err: notURL},
		{name: "bad environment", env: "::", err: notURL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("SUPPORT_EXPORTER_URL", tt.env)
			c, err := New(Options{URL: tt.url})
			if errorText(err) != tt.err {
				t.Fatalf("error %v, want %s", err, tt.err)
			}
			if err != nil {
				return
			}
			if c.url != tt.want {
				t.Errorf("url %s, want %s", c.url, tt.want)
			}
			if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOptionsRefused(t *testing.T) {
	tests := []struct {
		options Options
		err     string
	}{
		{Options{BatchSize: -1}, "batch size -1: must not be negative"},
		{Options{QueueSize: -2}, "queue size -2: must not be negative"},
		{Options{FlushInterval: -time.Second}, "flush interval -1s: must not be negative"},
		{Options{MaxElapsed: -time.Minute}, "max elapsed -1m0s: must not be negative"},
	}
	for _, tt := range tests {
		if _, err := New(tt.options); errorText(err) != tt.err {
			t.Errorf("%+v: error %v, want %s", tt.options, err, tt.err)
		}
	}
}

func TestDefaults(t *testing.T) {
	c, err := New(Options{URL: "http://exporter.test"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if c.batchSize != 500 || cap(c.queue) != 10_000 || c.interval != time.Second || c.maxElapsed != 15*time.Minute {
		t.Errorf("batch %d, queue %d, interval %v, elapsed %v", c.batchSize, cap(c.queue), c.interval, c.maxElapsed)
	}
}

// The operator learns of retries, rejected and lost events, and of no secret.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		exporter := &fakeExporter{t: t, script: []http.HandlerFunc{refuse(503, "Retry-After", "2"), nil, refuse(401)}}
		c := inMemoryClient(t, exporter, Options{
			BatchSize: 2, Token: "s3cret", Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		enqueue(t, c, Event{ConversationID: "a"}, Event{ConversationID: "bad"}, Event{ConversationID: "c", CustomerID: "private"})
		if err := c.Close(t.Context()); err == nil {
			t.Error("no error, though an event was lost")
		}
		for _, want := range []string{
			`level=WARN msg=retrying events=2 attempt=1 wait=2`,
			`err="503 Service Unavailable: no, thanks"`,
			`level=WARN msg="events rejected" rejected=1 of=2`,
			`level=ERROR msg="events lost" events=1 err="401 Unauthorized: no, thanks"`,
		} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("log lacks %s:\n%s", want, log.String())
			}
		}
		if strings.Contains(log.String(), "s3cret") || strings.Contains(log.String(), "private") {
			t.Errorf("log tells a secret:\n%s", log.String())
		}
	})
}
