// Package cloudevents reads conversation events from CloudEvents 1.0: in the
// structured, the batched and the binary mode of their HTTP binding.
//
// It is an envelope opener and no more: of a CloudEvent it makes one line of
// JSON as package event reads it, and leaves it to that package to judge what
// is in it. So an event has the same limits and the same errors in whichever
// form it comes. That costs a second reading, which only those pay who send
// CloudEvents.
package cloudevents

import (
	"bytes"
	"encoding/json"
	"errors"

	"supportexporter/exporter/internal/event"
)

// Mode is how CloudEvents lie in a body. The binary mode is Binary's.
type Mode int

// The modes that name their attributes in the body.
const (
	Structured Mode = iota // application/cloudevents+json: one CloudEvent
	Batched                // application/cloudevents-batch+json: an array of them
)

// Each reads body and calls yield for each CloudEvent in order, until yield
// returns false. Either err is nil, and line is an event in JSON without
// newlines, good until yield returns and not yet judged; or err is an
// *event.FieldError, and this CloudEvent alone is rejected.
//
// Each returns event.ErrEmpty for a blank body, and an *event.SyntaxError for
// one that is not JSON, before it yields anything.
func Each(body []byte, m Mode, yield func(line []byte, err error) bool) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return event.ErrEmpty
	}
	var whole json.RawMessage // without the white space around it
	if err := json.Unmarshal(body, &whole); err != nil {
		return syntaxError(err)
	}
	want, bracket := "an object", byte('{')
	if m == Batched {
		want, bracket = "an array of objects", '['
	}
	if first := whole[0]; first != bracket {
		return &event.SyntaxError{Message: "want " + want + ", got " + kind(first)}
	}
	d := json.NewDecoder(bytes.NewReader(whole))
	if m == Structured {
		yield(open(d))
		return nil
	}
	if _, err := d.Token(); err != nil {
		return syntaxError(err)
	}
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return syntaxError(err)
		}
		if !yield(open(json.NewDecoder(bytes.NewReader(raw)))) {
			return nil
		}
	}
	return nil
}

// open makes the event of the CloudEvent that is next.
func open(d *json.Decoder) ([]byte, error) {
	a, err := members(d)
	if err != nil {
		return nil, err
	}
	return a.line()
}

func syntaxError(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return &event.SyntaxError{Offset: syntax.Offset, Message: "not JSON: " + err.Error()}
	}
	return &event.SyntaxError{Message: "not JSON: " + err.Error()}
}

// attributes are those of a CloudEvent that matter here, with its data, as
// JSON. An extension may have any name but these.
type attributes map[string]json.RawMessage

// members reads the object that is next in valid JSON. Its names are told apart
// by case, and none may come twice: who reads the last of two and who reads the
// first would see two events.
func members(d *json.Decoder) (attributes, error) {
	token, err := d.Token()
	if err != nil {
		return nil, rejected("", event.ReasonSyntax, "%v", err)
	}
	if token != json.Delim('{') {
		return nil, rejected("", event.ReasonType, "must be a CloudEvent in JSON, got something else than an object")
	}
	a := attributes{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, rejected("", event.ReasonSyntax, "%v", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, rejected("", event.ReasonSyntax, "%v", err)
		}
		field, _ := name.(string)
		if !known(field) {
			continue
		}
		if a[field] != nil {
			return nil, rejected(field, event.ReasonDuplicate, "given twice")
		}
		a[field] = value
	}
	for field, value := range a {
		if string(value) == "null" { // the format's other way to leave something out
			delete(a, field)
		}
	}
	return a, nil
}

func known(field string) bool {
	switch field {
	case "specversion", "id", "source", "type", "time", "datacontenttype", "data", "data_base64":
		return true
	}
	return false
}

// kind names the type of a JSON value by its first byte.
func kind(first byte) string {
	switch first {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}
