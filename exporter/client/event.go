package client

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// Event is what happened in one conversation, as the exporter's HTTP interface
// takes it. A zero field is left out, so one event may carry a single fact or
// all of a conversation's. Where zero is a value of its own the field is a
// pointer: Seconds: new(0.0).
//
// Each fact counts once for its conversation and episode, however often and in
// however many events it is sent. Order does not matter either, but a fact
// counts under the labels known by then: send them first, or with every event.
type Event struct {
	ConversationID string    `json:"conversation_id"`      // required, up to 255 bytes
	ID             string    `json:"id,omitzero"`          // the event's own key within its conversation, up to 128 bytes; random if empty
	Time           time.Time `json:"time,omitzero"`        // when it happened; the call of Enqueue or Send if zero
	CustomerID     string    `json:"customer_id,omitzero"` // up to 255 bytes; never exposed
	Episode        int       `json:"episode,omitzero"`     // 1 to 1,000, 1 if zero; one more each time the customer comes back

	// Labels, up to 64 bytes each. The first value stays with the conversation.
	Intent   string `json:"intent,omitzero"`
	Tier     string `json:"tier,omitzero"`
	Language string `json:"language,omitzero"`

	// The arm of an experiment that the conversation is in: both or neither.
	Experiment string `json:"experiment,omitzero"`
	Variant    string `json:"variant,omitzero"`

	// Facts. Turns and costs come as final totals, or as increments from agents
	// that keep no total; within an episode, the kind seen first stands.
	Resolution *Resolution `json:"resolution,omitzero"`
	Escalation *Escalation `json:"escalation,omitzero"`
	Turns      int         `json:"turns,omitzero"`
	TurnsDelta int         `json:"turns_delta,omitzero"`
	Cost       *Cost       `json:"cost,omitzero"`
	CostDelta  *Cost       `json:"cost_delta,omitzero"`
	SurveySent bool        `json:"survey_sent,omitzero"` // implied by CSAT
	CSAT       int         `json:"csat,omitzero"`        // 1 to 5; may come days later
}

// Resolution says that the agent's work ended, and how.
type Resolution struct {
	Resolved  bool     `json:"resolved"`
	Seconds   *float64 `json:"seconds,omitzero"`   // from the conversation's start to its resolution
	Confirmed *bool    `json:"confirmed,omitzero"` // what the customer said, if asked
}

// Escalation says that the conversation was handed to a human.
type Escalation struct {
	Escalated bool   `json:"escalated"` // false is allowed and counts nothing
	Reason    string `json:"reason,omitzero"`
}

// Cost is an amount in US dollars and, where known, what it was spent on.
type Cost struct {
	USD    float64            `json:"usd"`
	Detail map[string]float64 `json:"detail,omitempty"` // US dollars by component: "llm", "tools"
}

// encode gives the event an id and a time if it has none, lest a late delivery
// pass for a late event, and writes it as one line of JSON. It fails where JSON has
// no form for a value: a string that is not UTF-8, a number that is not finite. All
// else is for the exporter to judge.
func (e *Event) encode() ([]byte, error) {
	if e.ID == "" {
		e.ID = rand.Text()
	}
	if e.Time.IsZero() {
		e.Time = time.Now().UTC()
	}
	line, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event of conversation %q: %w", e.ConversationID, err)
	}
	return line, nil
}
