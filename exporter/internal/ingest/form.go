package ingest

import (
	"mime"
	"net/http"
	"strings"
	"time"

	"supportexporter/exporter/internal/cloudevents"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/otlp"
)

// form is how the events of a request lie in its body, and in its headers.
type form int

// The forms there are. The first two are the contract's own; of the others an
// event is made into a line of the second before it is read.
const (
	formJSON form = iota
	formNDJSON
	formCloudEvent
	formCloudEvents
	formBinaryCloudEvent
	formProtobufLogs
	formJSONLogs
)

// formOf says how a request's events lie. A push that does not say is JSON.
func formOf(r *http.Request) (form, error) {
	if r.URL.Path == LogsPath {
		return logsForm(r)
	}
	header := r.Header.Get("Content-Type")
	media := header
	if media != "" && media != "application/json" && media != "application/x-ndjson" { // nearly never
		parsed, _, err := mime.ParseMediaType(header)
		if err == nil {
			media = parsed
		}
	}
	binary := cloudevents.IsBinary(r.Header)
	switch media {
	case "", "application/json":
		if binary {
			return formBinaryCloudEvent, nil
		}
		return formJSON, nil
	case "application/x-ndjson":
		if !binary {
			return formNDJSON, nil
		}
	case "application/cloudevents+json":
		return formCloudEvent, nil
	case "application/cloudevents-batch+json":
		return formCloudEvents, nil
	}
	want := "application/json or application/x-ndjson"
	switch {
	case strings.HasPrefix(media, "application/cloudevents"): // in Avro, say
		want = "application/cloudevents+json or application/cloudevents-batch+json"
	case binary:
		want = "application/json in a CloudEvent of binary mode"
	}
	return 0, refuse(http.StatusUnsupportedMediaType, "media_type", "Content-Type: want %s, got %.100q", want, header)
}

// translate reads the events of a body that is not of the contract's own form.
func (d *desk) translate(decoder *event.Decoder, body []byte, f form, header http.Header, yield func(int, *event.Event, error) bool) error {
	switch f {
	case formProtobufLogs, formJSONLogs:
		var err error
		d.ignored, err = otlp.Each(body, f.encoding(), func(i int, line []byte, err error) bool {
			return emit(decoder, i, line, err, yield)
		})
		return err
	case formBinaryCloudEvent:
		line, err := cloudevents.Binary(header, body)
		emit(decoder, 0, line, err, yield)
		return nil
	}
	mode := cloudevents.Structured
	if f == formCloudEvents {
		mode = cloudevents.Batched
	}
	i := -1
	return cloudevents.Each(body, mode, func(line []byte, err error) bool {
		i++
		return emit(decoder, i, line, err, yield)
	})
}

// emit reads the event that was made of number i. It is one line, so that what
// is wrong in it is its own error.
func emit(decoder *event.Decoder, i int, line []byte, err error, yield func(int, *event.Event, error) bool) (more bool) {
	if err == nil {
		err = decoder.Decode(line, event.NDJSON, func(_ int, e *event.Event, err error) bool {
			more = yield(i, e, err)
			return more
		})
	}
	if err != nil {
		return yield(i, nil, err)
	}
	return more
}

// take puts an event into the batch, or its error into the answer. It wants no
// more of a request that has too many, or too long ones.
func (d *desk) take(i int, e *event.Event, err error, arrival time.Time, batch *ledger.Batch, rules *rules) bool {
	if d.events++; d.events > rules.limits.MaxBatchEvents {
		return false
	}
	if err == nil && e.Experiment != "" {
		err = d.claim(rules.arms, e, arrival)
	}
	if err != nil {
		if d.full = d.takeBytes(errorBytes); d.full != nil {
			return false
		}
		d.answer.reject(i, err)
		return true
	}
	for l, n := range rules.policy.Apply(e) {
		d.overflow[l] += n
	}
	if !e.Time.IsZero() {
		d.delays = append(d.delays, max(0, arrival.Sub(e.Time).Seconds()))
	}
	if batch.Add(e); batch.Bytes() > ledger.MaxBatchBytes {
		d.full = refuse(http.StatusRequestEntityTooLarge, "too_large",
			"the events of a request may take %d bytes in the store's log; these take more", ledger.MaxBatchBytes)
		return false
	}
	return true
}
