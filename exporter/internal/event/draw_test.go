package event

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"pgregory.net/rapid"
)

// fullest is an event with every field as large as it may be.
func fullest() *Event {
	long := func(n int) string { return strings.Repeat("x", n) }
	e := Event{
		ConversationID: long(MaxConversationID), ID: long(MaxID), Customer: math.MaxUint64, Intent: long(MaxLabel), Tier: long(MaxLabel),
		Language: long(MaxLabel), Experiment: long(MaxLabel), Variant: long(MaxLabel), Episode: MaxEpisode, Facts: allFacts,
		Resolved: true, Seconds: math.MaxFloat64, Confirmed: Denied, Reason: long(MaxReason), Turns: MaxTurns, TurnsDelta: MaxTurns,
		Cost: Money{USD: math.MaxFloat64}, CostDelta: Money{USD: 0}, CSAT: MaxCSAT,
	}
	for i := range MaxComponents {
		c := Component{Name: fmt.Sprintf("%0*d", MaxComponent, i)}
		e.CostDelta.Detail = append(e.CostDelta.Detail, c)
		c.USD = math.MaxFloat64 / MaxComponents / 2
		e.Cost.Detail = append(e.Cost.Detail, c)
	}
	return &e
}

// drawEvent draws a valid event, without what the journal leaves out.
func drawEvent(t *rapid.T) Event {
	text := func(name string, least, most int) string {
		return rapid.StringOfN(rapid.RuneFrom([]rune("ab é你😀\"\\")), least, most/4, most).Draw(t, name)
	}
	money := func(name string) Money {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,8}`), 0, 6, rapid.ID).Draw(t, name)
		m := Money{USD: rapid.Float64Range(0, 1e6).Draw(t, "usd")}
		for _, n := range names {
			m.Detail = append(m.Detail, Component{n, m.USD / float64(len(names))})
		}
		return m
	}
	e := event(func(e *Event) {
		e.ConversationID, e.ID = text("conversation_id", 1, 255), text("id", 1, 128)
		e.Customer = rapid.Uint64().Draw(t, "customer")
		e.Intent, e.Tier, e.Language = text("intent", 0, 64), text("tier", 0, 64), text("language", 0, 64)
		e.Episode = rapid.IntRange(1, MaxEpisode).Draw(t, "episode")
		e.Facts = Fact(rapid.Uint16Max(uint16(allFacts)).Draw(t, "facts"))
	})
	if rapid.Bool().Draw(t, "arm") {
		e.Experiment, e.Variant = text("experiment", 1, 64), text("variant", 1, 64)
	}
	if e.Facts&Resolution != 0 {
		e.Resolved = rapid.Bool().Draw(t, "resolved")
		e.Seconds = rapid.OneOf(rapid.Just[float64](NoSeconds), rapid.Float64Range(0, math.MaxFloat64)).Draw(t, "seconds")
		e.Confirmed = Confirmation(rapid.Uint8Max(uint8(Denied)).Draw(t, "confirmed"))
	}
	if e.Facts&Escalation != 0 {
		e.Reason = text("reason", 0, 255)
	}
	if e.Facts&Turns != 0 {
		e.Turns = rapid.Uint64Range(1, MaxTurns).Draw(t, "turns")
	}
	if e.Facts&TurnsDelta != 0 {
		e.TurnsDelta = rapid.Uint64Range(1, MaxTurns).Draw(t, "turns_delta")
	}
	if e.Facts&Cost != 0 {
		e.Cost = money("cost")
	}
	if e.Facts&CostDelta != 0 {
		e.CostDelta = money("cost_delta")
	}
	if e.Facts&CSAT != 0 {
		e.CSAT = rapid.IntRange(1, MaxCSAT).Draw(t, "csat")
	}
	return e
}

// checkRoundTrip writes a valid event as the journal does and reads it back.
func checkRoundTrip(t rapid.TB, e *Event) {
	t.Helper()
	const behind = "behind"
	b := append(Append(nil, e), behind...)
	got := Event{Intent: "old", Cost: Money{Detail: []Component{{"old", 1}}}}
	rest, err := got.Parse(b)
	if err != nil || string(rest) != behind {
		t.Fatalf("% x: %v, and %q is left", b, err, rest)
	}
	want := clone(e)
	want.CustomerID = ""
	want.Time = got.Time // both are lost on purpose
	if d := diff(want, got); d != "" || !got.Time.IsZero() {
		t.Fatalf("(-written +read):\n%s", d)
	}
}

// push writes an event as an agent would.
func push(t rapid.TB, e *Event) []byte {
	t.Helper()
	fields := map[string]any{"conversation_id": e.ConversationID, "episode": e.Episode}
	for name, value := range map[string]string{
		"id": e.ID, "intent": e.Intent, "tier": e.Tier, "language": e.Language, "experiment": e.Experiment, "variant": e.Variant,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	money := func(m Money) any {
		detail := make([]string, len(m.Detail))
		for i, c := range m.Detail {
			name, _ := json.Marshal(c.Name)
			usd, _ := json.Marshal(c.USD)
			detail[i] = fmt.Sprintf("%s:%s", name, usd)
		}
		return map[string]any{"usd": m.USD, "detail": json.RawMessage("{" + strings.Join(detail, ",") + "}")}
	}
	resolution := map[string]any{"resolved": e.Resolved}
	if e.Seconds != NoSeconds {
		resolution["seconds"] = e.Seconds
	}
	if e.Confirmed != ConfirmationUnsaid {
		resolution["confirmed"] = e.Confirmed == Confirmed
	}
	for fact, value := range map[Fact]struct {
		name  string
		value any
	}{
		Resolution: {"resolution", resolution},
		Escalation: {"escalation", map[string]any{"escalated": true, "reason": e.Reason}},
		Turns:      {"turns", e.Turns},
		TurnsDelta: {"turns_delta", e.TurnsDelta},
		Cost:       {"cost", money(e.Cost)},
		CostDelta:  {"cost_delta", money(e.CostDelta)},
		SurveySent: {"survey_sent", true},
		CSAT:       {"csat", e.CSAT},
	} {
		if e.Facts&fact != 0 {
			fields[value.name] = value.value
		}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
