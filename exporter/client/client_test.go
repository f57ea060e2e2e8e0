package client

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestURL(t *testing.T) {
	const notURL = "exporter url: is none; in a name or a password what has a meaning in a url must be %-escaped"
	const notHTTP = "exporter url: must begin with http:// or https://"
	tests := []struct {
		name, url, env string
		want           string
		auth           string
		err            string
	}{
		{name: "nothing said", want: "http://127.0.0.1:10877/api/v1/events"},
		{name: "by environment", env: "http://exporter:10877", want: "http://exporter:10877/api/v1/events"},
		{name: "the option wins", url: "https://a.example", env: "http://b.example", want: "https://a.example/api/v1/events"},
		{name: "under a path", url: "https://a.example/support/", want: "https://a.example/support/api/v1/events"},
		{name: "a password", url: "http://u:p%20w%C3%B6@a", want: "http://a/api/v1/events", auth: "Basic dTpwIHfDtg=="},
		{name: "a name alone", url: "https://u@a:1", want: "https://a:1/api/v1/events", auth: "Basic dTo="},
		{name: "no scheme", url: "exporter:10877", err: notHTTP},
		{name: "another scheme", url: "ftp://exporter", err: notHTTP},
		{name: "no host", url: "http:///api", err: `exporter url: has no host`},
		{name: "a port alone", url: "http://:80", err: `exporter url: has no host`},
		{name: "a query", url: "http://a/?token=secret", err: `exporter url: must have no query and no fragment`},
		{name: "a password stays out", url: "ftp://u:secret@a", err: notHTTP},
		{name: "and where it stands for a path", url: "u:secret@a", err: notHTTP},
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
			if c.url != tt.want || c.auth != tt.auth {
				t.Errorf("url %s, authorization %q; want %s, %q", c.url, c.auth, tt.want, tt.auth)
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
		{Options{Token: "s3\ncret"}, "token: must be printable ASCII without spaces"},
		{Options{Token: "s3 cret"}, "token: must be printable ASCII without spaces"},
		{Options{Token: "s3crét"}, "token: must be printable ASCII without spaces"},
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

// What stands for the name and the password of an address is in no message, and
// neither is a token; and each reaches the exporter.
func TestCredentials(t *testing.T) {
	tests := []struct {
		name, user, token string
		want              string
	}{
		{"of the address", "n4me:s3cret@", "", "Basic bjRtZTpzM2NyZXQ="},
		{"a token goes before", "n4me:s3cret@", "t0ken", "Bearer t0ken"},
		{"a token read from a file", "", " t0ken\r\n", "Bearer t0ken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exporter := &fakeExporter{t: t, script: []http.HandlerFunc{abort}}
			server := httptest.NewServer(exporter)
			defer server.Close()
			var log bytes.Buffer
			c, err := New(Options{
				URL:    strings.Replace(server.URL, "http://", "http://"+tt.user, 1),
				Token:  tt.token,
				Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			enqueue(t, c, Event{ConversationID: "a"})
			if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if got := exporter.headers.Get("Authorization"); got != tt.want {
				t.Errorf("authorization %q, want %q", got, tt.want)
			}
			if !strings.Contains(log.String(), "retrying") {
				t.Errorf("log lacks the retry:\n%s", log.String())
			}
			for _, secret := range []string{"n4me", "s3cret", "t0ken"} {
				if strings.Contains(log.String(), secret) {
					t.Errorf("log has %s:\n%s", secret, log.String())
				}
			}
		})
	}
}
