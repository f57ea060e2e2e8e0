package e2e

import (
	"fmt"
	"testing"
)

// A conversation goes idle by itself, is taken up again, and is forgotten in
// the end; a kill between changes nothing about it.
func TestIdle(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	config := writeFile(t, "config.yml", "idle_timeout: 1s")
	e := startExporter(t, store, "--config.file="+config)
	const resolution = `{"id": "2", "conversation_id": "c-1", "resolution": {"resolved": true}}`
	e.mustPush(`{"id": "1", "conversation_id": "c-1", "turns_delta": 3, "cost_delta": {"usd": 0.5}}`)
	e.kill()
	e = startExporter(t, store, "--config.file="+config)
	eventually(t, "the conversation is abandoned", func() error {
		return wantNumber(e.metrics().net(`outcome="abandoned"`), 1)
	})
	m := e.metrics()
	if m.sum("support_conversation_turns_sum") != 3 || m.sum("support_conversation_cost_usd_sum") != 0.5 {
		t.Errorf("the increments were not observed: %v", m.counted())
	}

	e.mustPush(resolution)
	m = e.metrics()
	if m.sum("support_conversations_reversed_total", `outcome="abandoned"`, `cause="resumed"`) != 1 || m.net(`outcome="resolved"`) != 1 || m.net() != 1 {
		t.Errorf("taken up again, the conversation is not resolved: %v", m.counted())
	}
	if a := e.push(resolution); a.Duplicates != 1 {
		t.Errorf("the same again: %s", a.counts())
	}

	e.kill()
	rewrite(t, config, "idle_timeout: 1s\nretention: 2s")
	e = startExporter(t, store, "--config.file="+config)
	eventually(t, "the conversation is forgotten", func() error {
		return wantNumber(e.own()["support_exporter_conversations_tracked"], 0)
	})
	wantSeries(t, "when the conversation is forgotten", e.metrics().counted(), m.counted())
	if a := e.push(resolution); a.Accepted != 1 {
		t.Errorf("the same after the retention: %s", a.counts())
	}
	e.stop()
}

func wantNumber(got, want float64) error {
	if got != want {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return nil
}
