package conversation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// step is one thing that happens in a scenario: an event, after a pause.
type step struct {
	after time.Duration
	event event.Event
}

func ev(facts event.Fact, set ...func(*event.Event)) step {
	e := event.Event{ConversationID: "c", Episode: 1, Facts: facts, Seconds: event.NoSeconds}
	for _, f := range set {
		f(&e)
	}
	return step{event: e}
}

func (s step) later(d time.Duration) step { s.after = d; return s }

func resolved(v bool) func(*event.Event) { return func(e *event.Event) { e.Resolved = v } }
func episode(n int) func(*event.Event)   { return func(e *event.Event) { e.Episode = n } }
func id(v string) func(*event.Event)     { return func(e *event.Event) { e.ID = v } }
func intent(v string) func(*event.Event) { return func(e *event.Event) { e.Intent = v } }
func csat(v int) func(*event.Event)      { return func(e *event.Event) { e.CSAT = v } }
func turns(v uint64) func(*event.Event)  { return func(e *event.Event) { e.Turns, e.TurnsDelta = v, v } }
func usd(v float64) func(*event.Event) {
	return func(e *event.Event) { e.Cost.USD, e.CostDelta.USD = v, v }
}
func detail(parts ...event.Component) func(*event.Event) {
	return func(e *event.Event) { e.Cost.Detail = parts }
}
func reason(v string) func(*event.Event)   { return func(e *event.Event) { e.Reason = v } }
func seconds(v float64) func(*event.Event) { return func(e *event.Event) { e.Seconds = v } }
func arm(x, v string) func(*event.Event) {
	return func(e *event.Event) { e.Experiment, e.Variant = x, v }
}
func confirmed(v event.Confirmation) func(*event.Event) {
	return func(e *event.Event) { e.Confirmed = v }
}

const idleNow = idleTimeout + time.Second

// Scenarios: what happens in one conversation, what became of each event
// (a accepted, d duplicate), which series are not 0 afterwards, and what was
// ignored. Series are cut down to what the scenario is about.
func TestScenarios(t *testing.T) {
	tests := []struct {
		name    string
		steps   []step
		verdict string
		about   string // prefixes of the series that want lists
		want    []string
		ignored []string
	}{
		{
			name:    "a resolution closes the conversation",
			steps:   []step{ev(0), ev(event.Resolution, resolved(true))},
			verdict: "aa", about: "support_conversations support_resolutions",
			want: []string{"support_conversations_total{outcome=resolved} 1", "support_resolutions_total{resolved=true} 1"},
		},
		{
			name:    "resolved, then escalated: the resolution is reversed",
			steps:   []step{ev(event.Resolution, resolved(true)), ev(event.Escalation, reason("policy"))},
			verdict: "aa", about: "support_conversations support_escalations",
			want: []string{
				"support_conversations_reversed_total{cause=escalated,outcome=resolved} 1",
				"support_conversations_total{outcome=escalated} 1",
				"support_conversations_total{outcome=resolved} 1",
				"support_escalations_total{reason=policy} 1",
			},
		},
		{
			name:    "both in one event: nothing needs a reversal",
			steps:   []step{ev(event.Resolution|event.Escalation, resolved(true))},
			verdict: "a", about: "support_conversations",
			want: []string{"support_conversations_total{outcome=escalated} 1"},
		},
		{
			name:    "a human's resolution after an escalation is not the agent's",
			steps:   []step{ev(event.Escalation), ev(event.Resolution, resolved(true))},
			verdict: "aa", about: "support_conversations support_resolutions",
			want: []string{"support_conversations_total{outcome=escalated} 1", "support_resolutions_total{resolved=true} 1"},
		},
		{
			name:    "unresolved, then escalated",
			steps:   []step{ev(event.Resolution, resolved(false)), ev(event.Escalation)},
			verdict: "aa", about: "support_conversations",
			want: []string{
				"support_conversations_reversed_total{cause=escalated,outcome=unresolved} 1",
				"support_conversations_total{outcome=escalated} 1",
				"support_conversations_total{outcome=unresolved} 1",
			},
		},
		{
			name:    "silence abandons, a resolution afterwards resumes",
			steps:   []step{ev(0), ev(event.Resolution, resolved(true)).later(idleNow)},
			verdict: "aa", about: "support_conversations",
			want: []string{
				"support_conversations_reversed_total{cause=resumed,outcome=abandoned} 1",
				"support_conversations_total{outcome=abandoned} 1",
				"support_conversations_total{outcome=resolved} 1",
			},
		},
		{
			name:    "silence abandons once",
			steps:   []step{ev(0), ev(event.CSAT, csat(3)).later(idleNow), ev(event.Turns, turns(2)).later(idleNow)},
			verdict: "aaa", about: "support_conversations",
			want: []string{"support_conversations_total{outcome=abandoned} 1"},
		},
		{
			name:    "arrivals keep a conversation from going idle",
			steps:   []step{ev(0), ev(event.Turns, turns(2)).later(idleTimeout - 1), ev(event.Turns, turns(2)).later(idleTimeout - 1)},
			verdict: "aad", about: "support_conversations",
			want:    []string{"support_conversations_open 1"},
			ignored: []string{"turns duplicate 1"},
		},
		{
			name:    "the customer comes back: resolved is reversed, the new episode is open",
			steps:   []step{ev(event.Resolution, resolved(true)), ev(0, episode(2))},
			verdict: "aa", about: "support_conversations",
			want: []string{
				"support_conversations_open 1",
				"support_conversations_reversed_total{cause=reopened,outcome=resolved} 1",
				"support_conversations_total{outcome=resolved} 1",
			},
		},
		{
			name:    "the customer comes back: abandoned is reversed, escalated and unresolved stand",
			steps:   []step{ev(0), ev(event.Escalation, episode(2)).later(idleNow), ev(event.Resolution, resolved(false), episode(3)), ev(event.Resolution, resolved(true), episode(4))},
			verdict: "aaaa", about: "support_conversations",
			want: []string{
				"support_conversations_reversed_total{cause=reopened,outcome=abandoned} 1",
				"support_conversations_total{outcome=abandoned} 1",
				"support_conversations_total{outcome=escalated} 1",
				"support_conversations_total{outcome=resolved} 1",
				"support_conversations_total{outcome=unresolved} 1",
			},
		},
		{
			name:    "a late fact belongs to its episode",
			steps:   []step{ev(event.Resolution, resolved(true)), ev(event.Resolution, resolved(true), episode(2)), ev(event.CSAT, csat(1)), ev(event.CSAT, csat(5), episode(2)), ev(event.CSAT, csat(5))},
			verdict: "aaaaa", about: "support_csat",
			want: []string{
				"support_csat_responses_total{score=1} 1", "support_csat_responses_total{score=5} 1", "support_csat_surveys_total{} 2",
			},
			ignored: []string{"csat conflict 1"},
		},
		{
			name:    "the same id is a duplicate, whatever it carries",
			steps:   []step{ev(event.Turns, turns(3), id("1")), ev(event.CSAT, csat(5), id("1")), ev(event.CSAT, csat(5), id("2"))},
			verdict: "ada", about: "support_csat_responses",
			want: []string{"support_csat_responses_total{score=5} 1"},
		},
		{
			name:    "the same fact under another id, or none, is a duplicate",
			steps:   []step{ev(event.Turns, turns(3), id("1")), ev(event.Turns, turns(3), id("2")), ev(event.Turns, turns(3))},
			verdict: "add", about: "support_values_sum",
			want:    []string{"support_values_sum_total{kpi=turns} 3"},
			ignored: []string{"turns duplicate 2"},
		},
		{
			name:    "a different value is a conflict: accepted, ignored, counted",
			steps:   []step{ev(event.Turns|event.Cost, turns(3), usd(1)), ev(event.Turns|event.Cost, turns(4), usd(2))},
			verdict: "aa", about: "support_values_sum",
			want:    []string{"support_values_sum_total{kpi=cost_usd} 1", "support_values_sum_total{kpi=turns} 3"},
			ignored: []string{"turns conflict 1", "cost conflict 1"},
		},
		{
			name: "the same amount with another detail is a different cost, the order of the detail is nothing",
			steps: []step{
				ev(event.Cost, usd(3), detail(event.Component{Name: "llm", USD: 1}, event.Component{Name: "tools", USD: 2})),
				ev(event.Cost, usd(3), detail(event.Component{Name: "tools", USD: 2}, event.Component{Name: "llm", USD: 1})),
				ev(event.Cost, usd(3), detail(event.Component{Name: "llm", USD: 2}, event.Component{Name: "tools", USD: 1})),
				ev(event.Cost, usd(3), detail(event.Component{Name: "llm", USD: 1})),
				ev(event.Cost, usd(3)),
				ev(event.Cost, usd(3), episode(2)),
				ev(event.Cost, usd(3), episode(2)),
				ev(event.Cost, usd(3), episode(2), detail(event.Component{Name: "llm", USD: 3})),
			},
			verdict: "adaaaada", about: "support_cost",
			want: []string{
				"support_cost_usd_total{component=llm} 1", "support_cost_usd_total{component=tools} 2",
				"support_cost_usd_total{component=unspecified} 3",
			},
			ignored: []string{"cost duplicate 2", "cost conflict 4"},
		},
		{
			name: "a resolution merges field by field",
			steps: []step{
				ev(event.Resolution, resolved(true)), ev(event.Resolution, resolved(true), seconds(60)),
				ev(event.Resolution, resolved(true), confirmed(event.Confirmed)), ev(event.Resolution, resolved(true), seconds(60)),
				ev(event.Resolution, resolved(true), seconds(61)), ev(event.Resolution, resolved(false), confirmed(event.Confirmed)),
				ev(event.Resolution, resolved(true), confirmed(event.Denied)),
			},
			verdict: "aaadaaa", about: "support_resolutions support_values_sum",
			want: []string{
				"support_resolutions_confirmed_total{} 1", "support_resolutions_total{resolved=true} 1", "support_values_sum_total{kpi=resolution_seconds} 60",
			},
			ignored: []string{"resolution duplicate 1", "resolution conflict 3"},
		},
		{
			name:    "time to a failure is in the histogram, not in the mean",
			steps:   []step{ev(event.Resolution, resolved(false), seconds(90), confirmed(event.Confirmed))},
			verdict: "a", about: "support_conversation_resolution support_values support_resolutions_confirmed",
			want: []string{
				"support_conversation_resolution_seconds_count{resolved=false} 1", "support_conversation_resolution_seconds_sum{resolved=false} 90",
			},
		},
		{
			name:    "increments add up until the conversation is idle, the spend counter moves at once",
			steps:   []step{ev(event.CostDelta|event.TurnsDelta, usd(0.5), turns(2), id("1")), ev(event.CostDelta|event.TurnsDelta, usd(0.25), turns(1), id("2"))},
			verdict: "aa", about: "support_cost support_values support_conversation_",
			want: []string{"support_cost_usd_total{component=unspecified} 0.75"},
		},
		{
			name: "idle: increments are observed; later ones are late, and only spent",
			steps: []step{
				ev(event.CostDelta|event.TurnsDelta, usd(0.5), turns(2), id("1")),
				ev(event.CostDelta|event.TurnsDelta, usd(0.25), turns(1), id("2")).later(idleNow),
			},
			verdict: "aa", about: "support_cost support_values_sum support_values_total",
			want: []string{
				"support_cost_usd_total{component=unspecified} 0.75",
				"support_values_sum_total{kpi=cost_usd} 0.5", "support_values_sum_total{kpi=turns} 2",
				"support_values_total{kpi=cost_usd} 1", "support_values_total{kpi=turns} 1",
			},
			ignored: []string{"turns_delta late 1", "cost_delta late 1"},
		},
		{
			name: "totals and increments do not mix: the kind seen first stands",
			steps: []step{
				ev(event.Cost|event.TurnsDelta, usd(1), turns(2), id("1")), ev(event.CostDelta|event.Turns, usd(9), turns(9), id("2")),
			},
			verdict: "aa", about: "support_cost support_values_sum",
			want:    []string{"support_cost_usd_total{component=unspecified} 1", "support_values_sum_total{kpi=cost_usd} 1"},
			ignored: []string{"turns mixed 1", "cost_delta mixed 1"},
		},
		{
			name:    "a late fact takes the labels its conversation had",
			steps:   []step{ev(event.Turns, intent("refund"), turns(1)), ev(event.CSAT, csat(4)).later(72 * time.Hour)},
			verdict: "aa", about: "support_csat_responses",
			want: []string{"support_csat_responses_total{intent=refund,score=4} 1"},
		},
		{
			name:    "a reversal uses the labels under which its outcome was counted",
			steps:   []step{ev(event.Resolution, resolved(true)), ev(event.Escalation, intent("refund"))},
			verdict: "aa", about: "support_conversations",
			want: []string{
				"support_conversations_reversed_total{cause=escalated,outcome=resolved} 1",
				"support_conversations_total{intent=refund,outcome=escalated} 1",
				"support_conversations_total{outcome=resolved} 1",
			},
		},
		{
			name:    "the first label stays",
			steps:   []step{ev(event.Turns, intent("refund"), turns(1)), ev(event.CSAT, csat(4), intent("login")), ev(0, intent("refund"))},
			verdict: "aad", about: "support_csat_responses",
			want:    []string{"support_csat_responses_total{intent=refund,score=4} 1"},
			ignored: []string{"intent conflict 1"},
		},
		{
			name:    "an experiment counts from its first event on, and the first arm stays",
			steps:   []step{ev(event.CSAT, csat(2), arm("x", "a")), ev(event.Resolution, resolved(true), arm("x", "b")), ev(event.Escalation)},
			verdict: "aaa", about: "support_experiment",
			want: []string{
				"support_experiment_assigned_total{experiment=x,variant=a} 1",
				"support_experiment_conversations_reversed_total{cause=escalated,experiment=x,outcome=resolved,variant=a} 1",
				"support_experiment_conversations_total{experiment=x,outcome=escalated,variant=a} 1",
				"support_experiment_conversations_total{experiment=x,outcome=resolved,variant=a} 1",
				"support_experiment_values_squares_total{experiment=x,kpi=csat,variant=a} 4",
				"support_experiment_values_sum_total{experiment=x,kpi=csat,variant=a} 2",
				"support_experiment_values_total{experiment=x,kpi=csat,variant=a} 1",
			},
			ignored: []string{"experiment conflict 1"},
		},
		{
			name:    "after the first outcome it is too late for an experiment",
			steps:   []step{ev(event.Resolution, resolved(true)), ev(event.Escalation, arm("x", "a"))},
			verdict: "aa", about: "support_experiment",
			ignored: []string{"experiment closed 1"},
		},
		{
			name:    "a csat implies a survey, before or after",
			steps:   []step{ev(event.SurveySent), ev(event.CSAT, csat(5)), ev(event.CSAT, csat(5), episode(2)), ev(event.SurveySent, episode(2))},
			verdict: "aaad", about: "support_csat_surveys",
			want:    []string{"support_csat_surveys_total{} 2"},
			ignored: []string{"survey_sent duplicate 1"},
		},
		{
			name:    "an escalation counts once; another reason is a conflict, none is a repetition",
			steps:   []step{ev(event.Escalation, reason("policy")), ev(event.Escalation), ev(event.Escalation, reason("angry"))},
			verdict: "ada", about: "support_escalations",
			want:    []string{"support_escalations_total{reason=policy} 1"},
			ignored: []string{"escalation duplicate 1", "escalation conflict 1"},
		},
		{
			name:    "an event with nothing new and no id is a duplicate, with an id it is a sign of life",
			steps:   []step{ev(0), ev(0), ev(0, id("1")), ev(0, id("1"))},
			verdict: "adad", about: "support_conversations",
			want: []string{"support_conversations_open 1"},
		},
		{
			name:    "after its retention a conversation is forgotten",
			steps:   []step{ev(event.Turns, turns(3), id("1")), ev(event.Turns, turns(3), id("1")).later(retention)},
			verdict: "aa", about: "support_values_total",
			want: []string{"support_values_total{kpi=turns} 2"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			live, reborn, now, verdict := newState(), newState(), start, ""
			for _, st := range tt.steps {
				now += st.after.Milliseconds()
				live.Advance(now)
				isNew := live.Apply(&st.event)
				verdict += map[bool]string{true: "a", false: "d"}[isNew]
				reborn.Advance(now)
				if reborn.Apply(&st.event) != isNew {
					t.Errorf("after a restart event %+v is judged otherwise", st.event)
				}
				reborn = restarted(t, reborn)
			}
			if verdict != tt.verdict {
				t.Errorf("events were %s, want %s (a accepted, d duplicate)", verdict, tt.verdict)
			}
			about := strings.Fields(tt.about)
			if diff := cmp.Diff(tt.want, raw(t, live, about)); diff != "" {
				t.Errorf("series (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, raw(t, reborn, about)); diff != "" {
				t.Errorf("series with restarts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.ignored, ignored(live)); diff != "" {
				t.Errorf("ignored (-want +got):\n%s", diff)
			}
		})
	}
}

func ignored(s *conversation.State) []string {
	var out []string
	for f, causes := range s.Stats.Ignored {
		for c, n := range causes {
			if n > 0 && !slices.Contains(conversation.Fact(f).Causes(), conversation.Cause(c)) {
				panic(fmt.Sprintf("%v is not among the causes of %v", conversation.Cause(c), conversation.Fact(f)))
			}
			if n > 0 {
				out = append(out, fmt.Sprintf("%v %v %d", conversation.Fact(f), conversation.Cause(c), n))
			}
		}
	}
	return out
}

// raw gives the series with one of the prefixes that are not 0, sorted, without
// labels that are unknown.
func raw(t *testing.T, s *conversation.State, prefixes []string) []string {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(tally.NewCollector(func() (*tally.Snapshot, error) { return s.Snapshot(), nil }))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	add := func(name string, m *dto.Metric, v float64) {
		var labels []string
		for _, l := range m.GetLabel() {
			if l.GetValue() != "unknown" {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
		}
		braces := "{" + strings.Join(labels, ",") + "}"
		if len(m.GetLabel()) == 0 {
			braces = ""
		}
		if v != 0 {
			out = append(out, fmt.Sprintf("%s%s %v", name, braces, v))
		}
	}
	for _, f := range families {
		for _, p := range prefixes {
			if !strings.HasPrefix(f.GetName(), p) {
				continue
			}
			for _, m := range f.GetMetric() {
				if h := m.GetHistogram(); h != nil {
					add(f.GetName()+"_count", m, float64(h.GetSampleCount()))
					add(f.GetName()+"_sum", m, h.GetSampleSum())
					continue
				}
				add(f.GetName(), m, m.GetCounter().GetValue()+m.GetGauge().GetValue())
			}
		}
	}
	return out
}
