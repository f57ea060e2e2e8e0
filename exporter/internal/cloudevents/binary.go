package cloudevents

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"supportexporter/exporter/internal/event"
)

// IsBinary says whether a request is a CloudEvent in binary mode: whether its
// headers name any attribute that every CloudEvent has. Headers that merely
// begin like those may be anybody's.
func IsBinary(h http.Header) bool {
	return h["Ce-Specversion"] != nil || h["Ce-Id"] != nil || h["Ce-Source"] != nil || h["Ce-Type"] != nil
}

// Binary reads the CloudEvent whose attributes are in the headers, as ce-id, and
// whose data are the body. It returns as Each yields.
func Binary(h http.Header, body []byte) ([]byte, error) {
	a := attributes{}
	for _, field := range [...]string{"specversion", "id", "source", "type", "time"} {
		values := h.Values("Ce-" + field)
		if len(values) == 0 {
			continue
		}
		if len(values) > 1 {
			return nil, rejected(field, event.ReasonDuplicate, "given twice")
		}
		text, err := decodeHeader(values[0])
		if err != nil {
			return nil, rejected(field, event.ReasonText, "must be text in percent encoding: %v", err)
		}
		if !utf8.ValidString(text) {
			return nil, rejected(field, event.ReasonText, "must be text, got invalid UTF-8 in %.64q", text)
		}
		a[field], _ = json.Marshal(text) // a string always has a form
	}
	if len(body) > 0 {
		a["data"] = body
	}
	return a.line()
}

// decodeHeader undoes what the HTTP binding does to an attribute's value: what
// a header cannot carry is in percent encoding, and some senders still quote.
func decodeHeader(value string) (string, error) {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		var b strings.Builder
		for i := 1; i < len(value)-1; i++ {
			if value[i] == '\\' && i+1 < len(value)-1 {
				i++
			}
			b.WriteByte(value[i])
		}
		value = b.String()
	}
	return url.PathUnescape(value)
}
