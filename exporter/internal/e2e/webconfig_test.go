package e2e

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A scraper's credentials, as a web configuration has them and as a client
// sends them.
const (
	basicUsers = `basic_auth_users: {prometheus: "$2a$04$YCwjfRlJXzGG8UXuahnYZekCTVfi4Losjks0EpqOawcRxYN17ADXq"}` + "\n"
	user       = "prometheus"
	password   = "scraper's password"
)

// basicAuth adds a scraper's credentials to requests that have none.
type basicAuth struct{ next http.RoundTripper }

func (b basicAuth) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") == "" {
		r = r.Clone(r.Context())
		r.SetBasicAuth(user, password)
	}
	return b.next.RoundTrip(r)
}

// Scraping needs what the web configuration asks for, pushing needs a token,
// and neither opens the other's door.
func TestBasicAuthAndTokens(t *testing.T) {
	t.Parallel()
	e := launchExporter(t, t.TempDir(), "--config.file="+writeTokens(t, "agent's token"),
		"--web.config.file="+writeFile(t, "web.yml", basicUsers), "--web.enable-lifecycle")
	plain := e.client
	e.client = &http.Client{Transport: basicAuth{plain.Transport}}
	e.awaitReady()

	const event = `{"conversation_id": "c-1", "turns": 1}`
	for _, tc := range []struct {
		name, credentials string
		client            *http.Client
		push, scrape      int
	}{
		{"basic", "", e.client, 401, 200},
		{"token", "Bearer agent's token", plain, 200, 401},
		{"wrong token", "Bearer scraper's password", plain, 403, 401},
		{"nothing", "", plain, 401, 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			as := *e
			as.client = tc.client
			if a := as.push(event, "Authorization", tc.credentials); a.status != tc.push {
				t.Errorf("push: got %d, want %d", a.status, tc.push)
			}
			for _, path := range []string{"/metrics", "/metrics/exporter", "/-/healthy", "/-/ready", "/"} {
				as.wantStatus(tc.scrape, http.MethodGet, path, "Authorization", tc.credentials)
			}
			as.wantStatus(tc.scrape, http.MethodPost, reloadPath, "Authorization", tc.credentials)
		})
	}
	if got := e.metrics().sum("support_values_total", `kpi="turns"`); got != 1 {
		t.Errorf("counted %v conversations, want 1", got)
	}
}

// Without tokens, pushing needs what scraping needs.
func TestBasicAuth(t *testing.T) {
	t.Parallel()
	e := launchExporter(t, t.TempDir(), "--web.config.file="+writeFile(t, "web.yml", basicUsers))
	plain := e.client
	e.client = &http.Client{Transport: basicAuth{plain.Transport}}
	e.awaitReady()
	e.mustPush(`{"conversation_id": "c-1", "turns": 1}`)
	e.client = plain
	if a := e.push(`{"conversation_id": "c-2", "turns": 1}`); a.status != http.StatusUnauthorized {
		t.Errorf("push without credentials: got %d, want 401", a.status)
	}
}

// TLS with a client certificate, and a token on top of it for pushing.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	pki := newPKI(t)
	web := writeFile(t, "web.yml", fmt.Sprintf(`
tls_server_config:
  cert_file: %[1]s/server.crt
  key_file: %[1]s/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: %[1]s/ca.crt
`, pki.dir))
	e := launchExporter(t, t.TempDir(), "--web.config.file="+web, "--config.file="+writeTokens(t, "agent's token"))
	e.scheme = "https"
	e.client = pki.client(pki.issue("client"))
	e.awaitReady()
	const event = `{"conversation_id": "c-1", "turns": 1}`
	if a := e.push(event); a.status != http.StatusUnauthorized {
		t.Errorf("push without a token: got %d, want 401", a.status)
	}
	if a := e.push(event, "Authorization", "Bearer agent's token"); a.status != http.StatusOK {
		t.Errorf("push: got %d, want 200: %s", a.status, a.body)
	}
	if got := e.metrics().sum("support_values_total", `kpi="turns"`); got != 1 {
		t.Errorf("counted %v conversations, want 1", got)
	}

	for name, client := range map[string]*http.Client{
		"no certificate": pki.client(), "somebody else's certificate": pki.client(newPKI(t).issue("client")),
	} {
		stranger := *e
		stranger.client = client
		if a, err := stranger.tryPush([]byte(event), "Authorization", "Bearer agent's token"); err == nil {
			t.Errorf("%s: got %d, want no connection", name, a.status)
		}
	}
	e.stop()
}

// client makes a client that trusts the servers of p and has these certificates.
func (p *pki) client(certificates ...tls.Certificate) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.pool(), Certificates: certificates}}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// With two addresses the credentials are the same on each.
func TestTwoAddresses(t *testing.T) {
	t.Parallel()
	e := launchExporter(t, t.TempDir(), "--web.listen-address=127.0.0.1:0", "--config.file="+writeTokens(t, "agent's token"),
		"--web.config.file="+writeFile(t, "web.yml", basicUsers))
	e.client = &http.Client{Transport: basicAuth{e.client.Transport}}
	e.awaitReady()
	var addresses []string
	eventually(t, "the exporter listens twice", func() error {
		addresses = nil
		for _, m := range listening.FindAllStringSubmatch(e.output.String(), -1) {
			addresses = append(addresses, m[1])
		}
		if len(addresses) != 2 {
			return fmt.Errorf("got %v", addresses)
		}
		return nil
	})
	for i, address := range addresses {
		req, err := http.NewRequest(http.MethodPost, "http://"+address+eventsPath, strings.NewReader(`{"conversation_id": "c-1", "turns": 1}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer agent's token")
		resp, err := e.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != http.StatusOK {
			t.Errorf("push to address %d: %s", i, resp.Status)
		}
	}
	e.stop()
}

// Whoever guesses passwords, on many connections, does not keep those waiting who
// know one.
func TestPasswordsAreGuessed(t *testing.T) {
	t.Parallel()
	names := []string{user, "grafana", "operator"} // each looked at for the first time when it counts
	web := "basic_auth_users:\n"
	for _, name := range names {
		web += "  " + name + ": $2a$10$4n42B/ylGaSRZ4PqViRjS.HWbkzBv/u2eMAbcSYd2DQAr3Rj9vJ86\n" // "change me"
	}
	right := func(name string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":change me"))
	}
	e := launchExporter(t, t.TempDir(), "--web.config.file="+writeFile(t, "web.yml", web))
	e.address()
	eventually(t, "the exporter is ready", func() error {
		r, err := e.try(http.MethodGet, "/-/ready", nil, "Authorization", right(names[0]))
		if err == nil && r.status != http.StatusOK {
			err = fmt.Errorf("%d", r.status)
		}
		return err
	})
	ctx, stop := context.WithCancel(t.Context())
	var guessers sync.WaitGroup
	defer guessers.Wait()
	defer stop()
	var wrong atomic.Int64
	for range 200 {
		guessers.Go(func() {
			c := &http.Client{Transport: &http.Transport{}}
			defer c.CloseIdleConnections()
			for ctx.Err() == nil {
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.address()+"/metrics", nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.SetBasicAuth(user, rand.Text())
				if resp, err := c.Do(r); err == nil {
					_ = resp.Body.Close()
					wrong.Add(1)
				}
			}
		})
	}
	eventually(t, "passwords are guessed", func() error {
		if n := wrong.Load(); n < 20 {
			return fmt.Errorf("%d were", n)
		}
		return nil
	})
	client := e.from(t, goodAddress)
	for _, name := range names[1:] {
		began := time.Now()
		r, err := client.try(http.MethodGet, "/metrics", nil, "Authorization", right(name))
		if took := time.Since(began); err != nil || r.status != http.StatusOK || took > scrapeTimeout {
			t.Errorf("a scrape with the right password: %d after %v, %v", r.status, took, err)
		}
	}
}
