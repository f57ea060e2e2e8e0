// Package ingest is the HTTP side of a push: who may, how much, in which form;
// and what the answer says. Events go from here to the ledger, all of a request
// in one batch.
package ingest

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/experiment"
	"supportexporter/exporter/internal/fair"
	"supportexporter/exporter/internal/label"
	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/otlp"
	"supportexporter/exporter/internal/telemetry"
	"supportexporter/exporter/internal/token"
)

// Path is where events are pushed.
const Path = "/api/v1/events"

// Ledger is where events go: package ledger's.
type Ledger interface {
	NewBatch() *ledger.Batch
	Release(*ledger.Batch)
	// Commit blocks until the batch is durable and counted, or is not.
	Commit(*ledger.Batch) (ledger.Result, error)
}

// Handler answers pushes. It implements http.Handler.
type Handler struct {
	ledger  Ledger
	metrics *telemetry.Metrics
	logger  *slog.Logger
	now     func() time.Time
	rules   atomic.Pointer[rules]
	desks   sync.Pool // of *desk
	readers sync.Pool // of *reader

	admission admission
	discards  *fair.Budget
}

// rules are what a reload may change, all of it at once.
type rules struct {
	limits config.Ingest
	policy *label.Policy
	tokens *token.Set // nil: anybody may push
	rate   *fair.Rate // nil: as many as come
	arms   arms
}

// desk is what one request works with; its memory serves the next one.
type desk struct {
	admission *admission
	leave     func() // gives all of this back
	client    string // whose share of it the request has
	bytes     int    // that it has of it

	body     body
	whole    bool  // the body has come
	events   int   // that the request has, as far as it is read
	full     error // why the request is read no farther
	overflow label.Overflow
	delays   []float64          // of events that say when they happened, in seconds
	contrary []*metrics.Counter // one for each event in another variant than its own
	ignored  otlp.Ignored
	answer   Answer
}

// New makes a handler for a configuration. tokens are those of its tokens
// file, nil if it names none; splits are those of its experiments.
func New(l Ledger, c *config.Config, tokens *token.Set, splits experiment.Splits, m *telemetry.Metrics, logger *slog.Logger, now func() time.Time) *Handler {
	h := &Handler{ledger: l, metrics: m, logger: logger, now: now, admission: newAdmission(), discards: fair.NewBudget(maxDiscards)}
	h.desks.New = func() any {
		d := &desk{admission: &h.admission}
		d.leave = func() { h.leave(d) }
		return d
	}
	h.readers.New = func() any { return &reader{} }
	h.Configure(c, tokens, splits)
	for _, r := range event.Reasons() {
		m.Rejected(string(r))
	}
	for _, r := range reasons {
		m.Refused(r)
	}
	m.Observe(telemetry.InflightBytes, h.admission.bytes.Used)
	m.Observe(telemetry.InflightLimit, h.admission.bytes.Limit)
	m.Observe(telemetry.QueueEvents, h.admission.queue.Used)
	m.Observe(telemetry.QueueLimit, h.admission.queue.Limit)
	return h
}

// Configure puts another configuration in force for the requests that come.
func (h *Handler) Configure(c *config.Config, tokens *token.Set, splits experiment.Splits) {
	r := &rules{limits: c.Ingest, policy: label.NewPolicy(c.Labels), tokens: tokens, arms: newArms(splits, h.metrics)}
	r.rate = rateOf(c.Ingest, h.rules.Load())
	h.admission.configure(c.Ingest)
	h.rules.Store(r)
}

// rateOf gives the rate of a configuration, nil for none: that of the rules before,
// if it is the same, since a new one would let a new burst through.
func rateOf(c config.Ingest, before *rules) *fair.Rate {
	switch {
	case c.EventsPerSecond == 0:
		return nil
	case before != nil && before.limits.EventsPerSecond == c.EventsPerSecond && before.limits.MaxBatchEvents == c.MaxBatchEvents:
		return before.rate
	}
	return fair.NewRate(c.EventsPerSecond, c.MaxBatchEvents)
}

// ServeHTTP answers one push.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, h.rules.Load())
}

// Now gives what answers pushes by the rules as they are now, and whether these ask
// for a bearer token: who goes by that must not get other rules.
func (h *Handler) Now() (serve http.HandlerFunc, tokens bool) {
	rules := h.rules.Load()
	return func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, rules) }, rules.tokens != nil
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, rules *rules) {
	if early := h.answer(w, r, rules); early {
		h.discard(w, r)
	}
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, rules *rules) (early bool) {
	began := h.now()
	d := h.desks.Get().(*desk)
	if later, ok := w.(AfterWriter); ok {
		later.AfterWrite(d.leave) // a client that does not read keeps the answer in memory
	} else {
		defer d.leave()
	}
	d.answer, d.whole = Answer{Errors: d.answer.Errors[:0], body: d.answer.body}, false
	code := http.StatusOK
	if err := h.push(d, w, r, began, rules); err != nil {
		code = h.refuse(d, w, err)
		if early = !d.whole && h.answersEarly(w, r); early {
			w = &sized{ResponseWriter: w}
		}
	} else {
		code = d.answer.status()
	}
	code = d.answer.reply(w, r, code)
	h.metrics.Request(code).Inc()
	h.metrics.RequestSeconds.Update(h.now().Sub(began).Seconds())
	return early
}

// AfterWriter is a http.ResponseWriter that writes an answer after the handler has
// returned, or panicked. It calls what AfterWrite gives it when the answer is
// written, or cannot be.
type AfterWriter interface {
	AfterWrite(written func())
}

// push does what a request asks, or says why it is refused as a whole.
func (h *Handler) push(d *desk, w http.ResponseWriter, r *http.Request, began time.Time, rules *rules) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return refuse(http.StatusMethodNotAllowed, "method", "want POST, got %.100s", r.Method)
	}
	var err error
	if d.client, err = authorize(w, r, rules.tokens); err != nil {
		return err
	}
	form, err := formOf(r)
	if err != nil {
		return err
	}
	if err := d.receive(w, r, rules.limits.MaxBodyBytes); err != nil {
		return err
	}
	batch := h.ledger.NewBatch()
	defer h.ledger.Release(batch)
	if err := h.read(d, form, r, began, batch, rules); err != nil {
		return err
	}
	if err := h.enqueue(d, batch.Len(), rules.rate); err != nil {
		return err
	}
	defer h.admission.queue.Return(d.client, batch.Len())
	result, err := h.ledger.Commit(batch)
	if err != nil {
		return h.uncommitted(err)
	}
	d.answer.Accepted, d.answer.Duplicates = result.Accepted, result.Duplicates
	h.report(d)
	return nil
}

// report tells the exporter's own metrics what became of a request's events. A
// request that was refused comes again, and must not count twice.
func (h *Handler) report(d *desk) {
	h.metrics.Accepted.Add(d.answer.Accepted)
	h.metrics.Duplicates.Add(d.answer.Duplicates)
	for _, e := range d.answer.Errors {
		h.metrics.Rejected(string(e.reason)).Inc()
	}
	for l, n := range d.overflow {
		if n > 0 {
			h.metrics.LabelOverflow(label.Name(l).String()).Add(n)
		}
	}
	for _, seconds := range d.delays {
		h.metrics.EventDelay.Update(seconds)
	}
	for _, c := range d.contrary {
		c.Inc()
	}
	h.metrics.LogsNoConversation.Add(d.ignored.NoConversation)
	h.metrics.LogsNothingOfOurs.Add(d.ignored.NothingOfOurs)
	h.metrics.LogAttributesIgnored.Add(d.ignored.Attributes)
}

// read decompresses and decodes the body.
func (h *Handler) read(d *desk, f form, r *http.Request, arrival time.Time, batch *ledger.Batch, rules *rules) error {
	if d.body.isLarge() {
		if err := h.admission.turns.Wait(r.Context(), d.client); err != nil {
			return refuse(http.StatusBadRequest, "body", "the client has gone: %v", err)
		}
		defer h.admission.turns.End()
	}
	x := h.readers.Get().(*reader)
	defer h.release(x)
	body, err := x.inflate(&d.body, rules.limits.MaxBodyBytes)
	if err != nil {
		return err
	}
	if err := x.decode(d, body, f, r.Header, arrival, batch, rules); err != nil {
		return err
	}
	// What was decompressed is gone with the turn; what was made of it stays.
	return d.takeBytes(max(0, batch.Bytes()-d.body.Len()))
}

// decode fills the batch with the body's valid events, and the answer with the
// errors of the others.
func (x *reader) decode(d *desk, body []byte, f form, header http.Header, arrival time.Time, batch *ledger.Batch, rules *rules) error {
	d.events, d.full, d.overflow, d.delays, d.contrary, d.ignored = 0, nil, label.Overflow{}, d.delays[:0], d.contrary[:0], otlp.Ignored{}
	var err error
	switch f {
	case formJSON, formNDJSON:
		format := event.JSON
		if f == formNDJSON {
			format = event.NDJSON
		}
		err = x.decoder.Decode(body, format, func(i int, e *event.Event, err error) bool {
			return d.take(i, e, err, arrival, batch, rules)
		})
	default: // with a function of its own, so that the other stays off the heap
		err = d.translate(&x.decoder, body, f, header, func(i int, e *event.Event, err error) bool {
			return d.take(i, e, err, arrival, batch, rules)
		})
	}
	if d.full != nil {
		return d.full
	}
	if d.events > rules.limits.MaxBatchEvents {
		return refuse(http.StatusRequestEntityTooLarge, "batch", "a request may have %d events, this one has more", rules.limits.MaxBatchEvents)
	}
	var syntax *event.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return &refusal{code: http.StatusBadRequest, reason: "syntax", index: syntax.Index, message: err.Error()}
	case errors.Is(err, event.ErrEmpty):
		return refuse(http.StatusBadRequest, "empty", "%v", err)
	case err != nil:
		return refuse(http.StatusBadRequest, "syntax", "%v", err)
	}
	return nil
}

// refuse makes the answer that of a refused request.
func (h *Handler) refuse(d *desk, w http.ResponseWriter, err error) (code int) {
	var r *refusal
	if !errors.As(err, &r) {
		h.logger.Error("A push failed.", "err", err)
		r = refuse(http.StatusInternalServerError, "internal", "internal error")
	}
	if r.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	h.metrics.Refused(r.reason).Inc()
	d.answer = Answer{Errors: append(d.answer.Errors[:0], Error{Index: r.index, Message: r.message}), body: d.answer.body}
	return r.code
}
