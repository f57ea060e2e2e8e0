package fastpath

import (
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var emptyLines = regexp.MustCompile(`[\r\n]{5}`)

// FuzzRequests sends whatever comes, behind a push or instead of one. Of two
// servers that a connection passes, one must not take for a request what the other
// takes for a part of one: all requests that are seen are those that net/http sees
// by itself, in their order. Fewer may be seen, since fasthttp refuses more; and more
// behind empty lines, which both skip before a request, but net/http no more than
// four bytes of them.
func FuzzRequests(f *testing.F) {
	for _, other := range others {
		f.Add(other + push("b"))
	}
	for _, s := range []string{
		push("a"),
		strings.Replace(push("a"), "Host", "Transfer-Encoding: chunked\r\nHost", 1),
		strings.Replace(push("a"), "Host", "Transfer-Encoding: identity\r\nHost", 1),
		strings.Replace(push("a"), "Content-Length: 1", "Content-Length: 1\r\nContent-Length: 1", 1),
		strings.Replace(push("a"), "Content-Length: 1", "Content-Length: +1", 1),
		strings.Replace(push("a"), "Content-Length: 1", "Content-Length : 1", 1),
		strings.Replace(push("a"), "Content-Length: 1", "Content-Length:\r\n 1", 1),
		strings.Replace(push("a"), "Content-Length: 1", "Content-Length: 01, 1", 1),
		strings.Replace(push("a"), "Host: h\r\n", "", 1),
		strings.Replace(push("a"), "HTTP/1.1", "HTTP/1.0", 1),
		strings.ReplaceAll(push("a"), "\r\n", "\n"),
		strings.Replace(push("a"), "Host", "Expect: 100-continue\r\nHost", 1),
		strings.Replace(push("a"), "Host", "Expect: 100-continued\r\nHost", 1),
		strings.Replace(push("a"), "Host", "Pragma: no-cache\r\nHost", 1),
		strings.Replace(push("a"), "Host", "Connection: close, upgrade\r\nHost", 1),
		strings.Replace(push("a"), "Host", "Cookie: a=b;c=d;\r\ncookie:e\r\nHost", 1),
		strings.Replace(push("a"), "Host", "content-type: text/plain\r\nUSER-AGENT: \t a \t\r\nHost", 1),
		strings.Replace(push("a"), "Host", "Trailer: A\r\nTE: trailers\r\nHost", 1),
		"\r\n\r\n" + push("a"),
		"\r\n\n\r\n" + push("a"),
	} {
		f.Add(s + push("b"))
	}
	split, alone := serve(f, true, time.Minute), serve(f, false, time.Minute)
	f.Fuzz(func(t *testing.T, s string) {
		for _, sent := range []string{s, push("x") + s} {
			for _, to := range []*served{split, alone} {
				c := to.dial(t)
				if _, err := io.WriteString(c, sent); err == nil {
					_ = c.CloseWrite()
					if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("%q: the connection is not closed at its end", sent)
					}
				}
				_ = c.Close()
			}
			got, _ := split.take()
			want, _ := alone.take()
			if n := min(len(got), len(want)); n < len(got) && !emptyLines.MatchString(sent) || !slices.Equal(got[:n], want[:n]) {
				t.Errorf("%q:\nsaw  %q\nwant %q", sent, got, want)
			}
		}
	})
}
