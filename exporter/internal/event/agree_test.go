package event

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestDecodeAgreesWithOracle draws objects of fields that are nearly right. It
// goes where the fuzzer's blind changes seldom get: past the first field.
func TestDecodeAgreesWithOracle(t *testing.T) {
	accepted, rejected := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		raw := []byte(nearly{t}.event())
		var d Decoder
		if err := d.Decode(raw, JSON, func(_ int, e *Event, err error) bool {
			compare(t, raw, e, err)
			if err == nil {
				accepted++
			} else {
				rejected++
			}
			return true
		}); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
	})
	if accepted == 0 || rejected == 0 {
		t.Errorf("%d accepted, %d rejected: the draw has lost its balance", accepted, rejected)
	}
}

// nearly draws JSON of which most, but not all, is what the contract wants.
type nearly struct{ *rapid.T }

func (t nearly) event() string {
	optional := []string{
		"turns", "turns_delta", "csat", "episode", "cost", "cost_delta", "resolution", "escalation", "time",
		"survey_sent", "id", "customer_id", "intent", "tier", "language", "experiment", "variant",
	}
	return t.object("conversation_id", optional, func(name string) string {
		switch name {
		case "cost", "cost_delta":
			return t.object("usd", []string{"detail"}, t.money)
		case "resolution":
			return t.object("resolved", []string{"seconds", "confirmed"}, t.part)
		case "escalation":
			return t.object("escalated", []string{"reason"}, t.part)
		case "time":
			return t.value(`"2026-03-14T09:26:53Z"`, `"2026-03-14T09:26:53.25+01:00"`, `"2026-02-30T09:26:53Z"`, `"0001-01-01T00:00:00Z"`)
		case "survey_sent":
			return t.value("true", "true", "false")
		case "turns", "turns_delta", "csat", "episode":
			return t.value("1", "2", "4.0", "4e0", "40e-1", "3", "5", "1000", "1001", "0", "-0", "4.5", "9007199254740992", "9007199254740993", "0.0001e4")
		}
		return t.text()
	})
}

func (t nearly) money(name string) string {
	if name == "usd" {
		return t.amount(name)
	}
	return t.object("model", []string{"tools", "mod\u00e9l", ""}, t.amount)
}

func (t nearly) part(name string) string {
	switch name {
	case "seconds":
		return t.amount(name)
	case "reason":
		return t.text()
	}
	return t.value("true", "false")
}

func (t nearly) amount(string) string {
	return t.value("0", "-0", "0.5", "1", "12.50e1", "1e-7", "1e308", "1e-400", "1e309", "-1", "0.1", "0.2", "0.3", "0.30000000000000001")
}

func (t nearly) text() string {
	if rapid.IntRange(0, 19).Draw(t.T, "text") > 0 {
		return t.value(`"a"`, `""`, `"é"`, `"\u00e9\""`, `"\ud83d\ude00"`, `"`+strings.Repeat("x", 64)+`"`)
	}
	return t.value(`"\ud83d"`, "\"\xff\"", `"\u0000"`, `"\t"`, "\"\u0085\"", `"`+strings.Repeat("x", 65)+`"`, `"`+strings.Repeat("é", 128)+`"`)
}

// value draws one of the given values, and now and then one of another type.
func (t nearly) value(values ...string) string {
	if rapid.IntRange(0, 39).Draw(t.T, "odd") == 0 {
		values = []string{"null", "7", `"7"`, "true", "[]", `{"usd":1}`, "{}", `[{"a":[null]}]`}
	}
	return rapid.SampledFrom(values).Draw(t.T, "value")
}

// object draws an object with up to four optional members, nearly always the
// required one, and now and then one that is unknown or given before.
func (t nearly) object(required string, optional []string, value func(name string) string) string {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom(optional), 0, 4, rapid.ID).Draw(t.T, "names")
	if rapid.IntRange(0, 29).Draw(t.T, "required") > 0 {
		names = append(names, required)
	}
	if rapid.IntRange(0, 29).Draw(t.T, "slip") == 0 {
		names = append(names, rapid.SampledFrom(append(names, "other")).Draw(t.T, "name"))
	}
	members := make([]string, 0, len(names))
	for _, name := range rapid.Permutation(names).Draw(t.T, "order") {
		members = append(members, fmt.Sprintf(" %q :\t%s", name, value(name)))
	}
	return "{" + strings.Join(members, ",") + "}"
}
