package client

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/event"
)

// The form of every field, and that absent ones are left out.
func TestEventJSON(t *testing.T) {
	tests := []struct {
		name  string
		event Event
		want  string
	}{
		{"opens a conversation", Event{}, `{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z"}`},
		{"time", Event{Time: time.Date(2026, 1, 2, 3, 4, 5, 60e6, time.FixedZone("", 3600))},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05.06+01:00"}`},
		{"labels", Event{CustomerID: "u", Intent: "refund", Tier: "gold", Language: "pt-BR"},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z","customer_id":"u","intent":"refund","tier":"gold","language":"pt-BR"}`},
		{"experiment", Event{Experiment: "x", Variant: "v"},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z","experiment":"x","variant":"v"}`},
		{"unresolved", Event{Resolution: &Resolution{}},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z","resolution":{"resolved":false}}`},
		{"resolved in no time", Event{Resolution: &Resolution{Resolved: true, Seconds: new(0.0), Confirmed: new(false)}},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z","resolution":{"resolved":true,"seconds":0,"confirmed":false}}`},
		{"not escalated", Event{Escalation: &Escalation{}},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z","escalation":{"escalated":false}}`},
		{"escalated", Event{Escalation: &Escalation{Escalated: true, Reason: "policy"}},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z","escalation":{"escalated":true,"reason":"policy"}}`},
		{"free of cost", Event{Cost: &Cost{Detail: map[string]float64{}}},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z","cost":{"usd":0}}`},
		{"totals", Event{Turns: 8, Cost: &Cost{USD: 0.25, Detail: map[string]float64{"llm": 0.2}}},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z","turns":8,"cost":{"usd":0.25,"detail":{"llm":0.2}}}`},
		{"increments", Event{TurnsDelta: 1, CostDelta: &Cost{USD: 1e-7}},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z","turns_delta":1,"cost_delta":{"usd":1e-7}}`},
		{"survey", Event{SurveySent: true, CSAT: 5, Episode: 2},
			`{"conversation_id":"c","id":"e","time":"2026-01-02T03:04:05Z","episode":2,"survey_sent":true,"csat":5}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.event.ConversationID, tt.event.ID = "c", "e"
			if tt.event.Time.IsZero() { // else it is of now
				tt.event.Time = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			}
			line, err := tt.event.encode()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(line)); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
			var d event.Decoder
			err = d.Decode(line, event.NDJSON, func(_ int, _ *event.Event, err error) bool {
				if err != nil {
					t.Errorf("the exporter would reject it: %v", err)
				}
				return true
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// The exporter reads back what the agent wrote, field by field.
func TestExporterReadsEvent(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e := Event{
		ConversationID: "c", ID: "e", Time: at, CustomerID: "u", Intent: "refund", Tier: "gold", Language: "en",
		Experiment: "x", Variant: "v", Episode: 3, CSAT: 4, SurveySent: true, Turns: 6,
		Cost:       &Cost{USD: 0.5, Detail: map[string]float64{"llm": 0.5}},
		Resolution: &Resolution{Resolved: true, Seconds: new(90.5), Confirmed: new(true)},
		Escalation: &Escalation{Escalated: true, Reason: "policy"},
	}
	want := event.Event{
		ConversationID: "c", ID: "e", Time: at, CustomerID: "u", Intent: "refund", Tier: "gold", Language: "en",
		Experiment: "x", Variant: "v", Episode: 3, CSAT: 4, Turns: 6,
		Facts:    event.Resolution | event.Escalation | event.Turns | event.Cost | event.SurveySent | event.CSAT,
		Resolved: true, Seconds: 90.5, Confirmed: event.Confirmed, Reason: "policy",
		Cost: event.Money{USD: 0.5, Detail: []event.Component{{Name: "llm", USD: 0.5}}},
	}
	line, err := e.encode()
	if err != nil {
		t.Fatal(err)
	}
	var d event.Decoder
	err = d.Decode(line, event.NDJSON, func(_ int, got *event.Event, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An id stays with its event, so that the caller's own retries are safe too.
func TestSendAssignsIDs(t *testing.T) {
	exporter := &fakeExporter{t: t}
	c := inMemoryClient(t, exporter, Options{})
	defer c.Close(t.Context())
	events := []Event{{ConversationID: "a", TurnsDelta: 1}, {ConversationID: "a", TurnsDelta: 1, ID: "mine"}}
	for _, want := range []Result{{Accepted: 2}, {Duplicates: 2}} {
		got, err := c.Send(t.Context(), events)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
	}
	if len(events[0].ID) < 26 || events[1].ID != "mine" {
		t.Errorf("ids %q and %q", events[0].ID, events[1].ID)
	}
}

func TestEnqueueAssignsIDs(t *testing.T) {
	exporter := &fakeExporter{t: t}
	c := inMemoryClient(t, exporter, Options{})
	enqueue(t, c, Event{ConversationID: "a"}, Event{ConversationID: "a"})
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(exporter.seen) != 2 || exporter.seen[""] {
		t.Errorf("ids %v, want two different ones", exporter.seen)
	}
}

// A time stays with its event, so that the exporter sees how late it comes.
func TestEventsAreOfNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		at := now.Add(-time.Hour)
		var sent []time.Time
		exporter := &fakeExporter{t: t}
		c := inMemoryClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, line := range exporter.lines(r) {
				var e Event
				if err := json.Unmarshal([]byte(line), &e); err != nil {
					t.Error(err)
				}
				sent = append(sent, e.Time)
			}
			answer(200, Result{Accepted: 2})(w, r)
		}), Options{FlushInterval: time.Minute})
		enqueue(t, c, Event{ConversationID: "a"}, Event{ConversationID: "a", Time: at})
		time.Sleep(time.Minute)
		synctest.Wait()
		events := []Event{{ConversationID: "a"}, {ConversationID: "a", Time: at}}
		for range 2 {
			if _, err := c.Send(t.Context(), events); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		late := now.Add(time.Minute)
		if diff := cmp.Diff([]time.Time{now, at, late, at, late, at}, sent); diff != "" {
			t.Errorf("times (-want +got):\n%s", diff)
		}
	})
}
