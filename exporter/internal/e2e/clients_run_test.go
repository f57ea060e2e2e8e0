package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// compiling is how long a test waits for a client, which may have to be built.
const compiling = 5 * time.Minute

// interpreter finds what runs an example that is not written in Go. A machine
// without it passes all other tests, and says that these were not run.
func interpreter(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	t.Skipf("NOT TESTED: %s is not installed, so nothing is known of the examples that need it: %v", name, err)
	return ""
}

// clientCommand is a command of examples/ that pushes to an address.
func clientCommand(t *testing.T, url string, command ...string) *exec.Cmd {
	t.Helper()
	name := command[0]
	switch name {
	case "python3", "node":
		name = interpreter(t, name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), compiling)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, command[1:]...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "SUPPORT_EXPORTER_URL="+url, "PYTHONDONTWRITEBYTECODE=1")
	dieWithTest(cmd)
	return cmd
}

// runClient runs such a command to its good end, and gives what it prints.
func runClient(t *testing.T, url string, command ...string) string {
	t.Helper()
	cmd := clientCommand(t, url, command...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(command, " "), err, out, stderr.String())
	}
	return string(out)
}

// exposition is all that /metrics says in the text format, without when the
// store was created.
func (e *exporter) exposition() string {
	e.tb.Helper()
	var text strings.Builder
	for line := range strings.Lines(string(e.wantStatus(200, "GET", "/metrics").body)) {
		if !strings.HasPrefix(line, "support_ledger_start_timestamp_seconds ") {
			text.WriteString(line)
		}
	}
	return text.String()
}

// fifty is the file of fifty conversations that each client pushes in its way.
const fifty = "examples/events/conversations50.ndjson"

// fiftyEvents are its lines.
func fiftyEvents(t *testing.T) []string {
	t.Helper()
	text := strings.TrimSpace(readFile(t, filepath.Join(root, fifty)))
	lines := strings.Split(text, "\n")
	conversations := map[string]bool{}
	for _, line := range lines {
		var e struct {
			ConversationID string `json:"conversation_id"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", fifty, err)
		}
		conversations[e.ConversationID] = true
	}
	if len(conversations) != 50 {
		t.Fatalf("%s: %d conversations, want 50", fifty, len(conversations))
	}
	return lines
}
