package otlp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"

	"supportexporter/exporter/internal/event"
)

// level is a repeated field on the way from a request to its log records.
type level struct {
	number      protowire.Number
	json, proto string // its names
}

// levels are the way.
var levels = [...]level{
	{1, "resourceLogs", "resource_logs"}, // of ExportLogsServiceRequest
	{2, "scopeLogs", "scope_logs"},       // of ResourceLogs
	{2, "logRecords", "log_records"},     // of ScopeLogs
}

// walkProtobuf calls record for every log record, in order, until it returns an
// error. An empty body is a request without records.
func walkProtobuf(body []byte, record func([]byte) error) error {
	return walkMessage(body, levels[:], record)
}

func walkMessage(b []byte, way []level, record func([]byte) error) error {
	if len(way) == 0 {
		return record(b)
	}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return notProtobuf(n)
		}
		b = b[n:]
		if number != way[0].number || kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
				return notProtobuf(n)
			}
			b = b[n:]
			continue
		}
		part, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return notProtobuf(n)
		}
		b = b[n:]
		if err := walkMessage(part, way[1:], record); err != nil {
			return err
		}
	}
	return nil
}

func notProtobuf(code int) error {
	return fmt.Errorf("not an ExportLogsServiceRequest in protobuf: %w", protowire.ParseError(code))
}

// walkJSON does the same for JSON.
func walkJSON(body []byte, record func([]byte) error) error {
	w := &jsonWalk{Decoder: json.NewDecoder(bytes.NewReader(body)), record: record}
	if len(bytes.TrimSpace(body)) == 0 {
		return event.ErrEmpty
	}
	if err := w.object(levels[:]); err != nil {
		return err
	}
	if _, err := w.Token(); err != io.EOF {
		return w.wrong("nothing behind the request")
	}
	return nil
}

// jsonWalk is where in a request the walk is.
type jsonWalk struct {
	*json.Decoder
	record func([]byte) error
	raw    json.RawMessage // a value that is skipped, or a record
}

// object walks through an object, along the member that is on the way.
func (w *jsonWalk) object(way []level) error {
	if t, err := w.Token(); err != nil || t != json.Delim('{') {
		return w.wrong("an object")
	}
	for w.More() {
		name, err := w.Token()
		switch {
		case err != nil:
			return w.wrong("a name")
		case name == way[0].json || name == way[0].proto:
			err = w.array(way)
		default:
			err = w.value()
		}
		if err != nil {
			return err
		}
	}
	if _, err := w.Token(); err != nil {
		return w.wrong("'}'")
	}
	return nil
}

// array walks through the array of a level; null is an empty one.
func (w *jsonWalk) array(way []level) error {
	t, err := w.Token()
	if err == nil && t == nil {
		return nil
	}
	if t != json.Delim('[') {
		return w.wrong(way[0].json + " to be an array")
	}
	for w.More() {
		if len(way) > 1 {
			err = w.object(way[1:])
		} else if err = w.value(); err == nil {
			err = w.record(w.raw)
		}
		if err != nil {
			return err
		}
	}
	if _, err := w.Token(); err != nil {
		return w.wrong("']'")
	}
	return nil
}

// value reads a value whole.
func (w *jsonWalk) value() error {
	if err := w.Decode(&w.raw); err != nil {
		return w.wrong("a value")
	}
	return nil
}

func (w *jsonWalk) wrong(want string) error {
	return fmt.Errorf("not an ExportLogsServiceRequest in JSON: want %s at offset %d", want, w.InputOffset())
}
