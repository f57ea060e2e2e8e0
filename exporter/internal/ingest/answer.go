package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/ledger"
)

// Answer is the body of every answer to a push.
type Answer struct {
	Accepted   int     `json:"accepted"`
	Duplicates int     `json:"duplicates"`
	Rejected   int     `json:"rejected"`
	Errors     []Error `json:"errors"`

	body []byte // its JSON
}

// Error says what was wrong with an event, or with the request as a whole.
type Error struct {
	Index   int    `json:"index"` // the event's, from 0; WholeRequest
	Field   string `json:"field"` // "" for all of it
	Message string `json:"message"`

	reason event.Reason
}

// WholeRequest is the index of an error that no single event is to blame for.
const WholeRequest = -1

// errorBytes is about what an error takes in memory, here and as JSON: many more
// than the event that it is about may have.
const errorBytes = 512

func (a *Answer) reject(i int, err error) {
	e := Error{Index: i, Message: err.Error()}
	var field *event.FieldError
	if errors.As(err, &field) {
		e.Field, e.Message, e.reason = field.Field, field.Message, field.Reason
	}
	a.Errors = append(a.Errors, e)
	a.Rejected++
}

// status gives the code of an answer whose events were judged one by one.
func (a *Answer) status() int {
	switch {
	case a.Rejected == 0:
		return http.StatusOK
	case a.Accepted+a.Duplicates == 0:
		return http.StatusBadRequest
	}
	return http.StatusMultiStatus
}

// The headers of every answer. They are shared, since nobody changes them.
var (
	contentType = []string{"application/json"}
	noSniffing  = []string{"nosniff"}
)

// reply writes the answer in the form that the client expects, and gives its code.
func (a *Answer) reply(w http.ResponseWriter, r *http.Request, code int) int {
	if r.URL.Path == LogsPath {
		return a.writeLogs(w, r, code)
	}
	a.write(w, code)
	return code
}

func (a *Answer) write(w http.ResponseWriter, code int) {
	h := w.Header()
	h["Content-Type"], h["X-Content-Type-Options"] = contentType, noSniffing
	if len(a.Errors) == 0 {
		a.body = append(a.body[:0], `{"accepted":`...)
		a.body = strconv.AppendInt(a.body, int64(a.Accepted), 10)
		a.body = append(a.body, `,"duplicates":`...)
		a.body = strconv.AppendInt(a.body, int64(a.Duplicates), 10)
		a.body = append(a.body, `,"rejected":0,"errors":[]}`...)
	} else {
		a.body, _ = json.Marshal(a) // a struct of numbers and strings always has a form
	}
	a.body = append(a.body, '\n')
	w.WriteHeader(code)
	_, _ = w.Write(a.body) // a client that has gone sends again
}

// reasons are all there are for a refusal.
var reasons = []string{
	"method", "unauthorized", "forbidden", "media_type", "encoding", "too_large", "batch", "body", "empty", "syntax",
	"rate", "queue", "inflight", "unavailable", "shutdown", "internal",
}

// refusal is why a request was refused as a whole: nothing of it was counted.
type refusal struct {
	code       int
	reason     string // one of reasons
	message    string
	index      int
	retryAfter int // seconds; 0: not said
}

func (r *refusal) Error() string { return r.message }

func refuse(code int, reason, format string, args ...any) *refusal {
	return &refusal{code: code, reason: reason, message: fmt.Sprintf(format, args...), index: WholeRequest}
}

// refuseFor refuses what may come again after so many seconds.
func refuseFor(seconds int, reason, format string, args ...any) *refusal {
	r := refuse(http.StatusTooManyRequests, reason, format, args...)
	r.retryAfter = seconds
	return r
}

// Recovering answers a push that comes before there is a ledger.
func Recovering(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", strconv.Itoa(retryBusy))
	a := Answer{Errors: []Error{{Index: WholeRequest, Message: "the store is being recovered"}}}
	a.reply(w, r, http.StatusServiceUnavailable)
}

// How long a client should wait before it sends again, in seconds.
const (
	retryBusy        = 1
	retryUnavailable = 5
)

// uncommitted says why the ledger did not take a batch. The cause is for the
// operator: it is logged where it arises, and not shown to clients.
func (h *Handler) uncommitted(err error) error {
	var r *refusal
	switch {
	case errors.Is(err, ledger.ErrClosed):
		r = refuse(http.StatusServiceUnavailable, "shutdown", "%v", ledger.ErrClosed)
		r.retryAfter = retryUnavailable
	default:
		r = refuse(http.StatusServiceUnavailable, "unavailable", "%v", ledger.ErrUnavailable)
		r.retryAfter = retryUnavailable
	}
	return r
}
