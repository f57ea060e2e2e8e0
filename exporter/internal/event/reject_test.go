package event

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// rejected decodes an event that has a conversation's id and the given fields,
// as the first of an array, and returns why it was rejected. The event behind
// it must not suffer.
func rejected(t *testing.T, fields string) *FieldError {
	t.Helper()
	body := `[{` + fields + `,"conversation_id":"c"},{"conversation_id":"next"}]`
	var (
		d        Decoder
		rejected *FieldError
		next     string
	)
	err := d.Decode([]byte(body), JSON, func(index int, e *Event, err error) bool {
		if index == 0 {
			rejected, _ = err.(*FieldError)
		} else if err == nil {
			next = e.ConversationID
		}
		return true
	})
	if err != nil || next != "next" {
		t.Fatalf("%s: the next event is %q, the body's error %v", fields, next, err)
	}
	if rejected == nil {
		t.Fatalf("%s: not rejected", fields)
	}
	return rejected
}

func TestReject(t *testing.T) {
	for _, c := range []struct {
		fields string
		reason Reason
		want   string
	}{
		// Fields that are not there, or there twice, however they are written.
		{`"colour":"red"`, ReasonUnknown, "colour: unknown field"},
		{`"Tier":"pro"`, ReasonUnknown, "Tier: unknown field"},
		{`"":1`, ReasonUnknown, `"": unknown field`},
		{`"a\"b":1`, ReasonUnknown, `"a\"b": unknown field`},
		{`"a\u202eb":1`, ReasonUnknown, `"a\u202eb": unknown field`},
		{`"resolution":{"colour":1}`, ReasonUnknown, "resolution.colour: unknown field"},
		{`"escalation":{"resolved":true}`, ReasonUnknown, "escalation.resolved: unknown field"},
		{`"cost":{"eur":1}`, ReasonUnknown, "cost.eur: unknown field"},
		{`"cost_delta":{"":1}`, ReasonUnknown, `cost_delta."": unknown field`},
		{`"csat":3,"csat":3`, ReasonDuplicate, "csat: given twice"},
		{`"csat":3,"\u0063sat":4`, ReasonDuplicate, "csat: given twice"},
		{`"intent":"","intent":"a"`, ReasonDuplicate, "intent: given twice"},
		{`"resolution":{"resolved":true,"resolved":true}`, ReasonDuplicate, "resolution.resolved: given twice"},
		{`"resolution":{"resolved":true},"resolution":{"resolved":true}`, ReasonDuplicate, "resolution: given twice"},
		{`"cost":{"usd":1,"usd":1}`, ReasonDuplicate, "cost.usd: given twice"},
		{`"cost":{"usd":1,"detail":{"model":0,"tools":0,"mod\u0065l":0}}`, ReasonDuplicate, "cost.detail.model: given twice"},

		// Wrong types.
		{`"conversation_id":7`, ReasonType, "conversation_id: must be a string, got number 7"},
		{`"id":null`, ReasonType, "id: must be a string, got null"},
		{`"intent":4`, ReasonType, "intent: must be a string, got number 4"},
		{`"tier":-1.50e3`, ReasonType, "tier: must be a string, got number -1.50e3"},
		{`"language":["en"]`, ReasonType, "language: must be a string, got an array"},
		{`"experiment":{"a":1}`, ReasonType, "experiment: must be a string, got an object"},
		{`"variant":true`, ReasonType, "variant: must be a string, got true"},
		{`"time":1773480413`, ReasonType, "time: must be an RFC 3339 time, got number 1773480413"},
		{`"turns":"3"`, ReasonType, `turns: must be an integer from 1 to 9007199254740992, got string "3"`},
		{`"csat":null`, ReasonType, "csat: must be an integer from 1 to 5, got null"},
		{`"episode":[1]`, ReasonType, "episode: must be an integer from 1 to 1000, got an array"},
		{`"survey_sent":1`, ReasonType, "survey_sent: must be true, got number 1"},
		{`"survey_sent":null`, ReasonType, "survey_sent: must be true, got null"},
		{`"resolution":true`, ReasonType, "resolution: must be an object, got true"},
		{`"resolution":null`, ReasonType, "resolution: must be an object, got null"},
		{`"resolution":{"resolved":"yes"}`, ReasonType, `resolution.resolved: must be true or false, got string "yes"`},
		{`"resolution":{"resolved":true,"confirmed":null}`, ReasonType, "resolution.confirmed: must be true or false, got null"},
		{`"resolution":{"resolved":true,"seconds":"12"}`, ReasonType, `resolution.seconds: must be a number >= 0, got string "12"`},
		{`"escalation":[]`, ReasonType, "escalation: must be an object, got an array"},
		{`"escalation":{"escalated":0}`, ReasonType, "escalation.escalated: must be true or false, got number 0"},
		{`"escalation":{"escalated":false,"reason":7}`, ReasonType, "escalation.reason: must be a string, got number 7"},
		{`"cost":0.42`, ReasonType, "cost: must be an object, got number 0.42"},
		{`"cost":{"usd":"0.42"}`, ReasonType, `cost.usd: must be a number >= 0, got string "0.42"`},
		{`"cost":{"usd":1,"detail":[]}`, ReasonType, "cost.detail: must be an object, got an array"},
		{`"cost":{"usd":1,"detail":null}`, ReasonType, "cost.detail: must be an object, got null"},
		{`"cost_delta":{"usd":1,"detail":{"model":null}}`, ReasonType, "cost_delta.detail.model: must be a number >= 0, got null"},

		// Out of range.
		{`"conversation_id":""`, ReasonRange, `conversation_id: must be 1 to 255 bytes long, got 0: ""`},
		{`"id":""`, ReasonRange, `id: must be 1 to 128 bytes long, got 0: ""`},
		{`"csat":7`, ReasonRange, "csat: must be an integer from 1 to 5, got 7"},
		{`"csat":0`, ReasonRange, "csat: must be an integer from 1 to 5, got 0"},
		{`"csat":4.5`, ReasonRange, "csat: must be an integer from 1 to 5, got 4.5"},
		{`"csat":-4`, ReasonRange, "csat: must be an integer from 1 to 5, got -4"},
		{`"turns":-0`, ReasonRange, "turns: must be an integer from 1 to 9007199254740992, got -0"},
		{`"turns":9007199254740993`, ReasonRange, "turns: must be an integer from 1 to 9007199254740992, got 9007199254740993"},
		{`"turns_delta":1e400`, ReasonRange, "turns_delta: must be an integer from 1 to 9007199254740992, got 1e400"},
		{`"episode":1001`, ReasonRange, "episode: must be an integer from 1 to 1000, got 1001"},
		{`"survey_sent":false`, ReasonRange, "survey_sent: must be true, got false"},
		{`"time":"yesterday"`, ReasonRange, `time: must be an RFC 3339 time of the years 1 to 9999, with T and Z in upper case and at most 59 seconds, got "yesterday"`},
		{`"time":"0001-01-01T00:00:00Z"`, ReasonRange, `time: must be an RFC 3339 time of the years 1 to 9999, with T and Z in upper case and at most 59 seconds, got "0001-01-01T00:00:00Z"`},
		{`"resolution":{"resolved":true,"seconds":-1}`, ReasonRange, "resolution.seconds: must be a number >= 0, got -1"},
		{`"resolution":{"resolved":true,"seconds":1e309}`, ReasonRange, "resolution.seconds: must be a finite number >= 0, got 1e309"},
		{`"cost":{"usd":-0.01}`, ReasonRange, "cost.usd: must be a number >= 0, got -0.01"},
		{`"cost":{"usd":1,"detail":{"model":-1}}`, ReasonRange, "cost.detail.model: must be a number >= 0, got -1"},
		{`"cost":{"usd":1,"detail":{"":1}}`, ReasonRange, `cost.detail: the name of a component must be 1 to 64 bytes long, got 0: ""`},
		{`"cost":{"usd":0.42,"detail":{"model":0.3,"tools":0.2}}`, ReasonRange, "cost.detail: components add up to 0.5, more than usd 0.42"},
		{`"cost":{"usd":1,"detail":{"model":1.000002}}`, ReasonRange, "cost.detail: components add up to 1.000002, more than usd 1"},
		{`"cost":{"usd":0,"detail":{"model":2e-9}}`, ReasonRange, "cost.detail: components add up to 2e-09, more than usd 0"},
		{`"cost_delta":{"detail":{"model":0.5},"usd":0.42}`, ReasonRange, "cost_delta.detail: components add up to 0.5, more than usd 0.42"},
		{`"cost":{"usd":1.7e308,"detail":{"a":1.7e308,"b":1.7e308}}`, ReasonRange, "cost.detail: components add up to +Inf, more than usd 1.7e+308"},

		// Not text.
		{"\"intent\":\"a\x07b\"", ReasonText, `intent: must be text, got control character U+0007 in "a\ab"`},
		{`"intent":"a\u0000b"`, ReasonText, `intent: must be text, got control character U+0000 in "a\\u0000b"`},
		{`"intent":"a\nb"`, ReasonText, `intent: must be text, got control character U+000A in "a\\nb"`},
		{`"intent":"\b"`, ReasonText, `intent: must be text, got control character U+0008 in "\\b"`},
		{`"intent":"\f"`, ReasonText, `intent: must be text, got control character U+000C in "\\f"`},
		{`"intent":"\r"`, ReasonText, `intent: must be text, got control character U+000D in "\\r"`},
		{`"intent":"\t"`, ReasonText, `intent: must be text, got control character U+0009 in "\\t"`},
		{"\"intent\":\"\x7f\"", ReasonText, `intent: must be text, got control character U+007F in "\x7f"`},
		{"\"intent\":\"\u0085\"", ReasonText, `intent: must be text, got control character U+0085 in "\u0085"`},
		{`"intent":"\u009F"`, ReasonText, `intent: must be text, got control character U+009F in "\\u009F"`},
		{"\"intent\":\"caf\xe9\"", ReasonText, `intent: must be text, got invalid UTF-8 in "caf\xe9"`},
		{"\"intent\":\"\xed\xa0\x80\"", ReasonText, `intent: must be text, got invalid UTF-8 in "\xed\xa0\x80"`},
		{`"intent":"\ud83d"`, ReasonText, `intent: must be text, got lone surrogate U+D83D in "\\ud83d"`},
		{`"intent":"\ude00\ud83d"`, ReasonText, `intent: must be text, got lone surrogate U+DE00 in "\\ude00\\ud83d"`},
		{`"intent":"\ud83d\\de00"`, ReasonText, `intent: must be text, got lone surrogate U+D83D in "\\ud83d\\\\de00"`},
		{`"intent":"\ud83dxude00"`, ReasonText, `intent: must be text, got lone surrogate U+D83D in "\\ud83dxude00"`},
		{`"intent":"\ud83d\u0041"`, ReasonText, `intent: must be text, got lone surrogate U+D83D in "\\ud83d\\u0041"`},
		{`"time":"2026\u0000"`, ReasonText, `time: must be text, got control character U+0000 in "2026\\u0000"`},
		{`"escalation":{"escalated":false,"reason":"\u0001"}`, ReasonText, `escalation.reason: must be text, got control character U+0001 in "\\u0001"`},
		{`"cost":{"usd":1,"detail":{"mo\u0001":1}}`, ReasonText, `cost.detail: a field name must be text, got control character U+0001 in "mo\\u0001"`},
		{"\"in\xfftent\":1", ReasonText, `a field name must be text, got invalid UTF-8 in "in\xfftent"`},

		// Missing: what is wrong elsewhere comes first.
		{`"resolution":{}`, ReasonMissing, "resolution.resolved: required"},
		{`"escalation":{"reason":"asked"}`, ReasonMissing, "escalation.escalated: required"},
		{`"cost":{}`, ReasonMissing, "cost.usd: required"},
		{`"id":"1","cost_delta":{"detail":{"model":1}}`, ReasonMissing, "cost_delta.usd: required"},
		{`"turns_delta":1`, ReasonMissing, "id: required beside turns_delta and cost_delta"},
		{`"cost_delta":{"usd":1}`, ReasonMissing, "id: required beside turns_delta and cost_delta"},
		{`"experiment":"e"`, ReasonMissing, "variant: required beside experiment"},
		{`"experiment":"e","variant":""`, ReasonMissing, "variant: required beside experiment"},
		{`"variant":"v","experiment":""`, ReasonMissing, "experiment: required beside variant"},
		{`"resolution":{},"csat":7`, ReasonRange, "csat: must be an integer from 1 to 5, got 7"},
	} {
		got := rejected(t, c.fields)
		if got.Reason != c.reason || got.Error() != c.want {
			t.Errorf("%s:\n got %s %q\nwant %s %q", c.fields, got.Reason, got, c.reason, c.want)
		}
	}
}

func TestRejectFirstError(t *testing.T) {
	fields := []string{`"csat":7`, `"intent":4`, `"colour":1`, `"tier":"\u0001"`, `"cost":{"usd":1,"detail":{"a":2}}`}
	for _, first := range fields {
		want := rejected(t, first)
		for _, second := range fields {
			if first == second {
				continue
			}
			if got := rejected(t, first+","+second); *got != *want {
				t.Errorf("%s then %s: got %q, want %q", first, second, got, want)
			}
		}
	}
}

// TestRejectEcho looks at how much of a bad value an error repeats.
func TestRejectEcho(t *testing.T) {
	long := strings.Repeat("x", 300)
	var many []string
	for i := range MaxComponents + 1 {
		many = append(many, fmt.Sprintf(`"c%d":0`, i))
	}
	for _, c := range []struct {
		fields, want string
	}{
		{`"intent":"` + long + `"`, `intent: must be at most 64 bytes long, got 300: "` + long[:64] + `"...`},
		{`"intent":"` + long[:65] + `"`, `intent: must be at most 64 bytes long, got 65: "` + long[:64] + `"...`},
		{`"intent":"x` + strings.Repeat("é", 40) + `"`, `intent: must be at most 64 bytes long, got 81: "x` + strings.Repeat("é", 31) + `"...`},
		{`"id":"` + long[:129] + `"`, `id: must be 1 to 128 bytes long, got 129: "` + long[:64] + `"...`},
		{`"csat":"` + long[:64] + `"`, `csat: must be an integer from 1 to 5, got string "` + long[:64] + `"`},
		{`"csat":"` + long + `"`, `csat: must be an integer from 1 to 5, got string "` + long[:64] + `"...`},
		{`"csat":` + strings.Repeat("9", 300), `csat: must be an integer from 1 to 5, got ` + strings.Repeat("9", 64) + "..."},
		{`"tier":` + strings.Repeat("9", 300), `tier: must be a string, got number ` + strings.Repeat("9", 64) + "..."},
		{`"tier":"` + strings.Repeat("\x80", 300) + `"`, `tier: must be text, got invalid UTF-8 in "` + strings.Repeat(`\x80`, 64) + `"...`},
		{`"` + long + `":1`, long[:64] + `: unknown field`},
		{`"cost":{"usd":1,"detail":{"` + long + `":1}}`, `cost.detail: the name of a component must be 1 to 64 bytes long, got 300: "` + long[:64] + `"...`},
		{`"cost":{"usd":1,"detail":{` + strings.Join(many, ",") + `}}`, "cost.detail: must have at most 64 components, got more"},
	} {
		if got := rejected(t, c.fields).Error(); got != c.want {
			t.Errorf("%.80s:\n got %s\nwant %s", c.fields, got, c.want)
		}
	}
}

// TestRejectKeepsCustomerSecret tries every way for a customer's id to be bad.
func TestRejectKeepsCustomerSecret(t *testing.T) {
	for _, c := range []struct {
		value, want string
	}{
		{`770077`, "must be a string, got number"},
		{`["770077"]`, "must be a string, got an array"},
		{`{"770077":770077}`, "must be a string, got an object"},
		{`null`, "must be a string, got null"},
		{`"770077\u0000"`, "must be text, got control character U+0000 in a string of 12 bytes"},
		{"\"770077\xff\"", "must be text, got invalid UTF-8 in a string of 7 bytes"},
		{`"` + strings.Repeat("770077", 50) + `"`, "must be at most 255 bytes long, got 300"},
		{`"770077","customer_id":"770077"`, "given twice"},
	} {
		if got := rejected(t, `"customer_id":`+c.value); got.Field != "customer_id" || got.Message != c.want {
			t.Errorf("%s: got %q, want %q", c.value, got, c.want)
		}
	}
}

// TestRejectOutlivesBody reads an error after its body was overwritten.
func TestRejectOutlivesBody(t *testing.T) {
	for _, fields := range []string{
		`"colour":1`, `"csat":7`, `"csat":"five"`, `"intent":"\u0001"`, `"resolution":{"colour":1}`,
		`"cost":{"usd":1,"detail":{"a":-1}}`, `"time":"now"`, `"` + strings.Repeat("x", 99) + `":1`,
	} {
		body := []byte(`{` + fields + `}`)
		var (
			d   Decoder
			err error
		)
		if e := d.Decode(body, JSON, func(_ int, _ *Event, e error) bool { err = e; return true }); e != nil {
			t.Fatal(e)
		}
		before := strings.Clone(err.Error())
		for i := range body {
			body[i] = '#'
		}
		if err.Error() != before || !utf8.ValidString(before) {
			t.Errorf("%s: %q became %q", fields, before, err)
		}
	}
}
