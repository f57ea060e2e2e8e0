package config

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// declaration is an experiment that runs in March.
func declaration() Experiment {
	e := defaultExperiment()
	e.Name = "greeting"
	e.Variants = []Variant{{"short", 1}, {"warm", 1}}
	e.Control = "short"
	e.Primary = CSAT
	e.Guardrails = []KPI{Turns, CostUSD}
	e.PlannedConversations = 1000
	e.Start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	e.End = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	return e
}

// What may be declared otherwise while an experiment runs, and what may not:
// the reason says all that would change.
func TestRedeclareRunning(t *testing.T) {
	const because = `experiments: "greeting" has started and keeps what was declared, because its counts cannot be split again: `
	const instead = `; declare a new experiment under another name`
	for _, tt := range []struct {
		name   string
		change func(*Experiment)
		want   string // "" if it is allowed
	}{
		{"nothing", func(*Experiment) {}, ""},
		{"the order of variants", func(e *Experiment) { e.Variants = []Variant{{"warm", 1}, {"short", 1}} }, ""},
		{"the order of guardrails", func(e *Experiment) { e.Guardrails = []KPI{CostUSD, Turns} }, ""},
		{"an earlier end", func(e *Experiment) { e.End = e.Start.Add(time.Hour) }, ""},
		{"a later end", func(e *Experiment) { e.End = e.End.Add(time.Hour) }, ""},
		{"no end", func(e *Experiment) { e.End = time.Time{} }, ""},
		{"no start", func(e *Experiment) { e.Start = time.Time{} }, ""},
		{"a weight", func(e *Experiment) { e.Variants[1].Weight = 2.5 }, `weight of variant "warm" was 1, got 2.5`},
		{"all weights, in proportion", func(e *Experiment) { e.Variants = []Variant{{"short", 2}, {"warm", 2}} },
			`weight of variant "short" was 1, got 2, weight of variant "warm" was 1, got 2`},
		{"a variant's name", func(e *Experiment) { e.Variants[1].Name = "hot" }, `variant "warm" is gone, variant "hot" is new`},
		{"one more variant", func(e *Experiment) { e.Variants = append(e.Variants, Variant{"hot", 1}) }, `variant "hot" is new`},
		{"the control", func(e *Experiment) { e.Control = "warm" }, `control was "short", got "warm"`},
		{"the salt", func(e *Experiment) { e.Salt = "x" }, `salt was "", got "x"`},
		{"the primary KPI", func(e *Experiment) { e.Primary = ResolutionRate }, `primary was csat, got resolution_rate`},
		{"the guardrails", func(e *Experiment) { e.Guardrails = nil }, `guardrails was [cost_usd, turns], got []`},
		{"the tolerance", func(e *Experiment) { e.GuardrailToleranceRatio = 0.1 }, `guardrail_tolerance_ratio was 0.05, got 0.1`},
		{"the least lift", func(e *Experiment) { e.MinLiftRatio = 0 }, `min_lift_ratio was 0.05, got 0`},
		{"alpha, and the plan", func(e *Experiment) { e.Alpha, e.PlannedConversations = 0.1, 10 },
			`alpha was 0.05, got 0.1, planned_conversations was 1000, got 10`},
		{"the start", func(e *Experiment) { e.Start = e.Start.Add(time.Hour) },
			`start was 2026-03-01T00:00:00Z, got 2026-03-01T01:00:00Z`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, next := declaration(), declaration()
			tt.change(&next)
			got, err := before.Redeclare(next, before.Start)
			if tt.want != "" {
				if want := because + tt.want + instead; err == nil || err.Error() != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
				if _, err := before.Redeclare(next, before.Start.Add(-1)); err != nil {
					t.Errorf("before the start: %v", err)
				}
				return
			}
			next.Start = before.Start
			if diff := cmp.Diff(next, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

// An end that has come is one: conversations had the control since.
func TestRedeclareEnded(t *testing.T) {
	before, next := declaration(), declaration()
	if _, err := before.Redeclare(next, before.End); err != nil {
		t.Errorf("the same again: %v", err)
	}
	for want, end := range map[string]time.Time{
		"end was 2026-04-01T00:00:00Z, got 2026-05-01T00:00:00Z": time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
		"end was 2026-04-01T00:00:00Z, got none":                 {},
	} {
		next.End = end
		if _, err := before.Redeclare(next, before.End.Add(-1)); err != nil {
			t.Errorf("%s, a moment before: %v", want, err)
		}
		_, err := before.Redeclare(next, before.End)
		if err == nil || !cmp.Equal(err.Error(), `experiments: "greeting" has started and keeps what was declared, because its counts cannot be split again: `+
			want+`; declare a new experiment under another name`) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// An experiment that does not say when it starts does so when it is declared,
// and the moment stays.
func TestDeclareStarts(t *testing.T) {
	now := time.Now()
	e := declaration()
	if got := e.Declare(now); !got.Start.Equal(e.Start) {
		t.Errorf("starts at %s instead of %s", got.Start, e.Start)
	}
	silent := e
	silent.Start = time.Time{}
	first := silent.Declare(now)
	if !first.Started(now) || now.Sub(first.Start) >= time.Millisecond {
		t.Errorf("starts at %s, declared at %s", first.Start, now)
	}
	again, err := first.Redeclare(silent, now.Add(time.Hour))
	if err != nil || !again.Start.Equal(first.Start) {
		t.Errorf("starts at %s, then at %s, %v", first.Start, again.Start, err)
	}
}

// The store has declarations as JSON: what comes back is what was frozen.
func TestExperimentJSON(t *testing.T) {
	for _, e := range []Experiment{declaration(), {Name: "bare", Variants: []Variant{{"a", 0.001}, {"b", 1e6}}}} {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var got Experiment
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("%s: %s", b, diff)
		}
	}
}
