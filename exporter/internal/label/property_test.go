package label

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
)

// TestApplyTwice draws events and applies a policy twice: the first result is
// one of label values with all of the money, and the second is the same.
func TestApplyTwice(t *testing.T) {
	labels := config.Default().Labels
	labels.Tier.Allow = []string{"gold", "Silver"}
	reduced := NewPolicy(labels)
	labels.Language.Base = false
	whole := NewPolicy(labels)

	rapid.Check(t, func(t *rapid.T) {
		p := reduced
		if rapid.Bool().Draw(t, "whole tags") {
			p = whole
		}
		e := drawEvent(t)
		money := dollars(e)
		p.Apply(&e)
		if got := dollars(e); got != money {
			t.Errorf("got %v USD in components, want %v", got, money)
		}
		for _, s := range values(e) {
			if len(s) > event.MaxReason || s != strings.ToLower(strings.TrimSpace(s)) {
				t.Errorf("%q is not a label value", s)
			}
		}

		again := e
		again.Cost.Detail = slices.Clone(e.Cost.Detail)
		if o := p.Apply(&again); o != (Overflow{}) {
			t.Errorf("a second time: got overflow %v, want none", o)
		}
		if diff := cmp.Diff(values(e), values(again)); diff != "" {
			t.Errorf("a second time:\n%s", diff)
		}
	})
}

// TestAppliedEventsCanBeRead draws what agents may push: what is decoded and has
// the policy applied is read back from the journal as it was written. One event
// that is not would keep the store from being opened.
func TestAppliedEventsCanBeRead(t *testing.T) {
	p := NewPolicy(config.Default().Labels)
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t)
		detail, sum := drawDetail(t)
		usd := max(0, (sum-1e-9)/(1+1e-6)) // as little as may cover them, or nearly
		for range 9 {
			usd = math.Nextafter(usd, 0)
		}
		for range 18 {
			body := pushed(t, &e, detail, min(usd, math.MaxFloat64))
			var d event.Decoder
			err := d.Decode(body, event.JSON, func(_ int, got *event.Event, err error) bool {
				if err != nil {
					return true // nothing that is journaled
				}
				p.Apply(got)
				var read event.Event
				if rest, err := read.Parse(event.Append(nil, got)); err != nil || len(rest) > 0 {
					t.Fatalf("%s: %d bytes are left, %v", body, len(rest), err)
				}
				got.Time = read.Time
				if diff := cmp.Diff(*got, read, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%s (-written +read):\n%s", body, diff)
				}
				return true
			})
			if err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			usd = math.Nextafter(usd, math.Inf(1))
		}
	})
}

// drawDetail draws components, some of which are one once they are respelled, in
// JSON, and what they add up to.
func drawDetail(t *rapid.T) (detail string, sum float64) {
	usd := rapid.OneOf(
		rapid.Map(rapid.IntRange(1, 1000), func(n int) float64 { return 10 / float64(n) }), // digits to the last place
		rapid.SampledFrom([]float64{0, 5e-324, 1e-9, 0.1, 7.48e291, math.MaxFloat64}),
	)
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"llm", "LLM", "Llm ", "tools", "TOOLS", " ", "voice"}), 3, 7, rapid.ID)
	for _, name := range names.Draw(t, "names") {
		v := usd.Draw(t, "usd")
		if sum+v > math.MaxFloat64 {
			v = 0
		}
		detail += fmt.Sprintf(",%q:%v", name, v)
		sum += v
	}
	return "{" + strings.TrimPrefix(detail, ",") + "}", sum
}

// pushed is an event with the labels of e and a cost, in JSON.
func pushed(t *rapid.T, e *event.Event, detail string, usd float64) []byte {
	cost := map[string]any{"usd": usd, "detail": json.RawMessage(detail)}
	body, err := json.Marshal(map[string]any{
		"conversation_id": "c", "id": "1", "time": "2026-03-14T09:26:53.25+01:00", "intent": e.Intent, "tier": e.Tier, "language": e.Language,
		"escalation": map[string]any{"escalated": true, "reason": e.Reason}, "cost": cost, "cost_delta": cost,
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func drawEvent(t *rapid.T) event.Event {
	value := rapid.OneOf(
		rapid.SampledFrom([]string{"", " ", "gold", "GOLD ", "Silver", "unknown", "Other", "en_US", "zh-cmn-Hans-CN", "und", "ȺȺ"}),
		rapid.StringMatching(`[a-zA-Z]{2,3}([-_][a-zA-Z0-9]{2,8}){0,4}`),
		rapid.StringN(0, -1, event.MaxLabel),
	)
	e := event.Event{
		Intent:   value.Draw(t, "intent"),
		Tier:     value.Draw(t, "tier"),
		Language: value.Draw(t, "language"),
		Reason:   value.Draw(t, "reason"),
	}
	for i, name := range rapid.SliceOfNDistinct(value, 0, 6, rapid.ID).Draw(t, "components") {
		e.Cost.Detail = append(e.Cost.Detail, part(name, float64(int(1)<<i))) // no two sums are equal
	}
	return e
}

// dollars is the money of the components that have a name.
func dollars(e event.Event) float64 {
	sum := 0.0
	for _, c := range e.Cost.Detail {
		if strings.TrimSpace(c.Name) != "" {
			sum += c.USD
		}
	}
	return sum
}

func values(e event.Event) []string {
	all := []string{e.Intent, e.Tier, e.Language, e.Reason}
	for _, c := range e.Cost.Detail {
		all = append(all, c.Name)
	}
	return all
}
