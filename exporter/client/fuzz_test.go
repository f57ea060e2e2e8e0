package client

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// FuzzAnswer has anything answer a push. A result accounts for each event, and
// an error can be logged as it is.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"accepted":1,"duplicates":0,"rejected":1,"errors":[{"index":1,"field":"csat","message":"must be an integer from 1 to 5, got 7"}]}`,
		`{"accepted":0,"duplicates":0,"rejected":0,"errors":[{"index":-1,"field":"","message":"over the rate"}]}`,
		`{"errors":[{"message":"\u001b[2J\n` + strings.Repeat("é", maxMessage) + `"}]}`,
		`{"accepted":9223372036854775807,"duplicates":9223372036854775807,"rejected":4}`,
		"<html>\n  please log in", "\x00\xff", "null", "",
	} {
		f.Add(uint16(http.StatusOK), "", []byte(body), uint16(2))
		f.Add(uint16(http.StatusServiceUnavailable), "4", []byte(body), uint16(2))
		f.Add(uint16(http.StatusForbidden), "99999999999", []byte(body), uint16(2))
	}
	f.Fuzz(func(t *testing.T, code uint16, after string, body []byte, events uint16) {
		n := int(events)
		resp := &http.Response{StatusCode: int(code), Header: http.Header{"Retry-After": {after}}}
		r, err := judge(resp, body, n)
		if err != nil {
			checkAnswerError(t, err)
			return
		}
		if r.Events() != n || min(r.Accepted, r.Duplicates, r.Rejected) < 0 || max(r.Accepted, r.Duplicates, r.Rejected) > n {
			t.Errorf("%+v is the answer for %d events", r, n)
		}
		for _, e := range r.Errors {
			if e.Index < 0 || e.Index >= n {
				t.Errorf("an error of event %d of %d", e.Index, n)
			}
		}
	})
}

func checkAnswerError(t *testing.T, err error) {
	t.Helper()
	if retry, ok := err.(*temporary); ok && (retry.after < 0 || retry.after > 24*time.Hour) {
		t.Errorf("try again after %v", retry.after)
	}
	text := err.Error()
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || len(text) > 2*maxMessage {
		t.Errorf("%q: not fit for a log", text)
	}
}
