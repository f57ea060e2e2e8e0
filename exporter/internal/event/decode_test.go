package event

import (
	"strings"
	"testing"
	"time"
)

func TestDecodeFields(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want func(*Event)
	}{
		"opening only": {`{"conversation_id":"c"}`, func(*Event) {}},
		"every field": {
			`{"conversation_id":"c","id":"1","time":"2026-03-14T09:26:53.5+01:00","customer_id":"u","intent":"refund",
			"tier":"pro","language":"de","experiment":"e","variant":"v","episode":2,
			"resolution":{"resolved":true,"seconds":12.5,"confirmed":true},
			"escalation":{"escalated":true,"reason":"asked"},"turns":3,"turns_delta":1,
			"cost":{"usd":0.5,"detail":{"model":0.3,"tools":0.2}},"cost_delta":{"usd":0.1,"detail":{"model":0.1}},
			"survey_sent":true,"csat":5}`,
			func(e *Event) {
				*e = Event{
					ConversationID: "c", ID: "1", Time: time.Date(2026, 3, 14, 8, 26, 53, 5e8, time.UTC), CustomerID: "u",
					Intent: "refund", Tier: "pro", Language: "de", Experiment: "e", Variant: "v", Episode: 2,
					Facts:    Resolution | Escalation | Turns | TurnsDelta | Cost | CostDelta | SurveySent | CSAT,
					Resolved: true, Seconds: 12.5, Confirmed: Confirmed, Reason: "asked", Turns: 3, TurnsDelta: 1,
					Cost:      Money{0.5, []Component{{"model", 0.3}, {"tools", 0.2}}},
					CostDelta: Money{0.1, []Component{{"model", 0.1}}},
					CSAT:      5,
				}
			},
		},
		"resolution alone":       {`{"conversation_id":"c","resolution":{"resolved":false}}`, func(e *Event) { e.Facts = Resolution }},
		"escalation alone":       {`{"conversation_id":"c","escalation":{"escalated":true}}`, func(e *Event) { e.Facts = Escalation }},
		"turns alone":            {`{"conversation_id":"c","turns":1}`, func(e *Event) { e.Facts, e.Turns = Turns, 1 }},
		"turns_delta alone":      {`{"conversation_id":"c","id":"1","turns_delta":2}`, func(e *Event) { e.ID, e.Facts, e.TurnsDelta = "1", TurnsDelta, 2 }},
		"cost alone":             {`{"conversation_id":"c","cost":{"usd":2}}`, func(e *Event) { e.Facts, e.Cost.USD = Cost, 2 }},
		"cost_delta alone":       {`{"conversation_id":"c","id":"1","cost_delta":{"usd":0}}`, func(e *Event) { e.ID, e.Facts = "1", CostDelta }},
		"survey_sent alone":      {`{"conversation_id":"c","survey_sent":true}`, func(e *Event) { e.Facts = SurveySent }},
		"csat alone":             {`{"conversation_id":"c","csat":1}`, func(e *Event) { e.Facts, e.CSAT = CSAT, 1 }},
		"denied":                 {`{"conversation_id":"c","resolution":{"confirmed":false,"resolved":true}}`, func(e *Event) { e.Facts, e.Resolved, e.Confirmed = Resolution, true, Denied }},
		"zero seconds":           {`{"conversation_id":"c","resolution":{"seconds":-0,"resolved":true}}`, func(e *Event) { e.Facts, e.Resolved, e.Seconds = Resolution, true, 0 }},
		"not escalated":          {`{"conversation_id":"c","escalation":{"reason":"asked","escalated":false}}`, func(*Event) {}},
		"empty is absent":        {`{"conversation_id":"c","customer_id":"","intent":"","tier":"","language":"","experiment":"","variant":""}`, func(*Event) {}},
		"empty reason":           {`{"conversation_id":"c","escalation":{"reason":"","escalated":true}}`, func(e *Event) { e.Facts = Escalation }},
		"empty detail":           {`{"conversation_id":"c","cost":{"detail":{},"usd":1}}`, func(e *Event) { e.Facts, e.Cost.USD = Cost, 1 }},
		"detail before usd":      {`{"conversation_id":"c","cost":{"detail":{"m":0.42},"usd":0.42}}`, func(e *Event) { e.Facts, e.Cost = Cost, Money{0.42, []Component{{"m", 0.42}}} }},
		"sum beyond rounding":    {`{"conversation_id":"c","cost":{"usd":0.3,"detail":{"a":0.1,"b":0.2}}}`, func(e *Event) { e.Facts, e.Cost = Cost, Money{0.3, []Component{{"a", 0.1}, {"b", 0.2}}} }},
		"sum within tolerance":   {`{"conversation_id":"c","cost":{"usd":1,"detail":{"a":1.0000009}}}`, func(e *Event) { e.Facts, e.Cost = Cost, Money{1, []Component{{"a", 1.0000009}}} }},
		"sum of next to nothing": {`{"conversation_id":"c","cost":{"usd":0,"detail":{"a":1e-9}}}`, func(e *Event) { e.Facts, e.Cost = Cost, Money{0, []Component{{"a", 1e-9}}} }},
		"one component twice": {`{"conversation_id":"c","id":"1","cost":{"usd":1,"detail":{"m":1}},"cost_delta":{"usd":1,"detail":{"m":1}}}`, func(e *Event) {
			e.ID, e.Facts, e.Cost, e.CostDelta = "1", Cost|CostDelta, Money{1, []Component{{"m", 1}}}, Money{1, []Component{{"m", 1}}}
		}},
		"white space":        {" \t\r\n{ \"conversation_id\" :\t\"c\" ,\r\n\"turns\" : 7 } \n", func(e *Event) { e.Facts, e.Turns = Turns, 7 }},
		"escaped name":       {`{"\u0063onversation_id":"c"}`, func(*Event) {}},
		"hexadecimal digits": {`{"conversation_id":"c","intent":"\u00aF\uABCD\uefEF"}`, func(e *Event) { e.Intent = "\u00af\uabcd\uefef" }},
		"escaped values":     {`{"conversation_id":"c","intent":"\"\\\/","tier":"x\u00e9\ud83d\ude00y","language":"\u4f60\uFFFD"}`, func(e *Event) { e.Intent, e.Tier, e.Language = `"\/`, "xé😀y", "你\uFFFD" }},
		"raw UTF-8":          {`{"conversation_id":"c","intent":"rückzahlung","tier":"你好","language":"😀"}`, func(e *Event) { e.Intent, e.Tier, e.Language = "rückzahlung", "你好", "😀" }},
		"longest values": {
			`{"conversation_id":"c","customer_id":"` + strings.Repeat("u", 255) + `","id":"` + strings.Repeat("i", 128) +
				`","cost":{"usd":0,"detail":{"` + strings.Repeat("m", 64) + `":0}},"intent":"` + strings.Repeat("é", 32) + `","escalation":{"escalated":true,"reason":"` + strings.Repeat("r", 255) + `"}}`,
			func(e *Event) {
				e.CustomerID, e.ID, e.Intent = strings.Repeat("u", 255), strings.Repeat("i", 128), strings.Repeat("é", 32)
				e.Facts, e.Reason = Escalation|Cost, strings.Repeat("r", 255)
				e.Cost.Detail = []Component{{strings.Repeat("m", 64), 0}}
			},
		},
		"largest integers": {`{"conversation_id":"c","turns":9007199254740992,"episode":1000}`, func(e *Event) { e.Facts, e.Turns, e.Episode = Turns, 1<<53, 1000 }},
		"ways of writing":  {`{"conversation_id":"c","turns":40e-1,"csat":4.0,"episode":4e0}`, func(e *Event) { e.Facts, e.Turns, e.CSAT, e.Episode = Turns|CSAT, 4, 4, 4 }},
	} {
		t.Run(name, func(t *testing.T) {
			want := event(func(e *Event) { e.ConversationID = "c"; c.want(e) })
			for _, body := range []string{c.body, "[" + c.body + "]"} {
				got, err := decode(t, body, JSON)
				if err != nil {
					t.Fatal(err)
				}
				if d := diff([]result{{Event: want}}, got); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			}
		})
	}
}
