package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

const reloadPath = "/-/reload"

// What a changed file changes, by a signal and by a request; and that a file
// with an error changes nothing.
func TestReload(t *testing.T) {
	t.Parallel()
	config := writeFile(t, "config.yml", "labels: {intent: {max_values: 1}}")
	e := startExporter(t, t.TempDir(), "--config.file="+config, "--web.enable-lifecycle")
	e.expectError("The configuration was not reloaded")
	intents := func(n int, want string) {
		t.Helper()
		e.mustPush(fmt.Sprintf(`{"conversation_id": "c-%d", "intent": "intent-%d", "turns": 1}`, n, n))
		if got := e.metrics().sum("support_values_total", `kpi="turns"`, `intent="`+want+`"`); got == 0 {
			t.Errorf("the intent of event %d does not count as %q", n, want)
		}
	}
	intents(1, "intent-1")
	intents(2, "other")

	rewrite(t, config, "labels: {intent: {max_values: 2}}")
	e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
	wantReload(t, e, 1)
	intents(3, "intent-3")
	intents(4, "other")

	loaded := e.own()["support_exporter_config_last_reload_success_timestamp_seconds"]
	rewrite(t, config, "labels: {intent: {max_values: 3}, inten: {}}")
	r := e.wantStatus(http.StatusInternalServerError, http.MethodPost, reloadPath)
	wantText(t, string(r.body), "the configuration was not reloaded: "+config+":1: labels: unknown field \"inten\"")
	wantReload(t, e, 0)
	intents(5, "other")
	if got := e.own()["support_exporter_config_last_reload_success_timestamp_seconds"]; got != loaded {
		t.Errorf("a failed reload moved the time of the last good one from %v to %v", loaded, got)
	}

	rewrite(t, config, "labels: {intent: {max_values: 3}}")
	e.signal(syscall.SIGHUP)
	eventually(t, "the signal reloads", func() error {
		if e.own()["support_exporter_config_last_reload_successful"] != 1 {
			return fmt.Errorf("it has not")
		}
		return nil
	})
	intents(6, "intent-6")
	e.wantStatus(http.StatusMethodNotAllowed, http.MethodGet, reloadPath)
	e.stop()
}

// Reloads and scrapes have no part in what is counted.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	config := writeFile(t, "config.yml", "")
	e := startExporter(t, t.TempDir(), "--config.file="+config, "--web.enable-lifecycle")
	load := newTraffic(2)
	load.target.Store(e)
	load.start(t, 4)
	for i := range 10 {
		rewrite(t, config, fmt.Sprintf("labels: {intent: {max_values: %d}}\nexemplars: %t", 50+i, i%2 == 0))
		e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
		scrapeAll(e)
		load.hold()
		load.settle(t, e)
		load.release(e)
	}
	load.finish()
	load.settle(t, e)
	e.stop()
}

// Buckets are the store's: others are refused, by a reload and by a start.
func TestReloadOfBuckets(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	config := writeFile(t, "config.yml", "buckets: {turns: [1, 2, 5]}")
	e := startExporter(t, store, "--config.file="+config, "--web.enable-lifecycle")
	e.expectError("The configuration was not reloaded")
	e.mustPush(`{"conversation_id": "c-1", "turns": 4}`)

	const refusal = "buckets.turns: the store was created with [1 2 5] and keeps them; got [1 2 4 8]"
	rewrite(t, config, "buckets: {turns: [1, 2, 4, 8]}")
	r := e.wantStatus(http.StatusInternalServerError, http.MethodPost, reloadPath)
	wantText(t, string(r.body), refusal)
	wantReload(t, e, 0)
	e.mustPush(`{"conversation_id": "c-2", "turns": 4}`)
	if got := e.metrics().sum("support_conversation_turns_bucket", `le="5"`); got != 2 {
		t.Errorf("the old bucket has %v conversations, want 2", got)
	}
	e.stop()
	wantFailure(t, launchExporter(t, store, "--config.file="+config), refusal)
}

// A token is changed without a restart.
func TestReloadOfTokens(t *testing.T) {
	t.Parallel()
	config := writeTokens(t, "old token")
	e := startExporter(t, t.TempDir(), "--config.file="+config, "--web.enable-lifecycle")
	want := func(token string, status int) {
		t.Helper()
		if a := e.push(`{"conversation_id": "c-1", "turns": 1}`, "Authorization", "Bearer "+token); a.status != status {
			t.Errorf("%s: got %d, want %d", token, a.status, status)
		}
	}
	want("old token", http.StatusOK)
	want("new token", http.StatusForbidden)
	rewrite(t, config, readFile(t, writeTokens(t, "new token")))
	e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
	want("old token", http.StatusForbidden)
	want("new token", http.StatusOK)
	rewrite(t, config, "")
	e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
	want("no token at all", http.StatusOK)
}

// Exemplars that are turned off are not shown any more, those of the time
// before neither: somebody does not want these ids to leave the exporter.
func TestReloadOfExemplars(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	config := writeFile(t, "config.yml", "exemplars: true")
	e := startExporter(t, store, "--config.file="+config, "--web.enable-lifecycle")
	want := func(what string, shown bool) {
		t.Helper()
		if got := strings.Contains(string(e.get("/metrics", "Accept", acceptOpenMetrics).body), `conversation_id="`); got != shown {
			t.Errorf("%s: conversation ids are shown: %t, want %t", what, got, shown)
		}
	}
	e.mustPush(`{"conversation_id": "c-1", "turns": 1, "csat": 1}`)
	want("on", true)
	rewrite(t, config, "exemplars: false")
	e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
	want("off", false)
	e.mustPush(`{"conversation_id": "c-2", "turns": 1, "csat": 2}`)
	want("off, and another event", false)
	e.kill()
	e = startExporter(t, store, "--config.file="+config)
	want("off, after a restart", false)
}

// Reloading by a request has to be allowed by a flag.
func TestReloadForbidden(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	e.wantStatus(http.StatusForbidden, http.MethodPost, reloadPath)
	e.signal(syscall.SIGHUP)
	eventually(t, "the signal reloads without a file, too", func() error {
		if n := strings.Count(e.output.String(), "Configuration in force."); n != 2 {
			return fmt.Errorf("%d configurations were put in force, want 2", n)
		}
		return nil
	})
	wantReload(t, e, 1)
}

func wantReload(t *testing.T, e *exporter, want float64) {
	t.Helper()
	if got := e.own()["support_exporter_config_last_reload_successful"]; got != want {
		t.Errorf("support_exporter_config_last_reload_successful is %v, want %v", got, want)
	}
}

func wantText(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("got %q, want it to have %q", got, want)
	}
}
