package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// scriptedEvent is an event on its way, and what it counts when it comes in
// its turn.
type scriptedEvent struct {
	line    string
	effects []effect
}

// script is all that happens in one conversation, in order. Only its first
// event says what the conversation is about; all that follow count there.
type script struct {
	rng    *rand.Rand
	id     string
	labels []string // intent, language and tier, as seriesName wants them
	events []scriptedEvent
	rating []scriptedEvent // days later
	idle   []effect        // when nothing more comes

	outcome    string    // counted and not reversed
	open       bool      // counted in support_conversations_open
	turnDeltas int       // their sum
	costDeltas []float64 // in US dollars
}

// newScript makes up a conversation.
func newScript(rng *rand.Rand, id string) *script {
	s := &script{rng: rng, id: id, open: true}
	intent, tier, language := pick(rng, "refund", "delivery", "invoice", "login", "rare"), pick(rng, "free", "gold"), pick(rng, "en", "pt")
	s.labels = []string{"intent", intent, "language", language, "tier", tier}
	s.say(fmt.Sprintf(`"intent": %q, "tier": %q, "language": %q, "customer_id": "customer of %s"`, intent, tier, language, id), effect{openSeries, 1})
	if rng.IntN(4) == 0 {
		s.increments()
	}
	switch rng.IntN(10) {
	case 0: // given up
	case 1:
		s.escalate()
		s.resolve(1)
	case 2:
		s.resolve(1)
		s.escalate()
	case 3:
		s.resolve(1)
		s.reopen()
	default:
		s.resolve(1)
	}
	s.totals()
	s.offerSurvey()
	s.goIdle()
	return s
}

func pick[T any](rng *rand.Rand, values ...T) T { return values[rng.IntN(len(values))] }

// say adds an event.
func (s *script) say(fields string, effects ...effect) {
	s.events = append(s.events, s.event(len(s.events), fields, effects))
}

// event makes an event. Some have no id: their facts count once without one.
// Increments, which do not, are a script's first events.
func (s *script) event(n int, fields string, effects []effect) scriptedEvent {
	id := fmt.Sprintf(`"id": "e-%d", `, n)
	if n > len(s.costDeltas) && s.rng.IntN(3) == 0 {
		id = ""
	}
	return scriptedEvent{fmt.Sprintf(`{%s"conversation_id": %q, %s}`, id, s.id, fields), effects}
}

// count counts in a series of the conversation's labels.
func (s *script) count(name string, labels ...string) effect { return s.add(name, 1, labels...) }

func (s *script) add(name string, by float64, labels ...string) effect {
	return effect{seriesName(name, append(labels, s.labels...)...), by}
}

// observe observes a value in a histogram.
func (s *script) observe(name string, v float64, labels ...string) []effect {
	le := slices.Clone(labels)
	return []effect{
		s.count(name+"_count", labels...), s.add(name+"_sum", v, labels...),
		s.count(name+"_bucket", append(le, "le", upperBoundOf(name, v))...),
	}
}

// upperBoundOf says which bucket a value is in. The bounds are the defaults, as
// the example configuration lists them.
func upperBoundOf(name string, v float64) string {
	bounds := map[string][]float64{
		"support_conversation_resolution_seconds": {
			15, 30, 60, 90, 120, 180, 240, 300, 480, 600, 720, 900, 1200, 1800, 3600, 7200, 14400, 28800, 86400,
		},
		"support_conversation_turns":    {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30},
		"support_conversation_cost_usd": {0.005, 0.01, 0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2, 5, 8, 10, 12, 20},
	}[name]
	i, _ := slices.BinarySearch(bounds, v)
	if i == len(bounds) {
		return "+Inf"
	}
	return strconv.FormatFloat(bounds[i], 'g', -1, 64)
}

// value counts a value of a KPI. All values are so large, or 0, that their
// squares are exact in the exporter's sums too, which end at 2⁻⁶⁴.
func (s *script) value(kpi string, v float64) []effect {
	return []effect{
		s.count("support_values_total", "kpi", kpi), s.add("support_values_sum_total", v, "kpi", kpi),
		s.add("support_values_squares_total", v*v, "kpi", kpi),
	}
}

const openSeries = "support_conversations_open"

// ends closes the episode that goes on.
func (s *script) ends(outcome string) []effect {
	s.outcome = outcome
	effects := []effect{s.count("support_conversations_total", "outcome", outcome)}
	if s.open {
		effects = append(effects, effect{openSeries, -1})
	}
	s.open = false
	return effects
}

func (s *script) reversed(cause string) effect {
	return s.count("support_conversations_reversed_total", "outcome", s.outcome, "cause", cause)
}

func (s *script) resolve(episode int) {
	resolved := s.rng.IntN(4) > 0
	seconds := float64(20+s.rng.IntN(900_000)) / 1000
	label := strconv.FormatBool(resolved)
	effects := append(s.observe("support_conversation_resolution_seconds", seconds, "resolved", label),
		s.count("support_resolutions_total", "resolved", label))
	if resolved {
		effects = append(effects, s.value("resolution_seconds", seconds)...)
	}
	if s.outcome != "escalated" {
		effects = append(effects, s.ends(map[bool]string{true: "resolved", false: "unresolved"}[resolved])...)
	}
	s.say(fmt.Sprintf(`"episode": %d, "resolution": {"resolved": %t, "seconds": %v}`, episode, resolved, seconds), effects...)
}

func (s *script) escalate() {
	reason := pick(s.rng, "asked_for_human", "policy")
	effects := []effect{s.count("support_escalations_total", "reason", reason)}
	if s.outcome != "" {
		effects = append(effects, s.reversed("escalated"))
	}
	effects = append(effects, s.ends("escalated")...)
	s.say(fmt.Sprintf(`"escalation": {"escalated": true, "reason": %q}`, reason), effects...)
}

// reopen has the customer come back.
func (s *script) reopen() {
	s.open = true
	effects := []effect{{openSeries, 1}}
	if s.outcome == "resolved" {
		effects = append(effects, s.reversed("reopened"))
	}
	s.say(`"episode": 2`, effects...)
	s.resolve(2)
}

// increments are turns and cost as an agent reports them that keeps no totals.
func (s *script) increments() {
	for range 1 + s.rng.IntN(3) {
		turns, cost := 1+s.rng.IntN(3), float64(20+s.rng.IntN(80))/1000
		s.turnDeltas += turns
		s.costDeltas = append(s.costDeltas, cost)
		s.say(fmt.Sprintf(`"turns_delta": %d, "cost_delta": {"usd": %v, "detail": {"llm": %v}}`, turns, cost, cost),
			s.add("support_cost_usd_total", cost, "component", "llm"))
	}
}

// totals are turns and cost, of an agent that gave no increments.
func (s *script) totals() {
	if s.costDeltas != nil {
		return
	}
	turns, cost := float64(1+s.rng.IntN(40)), float64(2+s.rng.IntN(2500))/100
	effects := append(s.observe("support_conversation_turns", turns), s.value("turns", turns)...)
	effects = append(effects, s.observe("support_conversation_cost_usd", cost)...)
	effects = append(effects, s.value("cost_usd", cost)...)
	effects = append(effects, s.add("support_cost_usd_total", cost, "component", "unspecified"))
	s.say(fmt.Sprintf(`"turns": %v, "cost": {"usd": %v}`, turns, cost), effects...)
}

// offerSurvey offers a survey to some, of whom some answer.
func (s *script) offerSurvey() {
	if s.rng.IntN(2) == 0 {
		return
	}
	survey := s.count("support_csat_surveys_total")
	s.say(`"survey_sent": true`, survey)
	if s.rng.IntN(2) == 0 {
		score := 1 + s.rng.IntN(5)
		rated := s.count("support_csat_responses_total", "score", strconv.Itoa(score))
		s.rating = append(s.rating, s.event(len(s.events), fmt.Sprintf(`"csat": %d`, score), []effect{rated}))
	}
}

// goIdle says what counts when the conversation has gone idle.
func (s *script) goIdle() {
	if s.outcome == "" {
		s.idle = append(s.idle, s.ends("abandoned")...)
	}
	if s.costDeltas != nil {
		turns, cost := float64(s.turnDeltas), exactSum(s.costDeltas)
		s.idle = append(s.idle, s.observe("support_conversation_turns", turns)...)
		s.idle = append(s.idle, s.value("turns", turns)...)
		s.idle = append(s.idle, s.observe("support_conversation_cost_usd", cost)...)
		s.idle = append(s.idle, s.value("cost_usd", cost)...)
	}
}
