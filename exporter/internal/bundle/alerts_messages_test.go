package bundle

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/program"
)

// chatAndPager stands in for Slack and PagerDuty.
type chatAndPager struct {
	*httptest.Server
	mu     sync.Mutex
	bodies map[string][]byte // the last, by path
}

func newChatAndPager(tb testing.TB) *chatAndPager {
	tb.Helper()
	c := &chatAndPager{bodies: map[string][]byte{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies[r.URL.Path] = body
		w.WriteHeader(http.StatusAccepted) // what PagerDuty says
	}))
	tb.Cleanup(c.Close)
	return c
}

func (c *chatAndPager) last(path string, into any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bodies[path] == nil {
		return fmt.Errorf("nothing was sent to %s", path)
	}
	return json.Unmarshal(c.bodies[path], into)
}

// What Slack and PagerDuty are sent is what the templates of the shipped file
// make of an alert. What an agent pushed is no markup of Slack's.
func TestAlertmanagerWritesToSlackAndPagerDuty(t *testing.T) {
	t.Parallel()
	c := newChatAndPager(t)
	dir := t.TempDir()
	for name, secret := range map[string]string{"slack_url": c.URL + "/slack\n", "pagerduty_routing_key": "key\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	am := startAlertmanager(t, dir, "- routing_key_file:", "- url: "+c.URL+"/pagerduty\n        routing_key_file:")
	const alert = "alertname=SupportIntentRegression severity=critical kpi=csat window=1d baseline=rolling intent="
	am.post(t, alert+"<!channel>&<https://evil.example/login|dashboard>")

	var slack struct {
		Attachments []struct {
			Title     string `json:"title"`
			TitleLink string `json:"title_link"`
			Text      string `json:"text"`
			Color     string `json:"color"`
			Fallback  string `json:"fallback"`
		}
	}
	program.Eventually(t, "Slack is told", func() error { return c.last("/slack", &slack) })
	want := fmt.Sprintf("{[{s %s • %s&lt;!channel&gt;&amp;&lt;https://evil.example/login|dashboard&gt; <%s|dashboard>\n danger s}]}",
		runbookBase, alert, dashboardBase)
	if diff := cmp.Diff(want, fmt.Sprint(slack)); diff != "" {
		t.Errorf("Slack (-want +got):\n%s", diff)
	}

	var pager struct {
		RoutingKey string `json:"routing_key"`
		Payload    struct {
			Summary, Severity string
			Details           map[string]any `json:"custom_details"`
		}
		Links []struct{ Text, Href string }
	}
	program.Eventually(t, "PagerDuty is told", func() error { return c.last("/pagerduty", &pager) })
	want = fmt.Sprintf("key s (csat) critical [{Runbook %s} {Dashboard %s}] %s<!channel>&<https://evil.example/login|dashboard> ",
		runbookBase, dashboardBase, alert)
	got := fmt.Sprint(pager.RoutingKey, " ", pager.Payload.Summary, " ", pager.Payload.Severity, " ", pager.Links, " ", pager.Payload.Details["alerts"])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("PagerDuty (-want +got):\n%s", diff)
	}
}
