// Package event says what a conversation event is: the fields an agent may
// push, the limits each must keep, how an event is read from JSON and how it
// is written to the journal.
//
// An Event read by a Decoder is valid: every field is within its limits, so
// the stages behind this one never check again. Nothing here knows of HTTP,
// of conversations or of metrics.
package event

import (
	"fmt"
	"time"
)

// The limits of an event's fields. Lengths are in bytes of UTF-8.
const (
	MaxConversationID = 255
	MaxID             = 128
	MaxCustomerID     = 255
	MaxLabel          = 64  // intent, tier, language, experiment, variant
	MaxReason         = 255 // escalation.reason
	MaxComponent      = 64  // a key of cost.detail
	MaxComponents     = 64  // keys in one cost.detail
	MaxEpisode        = 1000
	MaxTurns          = 1 << 53 // integers beyond are not exact in a float64
	MaxCSAT           = 5
)

// Fact is a set of the countable things an event can carry.
type Fact uint16

// One event carries any number of these. Their bits are on disk: add behind
// the last, never reorder.
const (
	Resolution Fact = 1 << iota
	Escalation
	Turns
	TurnsDelta
	Cost
	CostDelta
	SurveySent
	CSAT

	allFacts = CSAT<<1 - 1
)

// Confirmation says whether a customer confirmed a resolution.
type Confirmation uint8

// The values of a Confirmation: an agent may say nothing, yes or no.
const (
	ConfirmationUnsaid Confirmation = iota
	Confirmed
	Denied
)

// NoSeconds is the value of Event.Seconds when a resolution gave none.
const NoSeconds = -1

// Event is one validated conversation event.
//
// Its strings may point into the buffer the event was read from: they are good
// until that buffer is used again, and whoever keeps one longer clones it.
type Event struct {
	ConversationID string
	ID             string    // "" if the event has none
	Time           time.Time // when it happened, in UTC; zero if the event does not say
	CustomerID     string    // as pushed; never journaled, see Customer
	Customer       uint64    // a keyed hash of CustomerID, 0 if the event has none
	Intent         string    // "" where the event does not say, as all labels
	Tier           string
	Language       string
	Experiment     string // "" or set together with Variant
	Variant        string
	Episode        int // 1 to MaxEpisode

	Facts      Fact
	Resolved   bool         // Resolution
	Seconds    float64      // Resolution: time to resolution, or NoSeconds
	Confirmed  Confirmation // Resolution
	Reason     string       // Escalation: "" if not said
	Turns      uint64       // Turns: the conversation's total
	TurnsDelta uint64       // TurnsDelta: an increment
	Cost       Money        // Cost: the conversation's total
	CostDelta  Money        // CostDelta: an increment
	CSAT       int          // CSAT: 1 to 5
}

// Money is an amount in US dollars and what it was spent on.
type Money struct {
	USD    float64
	Detail []Component // adds up to at most USD; names are distinct
}

// Component is a part of a cost.
type Component struct {
	Name string
	USD  float64
}

// Reset makes e an empty event of episode 1, keeping its memory.
func (e *Event) Reset() {
	*e = Event{
		Episode:   1,
		Seconds:   NoSeconds,
		Cost:      Money{Detail: e.Cost.Detail[:0]},
		CostDelta: Money{Detail: e.CostDelta.Detail[:0]},
	}
}

// Reason is why an event was rejected: a closed set, used as a metric's label.
type Reason string

// Every rejected event has one of these.
const (
	ReasonSyntax    Reason = "syntax"    // not JSON
	ReasonUnknown   Reason = "unknown"   // a field this version does not have
	ReasonDuplicate Reason = "duplicate" // a field given twice
	ReasonMissing   Reason = "missing"   // a required field is absent
	ReasonType      Reason = "type"      // a value of the wrong JSON type, or null
	ReasonRange     Reason = "range"     // a value out of its range, over its length or not of its form
	ReasonText      Reason = "text"      // invalid UTF-8, a lone surrogate or a control character
)

// Reasons are all there are.
func Reasons() []Reason {
	return []Reason{ReasonSyntax, ReasonUnknown, ReasonDuplicate, ReasonMissing, ReasonType, ReasonRange, ReasonText}
}

// FieldError is why one event was rejected.
type FieldError struct {
	Field   string // as in the event, "resolution.seconds"; "" for the event as a whole
	Reason  Reason
	Message string // what was wanted and what was got; never a customer id
}

// Error gives the field and the message.
func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return fmt.Sprintf("%s: %s", e.Field, e.Message)
}

// SyntaxError says that a body is not JSON, or not JSON of events, so that no
// event of it can be told from the next.
type SyntaxError struct {
	Index   int   // how many events were read whole before it
	Offset  int64 // in bytes from the body's start
	Message string
}

// Error gives the message and the offset.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at offset %d", e.Message, e.Offset)
}
