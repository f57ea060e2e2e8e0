package e2e

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A customer's id is nowhere to be found once it was pushed: not in any answer,
// metric or line of the log, and in no byte of the store.
func TestCustomerIDsNeverAppear(t *testing.T) {
	t.Parallel()
	const mark = "CUSTOMER-4711"
	store := t.TempDir()
	e := startExporter(t, store, "--log.level=debug", "--web.enable-lifecycle")
	seen := &search{t: t, marks: []string{mark}}
	for i, fields := range []string{
		`"customer_id": "MARK", "turns": 1`,
		`"customer_id": "MARK", "intent": "refund", "csat": 1, "escalation": {"escalated": true, "reason": "angry"}`,
		`"customer_id": "MARK"`,
		`"customer_id": "MARK", "customer_id": "MARK"`,
		`"customer_id": "` + strings.Repeat("MARK", 100) + `"`,
		`"customer_id": ["MARK"]`,
		`"customer_id": {"MARK": "MARK"}`,
		`"customer_id": "MARK\u0000"`,
		`"customer_id": "MARK\ud800"`,
		"\"customer_id\": \"MARK\xff\"",
		"\"customer_id\": \"MARK\x01\"",
		`"customer_id": "MARK\x"`,
		`"customer_id": "MARK`,
		`"customer_id": "MARK"} trailing`,
		`"customer_id": "MARK", "turns": 0`,
		`"customer_id": "MARK", "unknown": 1`,
		`"customer_id": MARK`,
		`"customer_id" "MARK"`,
	} {
		event := `{"conversation_id": "c-` + string(rune('a'+i%3)) + `", ` + strings.ReplaceAll(fields, "MARK", mark) + `}`
		for _, body := range []string{event, "[" + event + "]", event + "\n" + event} {
			for _, media := range []string{"application/json", "application/x-ndjson"} {
				a := e.push(body, "Content-Type", media)
				seen.in("the answer to "+body, a.body)
				if a.status != http.StatusOK && a.status != http.StatusBadRequest && a.status != http.StatusMultiStatus {
					t.Errorf("%s: got %d", body, a.status)
				}
			}
		}
	}
	if m := e.metrics(); m["support_conversations_open"] == 0 || m.sum("support_values_total", `kpi="turns"`) == 0 {
		t.Error("no event was accepted: the test searches nothing")
	}
	e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
	seen.inExporter(e, store)
	e.stop() // and a checkpoint
	e = startExporter(t, store, "--log.level=debug")
	seen.inExporter(e, store)
}

// search looks for what must not be anywhere.
type search struct {
	t     *testing.T
	marks []string
}

func (s *search) in(where string, text []byte) {
	s.t.Helper()
	for _, mark := range s.marks {
		if bytes.Contains(text, []byte(mark)) {
			s.t.Errorf("%s has %q: %q", where, mark, text)
		}
	}
}

// inExporter searches all that an exporter shows and keeps.
func (s *search) inExporter(e *exporter, store string) {
	s.t.Helper()
	s.inAnswers(e)
	s.inStore(store)
}

// inAnswers searches all that an exporter shows.
func (s *search) inAnswers(e *exporter) {
	s.t.Helper()
	for _, path := range []string{"/metrics", "/metrics/exporter", "/", "/-/healthy", "/-/ready"} {
		s.in(path, e.get(path).body)
	}
	s.in("OpenMetrics", e.get("/metrics", "Accept", acceptOpenMetrics).body)
	s.in("protobuf", e.get("/metrics", "Accept", acceptProtobuf).body)
	s.in("the log", []byte(e.output.String()))
}

// inStore searches all that an exporter keeps.
func (s *search) inStore(store string) {
	s.t.Helper()
	files := 0
	err := filepath.WalkDir(store, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		s.in(path, content)
		files++
		return err
	})
	if err != nil || files < 3 {
		s.t.Errorf("searched %d files of the store, want a lock, a checkpoint and a log at least: %v", files, err)
	}
}
