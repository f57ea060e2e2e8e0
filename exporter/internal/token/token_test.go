package token

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func hashOf(token string) string {
	hash := sha256.Sum256([]byte(token))
	return hex.EncodeToString(hash[:])
}

func mustParse(t *testing.T, content string) *Set {
	t.Helper()
	s, err := parse("tokens", content)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCheck(t *testing.T) {
	s := mustParse(t, strings.Join([]string{
		"# who may push",
		"",
		"first " + hashOf("alpha"),
		"\t second\t" + strings.ToUpper(hashOf("beta")) + "  # until 2027\r",
		"a.third-client_3 " + hashOf("gämma "),
	}, "\n"))
	for _, c := range []struct {
		bearer, name string
		ok           bool
	}{
		{"alpha", "first", true},
		{"beta", "second", true},
		{"gämma ", "a.third-client_3", true},
		{"", "", false},
		{"alph", "", false},
		{"alpha ", "", false},
		{"Alpha", "", false},
		{"first", "", false},
		{hashOf("alpha"), "", false},
	} {
		if name, ok := s.Check(c.bearer); name != c.name || ok != c.ok {
			t.Errorf("%q: got %q and %t, want %q and %t", c.bearer, name, ok, c.name, c.ok)
		}
	}
}

func TestBadFiles(t *testing.T) {
	alpha, beta := hashOf("alpha"), hashOf("beta")
	for _, c := range []struct {
		name, content string
		want          []string
	}{
		{"empty", "", []string{"tokens: holds no token"}},
		{"only comments", "# a " + alpha + "\n\n", []string{"tokens: holds no token"}},
		{"one word", "a " + alpha + "\n" + beta, []string{"tokens:2: must be a name and a SHA-256 in hex, got 1 words"}},
		{"output of sha256sum", "a " + alpha + "  -", []string{"tokens:1: must be a name and a SHA-256 in hex, got 3 words"}},
		{"token for hash", "a secret", []string{"tokens:1: SHA-256 must be 64 hex digits, got 6 bytes"}},
		{"short hash", "a " + alpha[:62], []string{"tokens:1: SHA-256 must be 64 hex digits, got 62 bytes"}},
		{"long hash", "a " + alpha + "00", []string{"tokens:1: SHA-256 must be 64 hex digits, got 66 bytes"}},
		{"not hex", "a " + alpha[:63] + "g", []string{"tokens:1: SHA-256 must be 64 hex digits, got 64 bytes"}},
		{"words in the wrong order", alpha + " a", []string{"tokens:1: SHA-256 must be 64 hex digits, got 1 bytes"}},
		{"name with a colon", "a:b " + alpha, []string{"tokens:1: name must be 1 to 64 letters, digits, '.', '-' or '_', got 3 bytes"}},
		{"name not ASCII", "ä " + alpha, []string{"tokens:1: name must be 1 to 64 letters, digits, '.', '-' or '_', got 2 bytes"}},
		{"long name", strings.Repeat("a", 65) + " " + alpha, []string{"tokens:1: name must be 1 to 64 letters, digits, '.', '-' or '_', got 65 bytes"}},
		{"empty token", "a " + hashOf(""), []string{"tokens:1: SHA-256 is that of an empty token"}},
		{"name again", "a " + alpha + "\n\na " + beta, []string{"tokens:3: name is already on line 1"}},
		{"token again", "a " + alpha + "\nb " + strings.ToUpper(alpha), []string{"tokens:2: token is already on line 1"}},
		{"several", "a\nb " + beta + "\nc secret", []string{
			"tokens:1: must be a name and a SHA-256 in hex, got 1 words",
			"tokens:3: SHA-256 must be 64 hex digits, got 6 bytes",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parse("tokens", c.content)
			if s != nil || err == nil {
				t.Fatalf("got %v and %v, want an error alone", s, err)
			}
			if want := strings.Join(c.want, "\n"); err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	if s, err := Load(path); s != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v and %v, want it not to exist", s, err)
	}
	if err := os.WriteFile(path, []byte("agent "+hashOf("alpha")), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if name, ok := s.Check("alpha"); name != "agent" || !ok {
		t.Errorf("got %q and %t, want agent", name, ok)
	}
	if err := os.WriteFile(path, []byte("agent"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path+":1: ") {
		t.Errorf("got %v, want an error that begins with %s:1", err, path)
	}
}

func TestExample(t *testing.T) {
	path := filepath.FromSlash("../../../examples/ingest_tokens")
	s, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	const token = "example-token-change-me"
	if name, ok := s.Check(token); name != "example-agent" || !ok {
		t.Errorf("got %q and %t, want example-agent", name, ok)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), token) {
		t.Errorf("the example does not say that its token is %s", token)
	}
}

// FuzzParse holds every file to this: errors show no word of it, and what is
// read lets in no one but the tokens of its hashes.
func FuzzParse(f *testing.F) {
	f.Add("a " + hashOf("alpha") + "\nb " + hashOf("beta") + " # comment\r\n")
	f.Add("a secretsecretsecret")
	f.Add(hashOf("alpha") + " a")
	f.Fuzz(func(t *testing.T, content string) {
		s, err := parse("tokens", content)
		if (s == nil) == (err == nil) {
			t.Fatalf("got %v and %v, want one of them", s, err)
		}
		if err != nil {
			for _, word := range strings.Fields(content) {
				if len(word) > 12 && strings.Contains(err.Error(), word) {
					t.Errorf("error shows %q: %v", word, err)
				}
			}
			return
		}
		if name, ok := s.Check(""); ok {
			t.Errorf("the empty token is %s", name)
		}
		for _, e := range s.entries {
			if !strings.Contains(content, e.name) || !strings.Contains(strings.ToLower(content), hex.EncodeToString(e.hash[:])) {
				t.Errorf("entry %s is not in the file", e.name)
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	for _, entries := range []int{1, 100} {
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) {
			var content strings.Builder
			for i := range entries {
				fmt.Fprintf(&content, "client-%d %s\n", i, hashOf(fmt.Sprint("token", i)))
			}
			s, err := parse("tokens", content.String())
			if err != nil {
				b.Fatal(err)
			}
			bearer := strings.Repeat("x", 64)
			b.ReportAllocs()
			for b.Loop() {
				s.Check(bearer)
			}
		})
	}
}
