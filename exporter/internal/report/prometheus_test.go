package report

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api/prometheus/v1"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/backfill"
	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/program"
	"supportexporter/exporter/internal/simulate"
)

// arrival is a simulated event and when it arrived.
type arrival struct {
	at time.Time
	client.Event
}

// simulated are the events of the days before a time, of few label values: a
// tenth of the work.
func simulated(t *testing.T, days int, perDay float64, until time.Time) []arrival {
	t.Helper()
	src, err := simulate.New(simulate.Options{Seed: 11, Start: until.AddDate(0, 0, -days), PerDay: perDay})
	if err != nil {
		t.Fatal(err)
	}
	for all := []arrival(nil); ; {
		at, e := src.Next()
		if !at.Before(until) {
			return all
		}
		if e.Intent != "" && e.Intent != "billing" && e.Intent != "order_status" {
			e.Intent = "refund"
		}
		if e.Tier == "pro" {
			e.Tier = "enterprise"
		}
		if e.Language != "" && e.Language != "en" {
			e.Language = "de"
		}
		all = append(all, arrival{at, e})
	}
}

// seeded makes the history of events, with the recorded series, and runs a
// Prometheus on it.
func seeded(t *testing.T, all []arrival, until time.Time) (v1.API, backfill.Result) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "prometheus")
	r, err := backfill.Run(context.Background(), backfill.Options{
		Arguments: map[string]string{"test": t.Name()}, Config: config.Default(),
		Open: func(time.Time) (backfill.Source, error) {
			return backfill.Source{
				End:    until,
				Done:   func(time.Time) float64 { return 0 },
				Events: func(yield func(time.Time, *event.Event) error) error { return yieldAll(t, all, yield) },
			}, nil
		},
		Prometheus: data, Storage: filepath.Join(t.TempDir(), "store"),
		Rules: []string{"../../../recording-rules/support_kpis.yml", "../../../recording-rules/support_targets.yml"},
		Step:  5 * time.Minute, Job: "support", Instance: "support",
		Now: func() time.Time { return until }, Progress: func(float64, time.Time) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return program.Prometheus(t, data, "{}"), r
}

func yieldAll(t *testing.T, all []arrival, yield func(time.Time, *event.Event) error) error {
	for i := range all {
		line, err := json.Marshal(&all[i].Event)
		if err != nil {
			return err
		}
		err = new(event.Decoder).Decode(line, event.NDJSON, func(_ int, e *event.Event, err error) bool {
			if err == nil {
				err = yield(all[i].at, e)
			}
			if err != nil {
				t.Error(err)
			}
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
