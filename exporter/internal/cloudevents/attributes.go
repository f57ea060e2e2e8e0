package cloudevents

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"strings"
	"time"

	"supportexporter/exporter/internal/event"
)

// specversion is the one that is read. Patches of the specification do not
// change it.
const specversion = "1.0"

// line makes the event of a CloudEvent: its data, with the id and the time of
// the envelope.
func (a attributes) line() ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	data, field, err := a.event()
	if err != nil {
		return nil, err
	}
	if data[0] != '{' {
		return nil, rejected(field, event.ReasonType, "must be an event, a JSON object, got %s", kind(data[0]))
	}
	return a.seal(data)
}

// check sees that the envelope is one: it has what every CloudEvent has, and
// says nothing else of its data than that they are JSON.
func (a attributes) check() error {
	for _, field := range [...]string{"specversion", "id", "source", "type"} {
		value, ok := a[field]
		if !ok {
			return rejected(field, event.ReasonMissing, "required of a CloudEvent")
		}
		text, err := a.text(field)
		switch {
		case err != nil:
			return err
		case text == "":
			return rejected(field, event.ReasonRange, "must not be empty, got %s", value)
		case field == "specversion" && text != specversion:
			return rejected(field, event.ReasonRange, "must be %q, got %.64q", specversion, text)
		}
	}
	if _, err := a.text("time"); err != nil { // an array may have newlines, and be many events
		return err
	}
	media, err := a.text("datacontenttype")
	if err == nil && media != "" && !isJSON(media) {
		err = rejected("datacontenttype", event.ReasonRange, "must be application/json, got %.64q", media)
	}
	return err
}

// text gives an attribute that is a string, "" if there is none.
func (a attributes) text(field string) (string, error) {
	value, ok := a[field]
	if !ok {
		return "", nil
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return "", rejected(field, event.ReasonType, "must be a string, got %s", kind(value[0]))
	}
	return text, nil
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"))
}

// event gives the data of a CloudEvent, which are JSON without newlines, and the
// name of the member they are in.
func (a attributes) event() (data []byte, field string, err error) {
	value, plain := a["data"]
	_, encoded := a["data_base64"]
	switch {
	case plain && encoded:
		return nil, "", rejected("data_base64", event.ReasonDuplicate, "must not stand beside data")
	case plain:
		data, err = compact("data", value)
		return data, "data", err
	case !encoded:
		return nil, "", rejected("data", event.ReasonMissing, "required")
	}
	const name = "data_base64"
	text, err := a.text(name)
	if err != nil {
		return nil, "", err
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, "", rejected(name, event.ReasonRange, "must be base64: %v", err)
	}
	data, err = compact(name, decoded)
	return data, name, err
}

// compact takes the newlines out of JSON.
func compact(field string, data []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		return nil, rejected(field, event.ReasonSyntax, "must be JSON: %v", err)
	}
	return b.Bytes(), nil
}

// seal puts the envelope's id and time into the event, unless it has the same.
// Another would be a contradiction, and none of the two can be dropped: an id
// that is not the sender's makes a resend count twice.
func (a attributes) seal(data []byte) ([]byte, error) {
	own := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &own); err != nil {
		return nil, rejected("data", event.ReasonSyntax, "must be JSON: %v", err)
	}
	sealed := []byte("{")
	for _, field := range [...]string{"id", "time"} {
		outer, given := a[field]
		inner, twice := own[field]
		switch {
		case given && twice && !same(field, unquote(outer), unquote(inner)):
			return nil, rejected(field, event.ReasonRange,
				"that of the CloudEvent and that of its data must be the same, got %.64s and %.64s", outer, inner)
		case given && !twice:
			sealed = append(append(append(append(sealed, '"'), field...), `":`...), outer...)
			sealed = append(sealed, ',')
		}
	}
	if len(own) == 0 {
		sealed = bytes.TrimSuffix(sealed, []byte(","))
	}
	return append(sealed, data[1:]...), nil
}

func unquote(value json.RawMessage) string {
	var text string
	_ = json.Unmarshal(value, &text) // what is no string is the event's error
	return text
}

// same compares texts, or moments: one moment can be written in two zones.
func same(field, a, b string) bool {
	if field != "time" || a == b {
		return a == b
	}
	one, err := time.Parse(time.RFC3339, a)
	other, err2 := time.Parse(time.RFC3339, b)
	return err == nil && err2 == nil && one.Equal(other)
}

func rejected(field string, reason event.Reason, format string, args ...any) error {
	return &event.FieldError{Field: field, Reason: reason, Message: fmt.Sprintf(format, args...)}
}
