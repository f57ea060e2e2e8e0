package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/exporter-toolkit/web"
)

// examplePassword is the one whose hash the example shows.
const examplePassword = "change me"

// uncommented gives the example with those parts in force that begin with one of
// these names. What is no prose stands behind a # and an even number of spaces.
func uncommented(t *testing.T, parts ...string) string {
	t.Helper()
	option := regexp.MustCompile(`^#((?:  )*\S.*)$`)
	var b strings.Builder
	in := false
	for line := range strings.Lines(readFile(t, filepath.Join(root, "examples", "web-config.yml"))) {
		m := option.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			b.WriteString(line)
			continue
		}
		if name, _, ok := strings.Cut(m[1], ":"); ok && !strings.HasPrefix(name, " ") {
			in = false
			for _, part := range parts {
				in = in || name == part
			}
		}
		if in {
			line = m[1] + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// The example is one: as it stands, with each of its parts, and with all of them.
func TestWebConfigExample(t *testing.T) {
	t.Parallel()
	pki := newPKI(t)
	all := []string{"tls_server_config", "http_server_config", "basic_auth_users"}
	as := func(parts ...string) string {
		file := filepath.Join(pki.dir, "web-config.yml")
		rewrite(t, file, uncommented(t, parts...))
		if err := web.Validate(file); err != nil {
			t.Fatalf("with %v: %v", parts, err)
		}
		return file
	}
	for _, part := range all {
		if text := uncommented(t, part); !strings.Contains(text, "\n"+part+":\n") {
			t.Errorf("no %s in the example", part)
		}
		as(part)
	}
	plain := startExporter(t, t.TempDir(), "--web.config.file="+as())
	plain.wantStatus(http.StatusOK, http.MethodGet, "/metrics")
	plain.stop()

	e := launchExporter(t, t.TempDir(), "--web.config.file="+as(all...))
	e.scheme, e.client = "https", pki.client(pki.issue("prometheus"))
	e.address()
	eventually(t, "the exporter answers", func() error {
		_, err := e.try(http.MethodGet, "/-/healthy", nil)
		return err
	})
	e.wantStatus(http.StatusUnauthorized, http.MethodGet, "/metrics")
	req, err := http.NewRequest(http.MethodGet, "https://"+e.address()+"/-/healthy", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("prometheus", examplePassword)
	resp, err := e.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("with the password: %s, headers %v", resp.Status, resp.Header)
	}
	stranger := *e
	stranger.client = pki.client()
	if r, err := stranger.try(http.MethodGet, "/-/healthy", nil); err == nil {
		t.Errorf("without a certificate: %d, want no connection", r.status)
	}
	if text := readFile(t, filepath.Join(root, "examples", "web-config.yml")); !strings.Contains(text, `"`+examplePassword+`"`) {
		t.Error("the example does not say which password the hash is of")
	}
	if err := os.Remove(filepath.Join(pki.dir, "server.key")); err != nil {
		t.Fatal(err)
	}
	if err := web.Validate(filepath.Join(pki.dir, "web-config.yml")); err == nil {
		t.Error("the files that are named are not looked at")
	}
}
