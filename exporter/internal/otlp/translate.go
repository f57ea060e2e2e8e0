package otlp

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"supportexporter/exporter/internal/event"
)

// document is an event as JSON has it. Its names come out sorted: the same event
// has the same text, in whatever order its attributes were.
type document map[string]any

// translate makes the event of the decoded log record; nil if it is none.
func (r *reader) translate() ([]byte, error) {
	if r.attribute(conversationID) == nil {
		r.ignored.NoConversation++
		return nil, nil
	}
	d := document{}
	ours, others := 0, 0
	for _, a := range r.log.Attributes {
		way := path(a.GetKey())
		switch {
		case a.GetValue().GetValue() == nil: // as SDKs send what was not set
			continue
		case way != nil && a.Key != conversationID:
			ours++
		case way == nil && strings.HasPrefix(a.Key, prefix):
			others++
		}
		if err := d.put(way, a.Value); err != nil {
			return nil, err
		}
	}
	if score := r.csat(); score != nil {
		ours++
		if err := d.put([]string{"csat"}, score); err != nil {
			return nil, err
		}
	}
	if ours == 0 {
		r.ignored.NothingOfOurs++
		return nil, nil
	}
	r.ignored.Attributes += others
	return r.finish(d)
}

// attribute gives the value of an attribute, nil where it has none.
func (r *reader) attribute(key string) *commonpb.AnyValue {
	for _, a := range r.log.Attributes {
		if a.GetKey() == key && a.GetValue().GetValue() != nil {
			return a.Value
		}
	}
	return nil
}

// put sets the value at a path; at none, it does nothing.
func (d document) put(path []string, v *commonpb.AnyValue) error {
	if path == nil {
		return nil
	}
	value, err := scalar(v)
	name := strings.Join(path, ".")
	if err != nil {
		return rejected(name, event.ReasonType, "%v", err)
	}
	for ; len(path) > 1; path = path[1:] {
		inner, ok := d[path[0]].(document)
		if !ok {
			inner = document{}
			d[path[0]] = inner
		}
		d = inner
	}
	if _, twice := d[path[0]]; twice {
		return rejected(name, event.ReasonDuplicate, "given twice")
	}
	d[path[0]] = value
	return nil
}

// scalar gives the value of an attribute as encoding/json writes it.
func scalar(v *commonpb.AnyValue) (any, error) {
	switch v := v.Value.(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue, nil
	case *commonpb.AnyValue_BoolValue:
		return v.BoolValue, nil
	case *commonpb.AnyValue_IntValue:
		return v.IntValue, nil
	case *commonpb.AnyValue_DoubleValue:
		if math.IsNaN(v.DoubleValue) || math.IsInf(v.DoubleValue, 0) {
			return nil, fmt.Errorf("must be a finite number, got %v", v.DoubleValue)
		}
		return v.DoubleValue, nil
	case *commonpb.AnyValue_ArrayValue:
		return nil, errors.New("must be a string, a boolean or a number, got an array")
	case *commonpb.AnyValue_KvlistValue:
		return nil, errors.New("must be a string, a boolean or a number, got a map")
	}
	return nil, errors.New("must be a string, a boolean or a number, got bytes")
}

// csat gives the score of a customer's answer that was recorded as an
// evaluation; nil if this is none.
func (r *reader) csat() *commonpb.AnyValue {
	name := r.log.EventName
	if name == "" {
		name = r.attribute("event.name").GetStringValue() // where it was before records had a field for it
	}
	if name != "gen_ai.evaluation.result" || !strings.EqualFold(r.attribute("gen_ai.evaluation.name").GetStringValue(), "csat") {
		return nil
	}
	return r.attribute("gen_ai.evaluation.score.value")
}

// finish adds the time, and the id of a record that brings none: a hash of what
// the record says, its time and its span, so that an exporter's retry is a
// duplicate. A record without a time gets no id, for nothing would tell two
// increments from one that was sent twice.
func (r *reader) finish(d document) ([]byte, error) {
	nanos := r.log.TimeUnixNano
	if nanos == 0 {
		nanos = r.log.ObservedTimeUnixNano
	}
	if nanos == 0 {
		return json.Marshal(d)
	}
	d["time"] = time.Unix(int64(nanos/1e9), int64(nanos%1e9)).UTC().Format(time.RFC3339Nano)
	line, err := json.Marshal(d)
	if err != nil || d["id"] != nil {
		return line, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%x %x ", r.log.TraceId, r.log.SpanId)
	h.Write(line)
	d["id"] = fmt.Sprintf("otlp-%x", h.Sum(nil)[:16])
	return json.Marshal(d)
}
