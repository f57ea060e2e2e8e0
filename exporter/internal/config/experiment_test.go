package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestExperiments(t *testing.T) {
	const content = `
experiments:
  - name: greeting
    variants:
      - name: short
      - {name: warm, weight: 2.5}
    primary: csat
    planned_conversations: 1000
  - name: prompt v2
    variants: [{name: old, weight: 9}, {name: new, weight: 1}, {name: newer, weight: 1}]
    control: newer
    primary: cost_usd
    guardrails: [resolution_rate, escalation_rate, abandonment_rate, csat, resolution_seconds, turns]
    guardrail_tolerance_ratio: 0
    min_lift_ratio: 0.1
    alpha: 0.01
    planned_conversations: 50000
    salt: "2"
    start: 2026-03-01T10:00:00+01:00
    end: 2026-03-29T09:00:00.5Z
`
	want := []Experiment{
		{
			Name:                    "greeting",
			Variants:                []Variant{{"short", 1}, {"warm", 2.5}},
			Control:                 "short",
			Primary:                 CSAT,
			GuardrailToleranceRatio: 0.05,
			MinLiftRatio:            0.05,
			Alpha:                   0.05,
			PlannedConversations:    1000,
		},
		{
			Name:                    "prompt v2",
			Variants:                []Variant{{"old", 9}, {"new", 1}, {"newer", 1}},
			Control:                 "newer",
			Primary:                 CostUSD,
			Guardrails:              []KPI{ResolutionRate, EscalationRate, AbandonmentRate, CSAT, ResolutionSeconds, Turns},
			GuardrailToleranceRatio: 0,
			MinLiftRatio:            0.1,
			Alpha:                   0.01,
			PlannedConversations:    50_000,
			Salt:                    "2",
			Start:                   time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
			End:                     time.Date(2026, 3, 29, 9, 0, 0, 500_000_000, time.UTC),
		},
	}
	c, err := Parse("f.yml", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, c.Experiments); diff != "" {
		t.Error(diff)
	}
}
