package e2e

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The same of the passwords of a web configuration, right and wrong, in the
// places where they are forgotten to be hashed.
func TestPasswordsNeverAppear(t *testing.T) {
	t.Parallel()
	_, hash, _ := strings.Cut(basicUsers, "$2a$")
	hash, _, _ = strings.Cut(hash, `"`)
	seen := &search{t: t, marks: []string{password, hash, base64.StdEncoding.EncodeToString([]byte(user + ":" + password))}}
	e := launchExporter(t, t.TempDir(), "--log.level=debug", "--web.config.file="+writeFile(t, "web.yml", basicUsers))
	e.address()
	for _, credentials := range []string{user + ":" + password, user + ":not " + password, password + ":" + password, user} {
		for _, path := range []string{"/metrics", "/", eventsPath, "/nowhere"} {
			r := e.request(http.MethodGet, path, nil, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
			seen.in(credentials+path, fmt.Append(r.body, r.header))
		}
	}
	e.client = &http.Client{Transport: basicAuth{e.client.Transport}}
	seen.inAnswers(e)
	for _, web := range []string{
		`basic_auth_users: {prometheus: "PW"}`, `basic_auth_users: {prometheus: "$2a$99$PWPWPW"}`,
		`basic_auth_users: "PW"`, `basic_auth: {prometheus: "PW"}`, `basic_auth_users: [prometheus: "PW"`,
	} {
		web = strings.ReplaceAll(web, "PW", password)
		wantSilentFailure(t, seen, web, "--config.check", "--web.config.file="+writeFile(t, "web.yml", web))
	}
}

// The credentials of --push.url go to the receiver, and nowhere else; a receiver
// that says them is not repeated. In a file of flags they are not in the list of
// processes, either.
func TestPushCredentialsNeverAppear(t *testing.T) {
	t.Parallel()
	seen := &search{t: t, marks: []string{"user-4711", "pass-4711", "key-4711"}}
	got := make(chan bool, 1000)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		select {
		case got <- name == "user-4711" && password == "pass-4711" && r.FormValue("authKey") == "key-4711":
		default:
		}
		http.Error(w, fmt.Sprint("unwanted: ", r.URL, r.Header, name, password), http.StatusForbidden)
	}))
	defer receiver.Close()
	for _, target := range []string{receiver.URL, "http://127.0.0.1:1"} {
		_, host, _ := strings.Cut(target, "//")
		flags := writeFile(t, "flags", "--push.url=http://user-4711:pass-4711@"+host+"/write?authKey=key-4711\n--push.interval=20ms\n--log.level=debug\n")
		e := startExporter(t, t.TempDir(), "@"+flags)
		e.expectError("Pushing the metrics failed.")
		eventually(t, "a push fails", func() error {
			if e.own()["support_exporter_push_failures_total"] == 0 {
				return fmt.Errorf("none has")
			}
			return nil
		})
		if target == receiver.URL && !<-got {
			t.Error("the receiver does not get the credentials")
		}
		if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", e.cmd.Process.Pid)); err == nil {
			seen.in("the list of processes", line)
		}
		seen.inAnswers(e)
		e.stop()
		seen.in("the log", []byte(e.output.String()))
		wantText(t, e.output.String(), "url=http://"+host+"/write err=")
	}
	for _, address := range []string{
		"ftp://user-4711:pass-4711@host", "http://user-4711:pass-4711/1@host", "user-4711:pass-4711@host:1", "//user-4711:pass-4711@host",
		"http://user-4711:pass-4711%zz@host", "://user-4711:pass-4711@host", "http:///?authKey=key-4711", "http://user-4711:pass-4711@ho st/", "pass-4711",
	} {
		wantSilentFailure(t, seen, address, "--storage.path=store", "--web.listen-address=127.0.0.1:0", "--push.url="+address)
	}
	_, help, _ := runExporter(t, t.TempDir(), "--push.url=http://user-4711:pass-4711@host", "--help")
	seen.in("the help", []byte(help))
}

// A receiver that redirects has not taken the push, gets nobody else the
// credentials, and has nothing of its answer in the log, valid or not.
func TestPushAnswersAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("redirected to %s", r.URL)
	}))
	defer other.Close()
	for answer, want := range map[string]string{
		"HTTP/1.1 302 Found\r\nLocation: " + other.URL + "/login?answer-4711\r\nContent-Length: 0\r\n\r\n": "answered with 302 Found",
		"HTTP/1.1 307 answer-4711\r\nLocation: " + other.URL + "/login\r\nContent-Length: 0\r\n\r\n":       "answered with 307 Temporary Redirect",
		"HTTP/1.1 302 Found\r\nLocation: /answer-4711%zz\r\nContent-Length: 0\r\n\r\n":                     "no valid answer over HTTP",
		"answer-4711\r\n\r\n": "no valid answer over HTTP",
	} {
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // the next push comes anyway
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}))
		e := startExporter(t, t.TempDir(), "--push.url="+receiver.URL+"/write?authKey=key-4711", "--push.interval=20ms")
		e.expectError("Pushing the metrics failed.")
		eventually(t, "a push fails", func() error {
			if e.own()["support_exporter_push_failures_total"] == 0 {
				return fmt.Errorf("none has")
			}
			return nil
		})
		e.stop()
		seen := &search{t: t, marks: []string{"answer-4711", "key-4711"}}
		seen.in("the log", []byte(e.output.String()))
		wantText(t, e.output.String(), want)
		receiver.Close()
	}
}

// What net/http has to say goes to the log at the level debug: who, and what was
// wrong with the connection; nothing of what came over it.
func TestConnectionLog(t *testing.T) {
	t.Parallel()
	pki := newPKI(t)
	web := writeFile(t, "web.yml", fmt.Sprintf("tls_server_config: {cert_file: %[1]s/server.crt, key_file: %[1]s/server.key}\n", pki.dir))
	e := launchExporter(t, t.TempDir(), "--web.config.file="+web, "--log.level=debug")
	for _, sent := range []string{
		"GET /metrics?token=" + agentToken + " HTTP/1.1\r\nHost: " + agentToken + "\r\nAuthorization: Bearer " + agentToken + "\r\n\r\n",
		agentToken + "\r\n\r\n", "\x16\x03\x01\x00\x10" + agentToken,
	} {
		conn, err := net.Dial("tcp", e.address())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, sent) // it may be closed already
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = io.ReadAll(conn)
		_ = conn.Close()
	}
	eventually(t, "the log has the handshakes that failed", func() error {
		if n := strings.Count(e.output.String(), "TLS handshake error"); n < 2 {
			return fmt.Errorf("%d of them", n)
		}
		return nil
	})
	e.signal(syscall.SIGTERM)
	e.exitCode()
	(&search{t: t, marks: append(tokenMarks(), "TOKEN")}).in("the log", []byte(e.output.String()))
	for line := range strings.Lines(e.output.String()) {
		if strings.Contains(line, "handshake") && !strings.Contains(line, "level=DEBUG") {
			t.Errorf("a stranger can fill the log: %s", line)
		}
	}
}
