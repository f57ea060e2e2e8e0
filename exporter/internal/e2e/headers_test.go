package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// protection is what every answer carries that is not to a push.
var protection = map[string]string{
	"X-Content-Type-Options":  "nosniff",
	"X-Frame-Options":         "DENY",
	"Referrer-Policy":         "no-referrer",
	"Cache-Control":           "no-store",
	"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

// wantProtection checks the headers of an answer.
func wantProtection(t *testing.T, what string, h http.Header) {
	t.Helper()
	want := protection
	if strings.Contains(what, eventsPath) || strings.Contains(what, "/v1/logs") {
		want = map[string]string{"X-Content-Type-Options": "nosniff"} // no page, and nobody keeps answers to POST
	}
	for name, value := range want {
		if got := h.Values(name); len(got) != 1 || got[0] != value {
			t.Errorf("%s: %s is %q, want %q", what, name, got, value)
		}
	}
}

const variantOfGreeting = "/api/v1/experiments/greeting/variant?conversation_id=c-1"

// answered are the statuses of all paths, by method, of an exporter that may be
// reloaded and has an experiment. Whatever else is asked for is not there.
var answered = map[string]map[string]int{
	"/":                  {"GET": 200, "HEAD": 200, "POST": 405, "TRACE": 405, "BREW": 405},
	"/metrics":           {"GET": 200, "HEAD": 200, "DELETE": 405, "TRACE": 405},
	"/metrics/exporter":  {"GET": 200, "PUT": 405},
	"/-/healthy":         {"GET": 200, "POST": 405},
	"/-/ready":           {"GET": 200, "POST": 405},
	reloadPath:           {"GET": 405, "POST": 200, "PUT": 200},
	variantOfGreeting:    {"GET": 200, "POST": 405},
	eventsPath:           {"GET": 405, "POST": 400, "TRACE": 405, "BREW": 405},
	"/v1/logs":           {"GET": 405, "POST": 415},
	"/favicon.ico":       {"GET": 404, "POST": 404},
	"/api/v1/events/":    {"POST": 404},
	"/metrics/exporter/": {"GET": 404},
	"/api/v1/experiments/none/variant?conversation_id=c-1": {"GET": 404},
	"/api/v1/experiments/greeting/variant":                 {"GET": 400},
	// What other programs show of themselves: nothing of it is here.
	"/debug/pprof/": {"GET": 404, "POST": 404}, "/debug/pprof": {"GET": 404}, "/debug/pprof/cmdline": {"GET": 404},
	"/debug/pprof/profile?seconds=1": {"GET": 404}, "/debug/pprof/symbol": {"GET": 404, "POST": 404}, "/debug/pprof/trace": {"GET": 404},
	"/debug/pprof/heap": {"GET": 404}, "/debug/pprof/goroutine?debug=2": {"GET": 404}, "/debug/pprof/allocs": {"GET": 404},
	"/debug/pprof/block": {"GET": 404}, "/debug/pprof/mutex": {"GET": 404}, "/debug/pprof/threadcreate": {"GET": 404},
	"/debug/vars": {"GET": 404}, "/debug/requests": {"GET": 404}, "/debug/events": {"GET": 404}, "/debug/fgprof": {"GET": 404},
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--web.enable-lifecycle", "--config.file="+writeFile(t, "config.yml", declared))
	for path, methods := range answered {
		for method, want := range methods {
			what := method + " " + path
			r := e.wantStatus(want, method, path)
			wantProtection(t, what, r.header)
			if got := r.header.Get("Content-Type"); strings.Contains(got, "html") != (path == "/" && want == 200) {
				t.Errorf("%s: media type %q", what, got)
			}
		}
	}
	wantNoScript(t, e.get("/").body)
}

// wantNoScript checks that the landing page needs nothing that its policy
// forbids.
func wantNoScript(t *testing.T, page []byte) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(string(page)))
	elements := map[string]int{}
	for z.Next() != html.ErrorToken {
		token := z.Token()
		if token.Type == html.StartTagToken || token.Type == html.SelfClosingTagToken {
			elements[token.Data]++
			for _, a := range token.Attr {
				if a.Key == "style" || a.Key == "src" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("the landing page has <%s %s=%q>", token.Data, a.Key, a.Val)
				}
			}
		}
	}
	for _, name := range []string{"script", "img", "iframe", "link", "form", "base", "object"} {
		if elements[name] > 0 {
			t.Errorf("the landing page has a <%s>", name)
		}
	}
	if elements["style"] != 1 || elements["a"] != 4 {
		t.Errorf("the landing page has %v, want its style and four links", elements)
	}
}

// Answers that others give in the exporter's name are protected, too, and what
// the operator configures replaces what is built in.
func TestHeadersOfOtherAnswers(t *testing.T) {
	t.Parallel()
	web := writeFile(t, "web.yml", basicUsers+"http_server_config: {headers: {X-Frame-Options: sameorigin}}\nrate_limit: {burst: 1, interval: 1h}\n")
	e := launchExporter(t, t.TempDir(), "--web.config.file="+web)
	e.address()
	for _, tc := range []struct {
		path, frame string
		status      int
	}{{"/metrics", "sameorigin", 401}, {"/metrics", "DENY", 429}} {
		r := e.wantStatus(tc.status, http.MethodGet, tc.path)
		if got := r.header.Get("X-Frame-Options"); got != tc.frame {
			t.Errorf("%d: X-Frame-Options is %q, want %q", tc.status, got, tc.frame)
		}
		r.header.Set("X-Frame-Options", "DENY")
		wantProtection(t, fmt.Sprint(tc.status, tc.path), r.header)
	}
}

// oddRequests are lines that a client may send, and the statuses they earn.
var oddRequests = map[string]int{
	"GET //metrics":                              http.StatusTemporaryRedirect,
	"GET /../etc/passwd":                         http.StatusTemporaryRedirect,
	"GET /..%2f..%2fetc/passwd":                  http.StatusNotFound,
	"GET /%00":                                   http.StatusNotFound,
	"GET /metrics%00":                            http.StatusNotFound,
	"GET /<script>alert(1)</script>":             http.StatusNotFound,
	"GET /%3Cscript%3Ealert(1)":                  http.StatusNotFound,
	"GET //<script>alert(1)</script>":            http.StatusTemporaryRedirect,
	`GET //x"><script>alert(1)?a="><b`:           http.StatusTemporaryRedirect,
	"GET //evil.example/%2e%2e":                  http.StatusTemporaryRedirect,
	`GET /.//\evil.example`:                      http.StatusTemporaryRedirect,
	"GET /%0d%0aSet-Cookie:%20a=b":               http.StatusNotFound,
	"GET //%0d%0aSet-Cookie:%20a=b":              http.StatusTemporaryRedirect,
	"GET /%zz":                                   http.StatusBadRequest,
	"GET relative":                               http.StatusBadRequest,
	"GET http://evil.example/metrics":            http.StatusOK, // as a proxy is asked; it is our own path
	"GET http://evil.example//metrics":           http.StatusTemporaryRedirect,
	"OPTIONS *":                                  http.StatusBadRequest,
	"GET *":                                      http.StatusBadRequest,
	"CONNECT evil.example:443":                   http.StatusMethodNotAllowed,
	"TRACE /":                                    http.StatusMethodNotAllowed,
	"<script> /":                                 http.StatusBadRequest,
	"PRI *":                                      http.StatusBadRequest,
	"GET /" + strings.Repeat("a", 8000):          http.StatusNotFound,
	"GET /" + strings.Repeat("a", 1<<16):         http.StatusRequestHeaderFieldsTooLarge,
	strings.Repeat("A", 8000) + " " + eventsPath: http.StatusMethodNotAllowed,
	"GET /api/v1/experiments/%3Cscript%3E/variant?conversation_id=<script>":                 http.StatusNotFound,
	"GET /api/v1/experiments/greeting/variant?conversation_id=%3Cscript%3E%0d%0a":           http.StatusBadRequest,
	"GET /api/v1/experiments/greeting/variant?conversation_id=%zz<script>":                  http.StatusBadRequest,
	"GET /api/v1/experiments/" + strings.Repeat("%22", 2000) + "/variant?conversation_id=1": http.StatusNotFound,
}

// Odd requests get plain answers: nothing of them comes back as HTML, as a header
// or at length, and a redirect stays on this server.
func TestOddRequests(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml", declared), "--log.level=debug")
	for line, status := range oddRequests {
		what := fmt.Sprintf("%.80q", line)
		r := rawRequest(t, e.address(), line)
		if r.status != status {
			t.Errorf("%s: got %d, want %d: %.200s", what, r.status, status, r.body)
		}
		ours := r.header.Get("X-Content-Type-Options") != ""
		if byNetHTTP := status == http.StatusRequestHeaderFieldsTooLarge || !ours && status == http.StatusBadRequest; !byNetHTTP {
			wantProtection(t, line, r.header)
		}
		if strings.Contains(string(r.body), "<script") || r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: comes back as it was: %v %s", what, r.header, r.body)
		}
		if len(r.body) > 1000 && status != http.StatusOK {
			t.Errorf("%s: an answer of %d bytes: %.100s", what, len(r.body), r.body)
		}
		location, _, _ := strings.Cut(r.header.Get("Location"), "?")
		if status == http.StatusTemporaryRedirect && (!strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") || strings.ContainsAny(location, `\<"`)) {
			t.Errorf("%s: leads to %q", what, location)
		}
	}
	if log := e.output.String(); strings.Contains(log, "evil.example") || strings.Contains(log, "script") {
		t.Errorf("the log repeats what was asked for:\n%s", log)
	}
}

// rawRequest sends a line that no client would, and reads the answer.
func rawRequest(t *testing.T, address, line string) response {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	go func() { // the server may answer and close before all is sent
		_, _ = io.WriteString(conn, line+" HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.80q: %v", line, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%.80q: %v", line, err)
	}
	return response{resp.StatusCode, resp.Header, body}
}

// What the configuration does not allow is refused with the same headers.
func TestHeadersOfRefusals(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeTokens(t, "agent's token"))
	for _, tc := range []struct {
		method, path string
		status       int
	}{{"POST", reloadPath, 403}, {"POST", eventsPath, 401}, {"POST", "/v1/logs", 401}} {
		wantProtection(t, tc.path, e.wantStatus(tc.status, tc.method, tc.path).header)
	}
}
