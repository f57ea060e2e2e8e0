package label

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
