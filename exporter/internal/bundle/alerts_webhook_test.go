package bundle

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// notified is an alert as Alertmanager's webhook has it.
type notified struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
}

// String is what a person reads.
func (n notified) String() string {
	return fmt.Sprintf("%s %s %s\n    %s\n    runbook %s\n    dashboard %s", strings.ToUpper(n.Status), n.Labels["severity"], n.Labels["alertname"],
		n.Annotations["description"], n.Annotations["runbook_url"], n.Annotations["dashboard_url"])
}

// webhook takes notifications. It is safe for concurrent use.
type webhook struct {
	*httptest.Server
	mu     sync.Mutex
	alerts []notified
	groups []string // receiver and group of each notification
}

func newWebhook(tb testing.TB) *webhook {
	tb.Helper()
	h := &webhook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Receiver string
			GroupKey string
			Alerts   []notified
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.alerts = append(h.alerts, body.Alerts...)
		h.groups = append(h.groups, body.Receiver+" "+body.GroupKey)
	}))
	tb.Cleanup(h.Close)
	return h
}

// secrets makes a folder with the webhook's secret in it, and no other.
func (h *webhook) secrets(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "webhook_url"), []byte(h.URL+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// received gives what has come so far, each state of each alert once.
func (h *webhook) received() []notified {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []notified
	for _, a := range h.alerts {
		same := func(b notified) bool { return b.Status == a.Status && labelsText(b.Labels) == labelsText(a.Labels) }
		if !slices.ContainsFunc(out, same) {
			out = append(out, a)
		}
	}
	return out
}

// labelsText writes labels in their order.
func labelsText(labels map[string]string) string {
	var out []string
	for name, value := range labels {
		out = append(out, fmt.Sprintf("%s=%q", name, value))
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// read gives a response's body, if it is a success.
func read(resp *http.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", resp.Status, body)
	}
	return body, nil
}
