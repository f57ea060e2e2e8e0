package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// newExporter stands for an exporter that rejects the events of conversation
// "bad", and wants a token.
func newExporter(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			zip, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = zip
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		n, bad := bytes.Count(text, []byte("\n")), bytes.Count(text, []byte(`"bad"`))
		errs := strings.TrimSuffix(strings.Repeat(`{"index": 0, "field": "csat", "message": "is 9"},`, bad), ",")
		fmt.Fprintf(w, `{"accepted": %d, "duplicates": 0, "rejected": %d, "errors": [%s]}`, n-bad, bad, errs)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRun(t *testing.T) {
	many := strings.Repeat(`{"conversation_id": "a", "csat": 5}`+"\n", 12_000) // more than the queue holds
	tests := []struct {
		name, token, file string
		out, err          string
	}{
		{name: "all", token: "secret", file: `{"conversation_id": "a", "turns": 2}` + "\n" + `{"conversation_id": "b"}`, out: "2 accepted, 0 duplicates, 0 rejected, 0 dropped\n"},
		{name: "more than fits", token: "secret", file: many, out: "12000 accepted, 0 duplicates, 0 rejected, 0 dropped\n"},
		{name: "rejected", token: "secret", file: `{"conversation_id": "bad"}`, out: "0 accepted, 0 duplicates, 1 rejected, 0 dropped\n", err: "1 events rejected"},
		{name: "no JSON", token: "secret", file: "{\"conversation_id\": \"a\"}\n{", out: "1 accepted, 0 duplicates, 0 rejected, 0 dropped\n", err: "events.ndjson line 2: unexpected EOF"},
		{name: "unknown field", token: "secret", file: `{"conversation_id": "a", "mood": 1}`, out: "0 accepted, 0 duplicates, 0 rejected, 0 dropped\n", err: `line 1: json: unknown field "mood"`},
		{name: "no token", file: `{"conversation_id": "a"}`, out: "0 accepted, 0 duplicates, 0 rejected, 1 dropped\n", err: "1 events not delivered: 401 Unauthorized"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("SUPPORT_EXPORTER_URL", newExporter(t).URL)
			t.Setenv("SUPPORT_EXPORTER_TOKEN", tt.token)
			path := filepath.Join(t.TempDir(), "events.ndjson")
			if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			err := run(t.Context(), []string{path}, &out, slog.New(slog.DiscardHandler))
			if (err == nil) != (tt.err == "") || err != nil && !strings.HasSuffix(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if out.String() != tt.out {
				t.Errorf("got %q, want %q", out.String(), tt.out)
			}
		})
	}
}

// A signal ends the reading; nothing that was read before is lost.
func TestRunStops(t *testing.T) {
	t.Setenv("SUPPORT_EXPORTER_URL", newExporter(t).URL)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(path, []byte(`{"conversation_id": "a"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err := run(ctx, []string{path}, &out, slog.New(slog.DiscardHandler))
	if err == nil || !strings.HasSuffix(err.Error(), "line 1: context canceled") {
		t.Errorf("error %v, want that it was cancelled", err)
	}
	if want := "0 accepted, 0 duplicates, 0 rejected, 0 dropped\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
