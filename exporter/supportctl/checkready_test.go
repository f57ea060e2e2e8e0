package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheckReady(t *testing.T) {
	code := http.StatusOK
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); r.URL.Path != "/sub/-/ready" || user+password != "" && user+password != "meyou" {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, map[bool]string{true: "ready\n", false: "recovering the store\n"}[code == http.StatusOK])
	}))
	defer exporter.Close()
	t.Setenv("SUPPORT_EXPORTER_URL", exporter.URL+"/sub/")
	ask := func(args ...string) invocation {
		return invoke(t.Context(), strings.NewReader(""), append([]string{"check-ready"}, args...)...)
	}
	withPassword := strings.Replace(exporter.URL, "//", "//me:you@", 1)
	if got := ask("--url=" + withPassword + "/sub"); got.code != 0 || got.stdout != exporter.URL+"/sub/-/ready: ready\n" {
		t.Errorf("credentials in the address: %+v", got)
	}
	auth := write(t, "http.yml", "basic_auth: {username: me, password: you}\n")
	for _, args := range [][]string{nil, {"--http.config.file=" + auth}} {
		if got := ask(args...); got.code != 0 || got.stdout != exporter.URL+"/sub/-/ready: ready\n" {
			t.Errorf("%v, ready: %+v", args, got)
		}
	}
	if got := ask("--http.config.file=" + write(t, "bad.yml", "basic: {}\n")); got.code == 0 || !strings.Contains(got.stderr, "bad.yml: ") {
		t.Errorf("a bad file: %+v", got)
	}
	if got := ask("--http.config.file=" + write(t, "other.yml", "basic_auth: {username: me, password: them}\n")); got.code == 0 || !strings.Contains(got.stderr, "404") {
		t.Errorf("other credentials: %+v", got)
	}
	for _, bad := range []string{"http://me:you/1@exporter", "me:you@exporter"} {
		if got := ask("--url=" + bad); got.code == 0 || got.stderr != "supportctl: error: --url must be an http or https address\n" {
			t.Errorf("--url=%s: %+v", bad, got)
		}
	}
	code = http.StatusServiceUnavailable
	if got := ask(); got.code == 0 || !strings.Contains(got.stderr, "503 Service Unavailable: recovering the store") {
		t.Errorf("not ready: %+v", got)
	}
	exporter.Close()
	if got := ask(); got.code == 0 || !strings.Contains(got.stderr, "connect") {
		t.Errorf("not there: %+v", got)
	}
}
