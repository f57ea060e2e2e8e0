package e2e

import (
	"net/http"
	"testing"
)

// A page cannot have a visitor's browser push or reload: a request without a media
// type needs no leave of the server to be sent, and a push without one is JSON. That
// it is a page of this site is what any site can have a browser believe. Programs,
// which say nothing of where they come from, are let in.
func TestBrowsers(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--web.enable-lifecycle")
	own := "http://" + e.address()
	for _, tc := range []struct {
		name    string
		headers []string
		refused bool
	}{
		{"program", nil, false},
		{"page of another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, true},
		{"page of a neighbour", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"}, true},
		{"old browser", []string{"Origin", "https://evil.example"}, true},
		{"hidden page", []string{"Origin", "null"}, true},
		{"own page, or one whose name points here", []string{"Sec-Fetch-Site", "same-origin", "Origin", own}, true},
		{"the same in an old browser", []string{"Origin", own}, true},
		{"a browser without a page", []string{"Sec-Fetch-Site", "none"}, true},
		{"Node", []string{"Sec-Fetch-Mode", "cors"}, false},
	} {
		for _, path := range []string{eventsPath, "/v1/logs", reloadPath} {
			r := e.request(http.MethodPost, path, []byte(goodEvent), tc.headers...)
			if got := r.status == http.StatusForbidden; got != tc.refused {
				t.Errorf("%s: POST %s: got %d, refused %t, want %t: %s", tc.name, path, r.status, got, tc.refused, r.body)
			}
			if tc.refused {
				wantProtection(t, tc.name, r.header)
			}
		}
		if r := e.get("/metrics", tc.headers...); r.status != http.StatusOK || r.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: GET: %d, %v", tc.name, r.status, r.header)
		}
		if r := e.request(http.MethodOptions, eventsPath, nil, append(tc.headers, "Access-Control-Request-Method", "POST")...); r.status/100 == 2 {
			t.Errorf("%s: a preflight is answered with %d", tc.name, r.status)
		}
	}
	if got := e.own()["support_exporter_events_accepted_total"]; got != 1 {
		t.Errorf("%v events accepted, want the programs' one", got)
	}
}
