package client

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
)

// maxMessage bounds what of a foreign answer is quoted in an error.
const maxMessage = 300

// Result is what became of the events of one call.
type Result struct {
	Accepted   int          `json:"accepted"`
	Duplicates int          `json:"duplicates"` // counted before: as good as accepted
	Rejected   int          `json:"rejected"`   // never to be counted: resending them does not help
	Errors     []EventError `json:"errors"`     // why, by rising index
}

// Events is the number of events that were answered.
func (r Result) Events() int { return r.Accepted + r.Duplicates + r.Rejected }

// add appends the result of the events that follow r's.
func (r Result) add(next Result) Result {
	shift := r.Events()
	r.Accepted += next.Accepted
	r.Duplicates += next.Duplicates
	r.Rejected += next.Rejected
	for _, e := range next.Errors {
		e.Index += shift
		r.Errors = append(r.Errors, e)
	}
	return r
}

// EventError is why the exporter rejected one event.
type EventError struct {
	Index   int    `json:"index"` // of the event within the call
	Field   string `json:"field"` // "" for the event as a whole
	Message string `json:"message"`
}

// Error gives the field and the message.
func (e EventError) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// StatusError is an HTTP answer that takes no event in.
type StatusError struct {
	Code    int    // the HTTP status
	Message string // the answer's own words, on one line and cut
}

// Error gives the status and the message.
func (e *StatusError) Error() string {
	status := fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code))
	if e.Message == "" {
		return status
	}
	return status + ": " + e.Message
}

// readResult reads the answer to a request of n events. It is false if the
// answer does not account for each of them, which no exporter does that took
// them in: something else is listening there.
func readResult(body []byte, n int) (Result, bool) {
	var r Result
	if err := json.Unmarshal(body, &r); err != nil || r.Events() != n {
		return Result{}, false
	}
	if min(r.Accepted, r.Duplicates, r.Rejected) < 0 || max(r.Accepted, r.Duplicates, r.Rejected) > n {
		return Result{}, false // the sum of large numbers may be anything
	}
	for _, e := range r.Errors {
		if e.Index < 0 || e.Index >= n {
			return Result{}, false
		}
	}
	return r, true
}

// newStatusError quotes the exporter's message, or the beginning of whatever
// was answered in its place.
func newStatusError(code int, body []byte) *StatusError {
	var r Result
	if json.Unmarshal(body, &r) == nil && len(r.Errors) > 0 {
		return &StatusError{Code: code, Message: quote(r.Errors[0].Error())}
	}
	return &StatusError{Code: code, Message: quote(string(body[:min(len(body), maxMessage)]))}
}

// quote makes foreign text fit for one line of a log or a terminal.
func quote(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	text = strings.Join(words, " ")
	return strings.ToValidUTF8(text[:min(len(text), maxMessage)], "")
}
