package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/config"

	"supportexporter/exporter/client"
)

// mutualTLS starts an exporter that wants a certificate of the authority, for the
// name agent.example.
func mutualTLS(t *testing.T, p *pki) (e *exporter, webConfig string) {
	t.Helper()
	webConfig = writeFile(t, "web.yml", "")
	rewrite(t, webConfig, mutual(p, "agent.example"))
	e = launchExporter(t, t.TempDir(), "--web.config.file="+webConfig, "--log.level=debug")
	e.scheme, e.client = "https", p.client(p.issue("agent", named("agent.example")))
	e.awaitReady()
	return e, webConfig
}

// mutual is a web configuration with the files of an authority.
func mutual(p *pki, san string) string {
	return fmt.Sprintf(`
tls_server_config:
  cert_file: %[1]s/server.crt
  key_file: %[1]s/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: %[1]s/ca.crt
  client_allowed_sans: [%[2]s]
`, p.dir, san)
}

// named makes a certificate one for a name.
func named(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{name}, nil }
}

func ending(at time.Time) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = at.Add(-time.Hour), at }
}

// as gives an exporter as another client sees it.
func (e *exporter) as(c *http.Client) *exporter {
	other := *e
	other.client = c
	return &other
}

// wantAccess pushes and scrapes, on a connection of its own.
func wantAccess(t *testing.T, what string, e *exporter, want bool) {
	t.Helper()
	e.client.CloseIdleConnections()
	a, pushed := e.tryPush([]byte(goodEvent))
	if pushed == nil && a.status != http.StatusOK {
		pushed = fmt.Errorf("%d: %s", a.status, a.body)
	}
	e.client.CloseIdleConnections()
	scraped, err := e.try(http.MethodGet, "/metrics", nil)
	if err == nil && scraped.status != http.StatusOK {
		err = fmt.Errorf("%d: %s", scraped.status, scraped.body)
	}
	if (pushed == nil) != want || (err == nil) != want {
		t.Errorf("%s: push: %v; scrape: %v; want access %t", what, pushed, err, want)
	}
}

// Who has no certificate of the authority, valid now and for the name that is
// allowed, gets no connection: no push, and no scrape.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	e, _ := mutualTLS(t, p)
	agent := named("agent.example")
	stranger := newPKI(t)
	for _, tc := range []struct {
		name         string
		certificates []tls.Certificate
		want         bool
	}{
		{"the right one", []tls.Certificate{p.issue("agent", agent)}, true},
		{"none", nil, false},
		{"of another authority", []tls.Certificate{stranger.issue("agent", agent)}, false},
		{"expired", []tls.Certificate{p.issue("agent", agent, ending(time.Now().Add(-time.Minute)))}, false},
		{"not valid yet", []tls.Certificate{p.issue("agent", agent, ending(time.Now().Add(2*time.Hour)))}, false},
		{"for another name", []tls.Certificate{p.issue("agent", named("other.example"))}, false},
		{"for a name that only begins so", []tls.Certificate{p.issue("agent", named("agent.example.org"))}, false},
		{"with the name as its subject alone", []tls.Certificate{p.issue("agent.example")}, false},
		{"for servers alone", []tls.Certificate{p.issue("agent", agent, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		})}, false},
	} {
		wantAccess(t, tc.name, e.as(p.client(tc.certificates...)), tc.want)
	}
	plain := *e
	plain.scheme, plain.client = "http", &http.Client{Timeout: patience}
	if r, err := plain.try(http.MethodGet, "/metrics", nil); err != nil || r.status != http.StatusBadRequest {
		t.Errorf("without TLS: %d, %v, want 400", r.status, err)
	}
	if got := e.metrics().sum("support_conversation_turns_count"); got != 1 {
		t.Errorf("counted %v conversations, want the one of the right client", got)
	}
}

// TLS before 1.2 is refused, whatever the certificate, and both versions since
// are spoken.
func TestTLSVersions(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	e, _ := mutualTLS(t, p)
	certificate := p.issue("agent", named("agent.example"))
	for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c := p.client(certificate)
		settings := c.Transport.(*http.Transport).TLSClientConfig
		settings.MinVersion, settings.MaxVersion = tls.VersionTLS10, version
		wantAccess(t, tls.VersionName(version), e.as(c), want)
	}
}

// HTTP/2 is not spoken, whatever the web configuration says: a connection of it is
// as many requests as a client likes.
func TestNoHTTP2(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	for _, more := range []string{"", "http_server_config: {http2: true}\n"} {
		web := fmt.Sprintf("tls_server_config: {cert_file: %[1]s/server.crt, key_file: %[1]s/server.key}\n%[2]s", p.dir, more)
		e := launchExporter(t, t.TempDir(), "--web.config.file="+writeFile(t, "web.yml", web))
		e.scheme, e.client = "https", p.client()
		e.awaitReady()
		c, err := tls.Dial("tcp", e.address(), &tls.Config{RootCAs: p.pool(), NextProtos: []string{"h2", "http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
			t.Errorf("%q: a client that speaks both gets %q", more, got)
		}
		_ = c.Close()
		if c, err := tls.Dial("tcp", e.address(), &tls.Config{RootCAs: p.pool(), NextProtos: []string{"h2"}}); err == nil {
			t.Errorf("%q: a client that speaks HTTP/2 alone gets %q", more, c.ConnectionState().NegotiatedProtocol)
			_ = c.Close()
		}
	}
}

// The Go client and supportctl come with a certificate, from the file in which
// all clients of the Prometheus project have theirs.
func TestClientsWithCertificates(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	e, _ := mutualTLS(t, p)
	p.writeKeyPair("agent", p.issue("agent", named("agent.example")))
	good := writeFile(t, "http.yml", fmt.Sprintf("tls_config: {ca_file: %[1]s/ca.crt, cert_file: %[1]s/agent.crt, key_file: %[1]s/agent.key}\n", p.dir))
	bare := writeFile(t, "http.yml", fmt.Sprintf("tls_config: {ca_file: %s/ca.crt}\n", p.dir))
	url := "https://" + e.address()
	events := writeFile(t, "events.ndjson", goodEvent+"\n")

	for file, want := range map[string]bool{good: true, bare: false} {
		settings, _, err := config.LoadHTTPConfigFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h, err := config.NewClientFromConfig(*settings, "test")
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.New(client.Options{URL: url, HTTPClient: h, MaxElapsed: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Send(t.Context(), []client.Event{{ConversationID: "c-go", Turns: 1}}); (err == nil) != want {
			t.Errorf("the Go client with %s: %v", readFile(t, file), err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		for _, args := range [][]string{
			{"push", "--timeout=1ms", events}, {"check-ready"}, {"experiment", "list"},
			{"simulate", "--timeout=1ms", "--start=now-10m", "--from=now-10m", "--duration=1m", "--conversations-per-day=200000"}, // some, at any hour
		} {
			flag := "--http.config.file="
			out, err := exec.CommandContext(t.Context(), "supportctl", append(args, "--url="+url, flag+file)...).CombinedOutput()
			if (err == nil) != want {
				t.Errorf("supportctl %s with %s: %v\n%s", args, readFile(t, file), err, out)
			}
		}
	}
}

// Certificates are renewed, and clients let in and shut out, without a restart:
// the next connection sees it, one that resumes an old session too.
func TestCertificatesRotate(t *testing.T) {
	t.Parallel()
	first, second := newPKI(t), newPKI(t)
	e, webConfig := mutualTLS(t, first)
	old := e.as(resuming(first.client(first.issue("agent", named("agent.example")))))
	renewed := e.as(resuming(second.client(second.issue("agent", named("agent.example")))))
	wantAccess(t, "the first authority's", old, true)
	wantAccess(t, "the second authority's, too early", renewed, false)

	second.writeKeyPair("server", second.issue("server"))
	rewrite(t, webConfig, mutual(second, "agent.example"))
	wantAccess(t, "the second authority's", renewed, true)
	wantAccess(t, "the first authority's, too late", old, false)

	rewrite(t, webConfig, mutual(second, "other.example"))
	wantAccess(t, "one that is not allowed any more", renewed, false)
	wantAccess(t, "another one that is", e.as(second.client(second.issue("other", named("other.example")))), true)

	for _, name := range []string{"ca.crt", "server.crt", "server.key"} { // in place, as a certificate manager does it
		rewrite(t, filepath.Join(second.dir, name), readFile(t, filepath.Join(first.dir, name)))
	}
	wantAccess(t, "the second authority's, whose files were replaced", e.as(second.client(second.issue("other", named("other.example")))), false)
	wantAccess(t, "the first authority's again", e.as(first.client(first.issue("other", named("other.example")))), true)
	if !strings.Contains(e.output.String(), "TLS handshake error") {
		t.Error("the log says nothing of those that were refused")
	}
}

// resuming makes a client that goes on with its TLS sessions over connections.
func resuming(c *http.Client) *http.Client {
	c.Transport.(*http.Transport).TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	return c
}
