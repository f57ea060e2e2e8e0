package client

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestPostAnswers(t *testing.T) {
	short := Result{Accepted: 1}
	wild := Result{Accepted: 1, Rejected: 1, Errors: []EventError{{Index: 2}}}
	negative := Result{Accepted: 3, Rejected: -1}
	tests := []struct {
		name    string
		answers []http.HandlerFunc // the usual answer follows
		want    Result
		retries int64
		err     string // exactly; "" for none
	}{
		{name: "accepted", want: Result{Accepted: 2}},
		{name: "partly rejected is a result", answers: []http.HandlerFunc{
			answer(http.StatusMultiStatus, Result{Accepted: 1, Rejected: 1, Errors: []EventError{{Index: 1, Message: "no"}}}),
		}, want: Result{Accepted: 1, Rejected: 1, Errors: []EventError{{Index: 1, Message: "no"}}}},
		{name: "all rejected is a result", answers: []http.HandlerFunc{
			answer(http.StatusBadRequest, Result{Rejected: 2}),
		}, want: Result{Rejected: 2}},
		{name: "over the rate", answers: []http.HandlerFunc{refuse(429, "Retry-After", "1")},
			want: Result{Accepted: 2}, retries: 1},
		{name: "shutting down", answers: []http.HandlerFunc{refuse(503, "Retry-After", "1"), refuse(503)},
			want: Result{Accepted: 2}, retries: 2},
		{name: "a proxy without a backend", answers: []http.HandlerFunc{refuse(502), refuse(504), refuse(500)},
			want: Result{Accepted: 2}, retries: 3},
		{name: "connection broken", answers: []http.HandlerFunc{abort, abort},
			want: Result{Accepted: 2}, retries: 2},
		{name: "no answer in time", answers: []http.HandlerFunc{hang},
			want: Result{Accepted: 2}, retries: 1},
		{name: "not authorized", answers: []http.HandlerFunc{refuse(401)},
			err: "401 Unauthorized: no, thanks"},
		{name: "forbidden after a retry", answers: []http.HandlerFunc{refuse(503), refuse(403)},
			retries: 1, err: "403 Forbidden: no, thanks"},
		{name: "media type", answers: []http.HandlerFunc{refuse(415)},
			err: "415 Unsupported Media Type: no, thanks"},
		{name: "somebody else's bad request", answers: []http.HandlerFunc{refuse(400)},
			err: "answer does not account for the 2 events: 400 Bad Request: no, thanks"},
		{name: "the exporter's message", answers: []http.HandlerFunc{
			answer(http.StatusUnauthorized, Result{Errors: []EventError{{Message: "no token"}}}),
		}, err: "401 Unauthorized: no token"},
		{name: "a web page", answers: []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<html>\n  please log in"))
		}}, err: "answer does not account for the 2 events: 200 OK: <html> please log in"},
		{name: "an empty answer", answers: []http.HandlerFunc{func(http.ResponseWriter, *http.Request) {}},
			err: "answer does not account for the 2 events: 200 OK"},
		{name: "answers for too few events", answers: []http.HandlerFunc{answer(200, short)},
			err: `answer does not account for the 2 events: 200 OK: {"accepted":1,"duplicates":0,"rejected":0,"errors":null}`},
		{name: "an error of no event", answers: []http.HandlerFunc{answer(207, wild)}, err: "answer does not account for the 2 events: 207 Multi-Status"},
		{name: "negative", answers: []http.HandlerFunc{answer(200, negative)},
			err: `answer does not account for the 2 events: 200 OK: {"accepted":3,"duplicates":0,"rejected":-1,"errors":null}`},
		{name: "a redirect to nowhere", answers: []http.HandlerFunc{refuse(304)}, err: "304 Not Modified: no, thanks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := inMemoryClient(t, &fakeExporter{t: t, script: tt.answers}, Options{})
				defer c.Close(t.Context())
				got, err := c.Post(t.Context(), rawLines(2))
				if text := errorText(err); text != tt.err {
					t.Errorf("error %q, want %q", text, tt.err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("result (-want +got):\n%s", diff)
				}
				stats := c.Stats()
				want := Stats{
					Accepted: int64(tt.want.Accepted), Rejected: int64(tt.want.Rejected), Retries: tt.retries,
				}
				if stats != want {
					t.Errorf("stats %+v, want %+v", stats, want)
				}
			})
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPostNothing(t *testing.T) {
	exporter := &fakeExporter{t: t}
	c := inMemoryClient(t, exporter, Options{})
	defer c.Close(t.Context())
	if got, err := c.Post(t.Context(), nil); err != nil || got.Events() != 0 || exporter.requests != 0 {
		t.Errorf("got %v, %v after %d requests", got, err, exporter.requests)
	}
}

func TestRequest(t *testing.T) {
	tests := []struct {
		name   string
		events int
		token  string
		want   map[string]string
	}{
		{"small", 2, "", map[string]string{"Content-Encoding": "", "Authorization": "", "Content-Type": "application/x-ndjson"}},
		{"large", 200, "s3cret", map[string]string{"Content-Encoding": "gzip", "Authorization": "Bearer s3cret"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exporter := &fakeExporter{t: t}
			server := httptest.NewServer(http.StripPrefix("/support/api/v1/events", exporter))
			defer server.Close()
			c, err := New(Options{URL: server.URL + "/support/", Token: tt.token})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(t.Context())
			got, err := c.Send(t.Context(), conversations(tt.events))
			if err != nil || got.Accepted != tt.events {
				t.Fatalf("got %+v, %v", got, err)
			}
			for name, value := range tt.want {
				if exporter.headers.Get(name) != value {
					t.Errorf("%s: %q, want %q", name, exporter.headers.Get(name), value)
				}
			}
		})
	}
}

// A connection that breaks within the answer says nothing of the events, which
// were counted: the resend finds them to be duplicates.
func TestAnswerCutShort(t *testing.T) {
	exporter := &fakeExporter{t: t}
	cut := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !cut {
			exporter.ServeHTTP(w, r)
			return
		}
		cut = false
		rec := httptest.NewRecorder()
		exporter.ServeHTTP(rec, r)
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write(rec.Body.Bytes()[:10])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	c, err := New(Options{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	got, err := c.Send(t.Context(), conversations(3))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Result{Duplicates: 3}, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestForeignAnswerIsCut(t *testing.T) {
	err := newStatusError(404, []byte(strings.Repeat("ä\n", 5000)))
	if len(err.Error()) > 2*maxMessage || strings.Contains(err.Error(), "\n") {
		t.Errorf("error of %d bytes: %s", len(err.Error()), err)
	}
}
