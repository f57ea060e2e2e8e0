package fastpath

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/http/httpguts"

	"supportexporter/exporter/internal/connection"
	"supportexporter/exporter/internal/ingest"
)

// exchange is a request and its answer as a http.Handler sees them. Its memory
// serves the next one, so that a handler may keep the values of headers, but not
// the request.
type exchange struct {
	request http.Request
	url     url.URL
	header  http.Header
	values  []string          // of header
	names   map[string]string // of headers, which are few
	body    body
	answer  answer
}

// body is a request's body. fasthttp closes it.
type body struct{ io.Reader }

func (*body) Close() error { return nil }

func newExchange() *exchange {
	return &exchange{header: http.Header{}, names: map[string]string{}, answer: answer{header: http.Header{}}}
}

// serve has a handler answer the request.
func (x *exchange) serve(ctx *fasthttp.RequestCtx, h http.Handler, logger *slog.Logger) {
	x.answer.code = http.StatusOK
	defer func() {
		if failure := recover(); failure != nil {
			logger.Error("A push panicked.", "panic", failure, "stack", string(debug.Stack()))
			refuseWith(ctx, http.StatusInternalServerError)
			ctx.SetConnectionClose()
			x.answer.done()
		} else {
			x.answer.finish(&ctx.Response)
		}
		clear(x.answer.header)
		x.answer = answer{header: x.answer.header}
	}()
	h.ServeHTTP(&x.answer, &x.request)
}

// read makes the request one of net/http. It fails if there is anything in the header
// that two servers might take for two things: exactly one line gives the host, and
// one the body's length. And it fails where net/http does something about a header
// that fasthttp does not: it refuses expectations that it does not know, and an old
// Pragma gives it a Cache-Control.
func (x *exchange) read(ctx *fasthttp.RequestCtx) bool {
	h := &ctx.Request.Header
	if !x.readLines(h.RawHeaders()) || len(x.header["Host"]) != 1 || len(x.header["Content-Length"]) != 1 || x.header["Transfer-Encoding"] != nil ||
		x.header["Expect"] != nil && !ctx.Request.MayContinue() || x.header["Pragma"] != nil {
		return false
	}
	host := x.header["Host"][0]
	delete(x.header, "Host")
	x.url = url.URL{Path: string(h.RequestURI())}
	x.request = http.Request{
		Method: http.MethodPost, URL: &x.url, RequestURI: x.url.Path,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: x.header, Host: host,
		ContentLength: int64(h.ContentLength()), Body: http.NoBody,
		RemoteAddr: ctx.Conn().(*connection.Conn).Address(),
	}
	if x.body.Reader = ctx.RequestBodyStream(); x.body.Reader != nil {
		x.request.Body = &x.body
	}
	return httpguts.ValidHostHeader(host)
}

// readLines reads the lines of the header, as net/http does. It fails if there is
// one that net/http would not take as it stands.
func (x *exchange) readLines(lines []byte) bool {
	clear(x.header)
	x.values = x.values[:0]
	for line := range bytes.Lines(lines) {
		line, ok := bytes.CutSuffix(line, []byte("\r\n"))
		if len(line) == 0 {
			return ok
		}
		name, value, colon := bytes.Cut(line, []byte(":"))
		if !ok || !colon || !httpguts.ValidHeaderFieldName(string(name)) {
			return false
		}
		v := string(bytes.Trim(value, " \t"))
		if !httpguts.ValidHeaderFieldValue(v) {
			return false
		}
		x.add(name, v)
	}
	return false
}

// maxNames is how many names of headers are kept.
const maxNames = 64

func (x *exchange) add(name []byte, value string) {
	canonical, ok := x.names[string(name)]
	if !ok {
		canonical = http.CanonicalHeaderKey(string(name))
		if len(x.names) < maxNames {
			x.names[string(name)] = canonical
		}
	}
	if values, again := x.header[canonical]; again {
		x.header[canonical] = append(values, value)
		return
	}
	x.values = append(x.values, value)
	n := len(x.values)
	x.header[canonical] = x.values[n-1 : n : n]
}

var _ ingest.AfterWriter = (*answer)(nil)

// answer is an http.ResponseWriter whose answer is written when the handler has
// returned.
type answer struct {
	header  http.Header
	code    int
	body    []byte
	written func()
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(code int) { a.code = code }

func (a *answer) Write(p []byte) (int, error) {
	a.body = append(a.body, p...)
	return len(p), nil
}

func (a *answer) AfterWrite(written func()) { a.written = written }

// done says that the answer is written.
func (a *answer) done() {
	if a.written != nil {
		a.written()
	}
}

// finish gives fasthttp the answer. The body is not to be kept for the next one on
// the connection: it may be many times as long as what is in the request.
func (a *answer) finish(to *fasthttp.Response) {
	to.SetStatusCode(a.code)
	for name, values := range a.header {
		for _, v := range values {
			to.Header.Add(name, v)
		}
	}
	if len(a.body) <= writeBytes || a.written == nil {
		to.SetBodyRaw(a.body)
		a.done() // as good as: it fits into the connection's own memory
		return
	}
	to.SetBodyStream(&longBody{*bytes.NewReader(a.body), a.written}, len(a.body))
}

// longBody is a body that fasthttp closes when it is written, or cannot be.
type longBody struct {
	bytes.Reader
	done func()
}

func (b *longBody) Close() error {
	b.done()
	return nil
}

// refuse answers what is no HTTP, or not in time. It says nothing of what came.
func refuse(ctx *fasthttp.RequestCtx, err error) {
	var long *fasthttp.ErrSmallBuffer
	var late net.Error
	switch {
	case errors.As(err, &long):
		refuseWith(ctx, http.StatusRequestHeaderFieldsTooLarge)
	case errors.As(err, &late) && late.Timeout():
		refuseWith(ctx, http.StatusRequestTimeout)
	default:
		refuseWith(ctx, http.StatusBadRequest)
	}
}

func refuseWith(ctx *fasthttp.RequestCtx, code int) {
	ctx.Response.SetStatusCode(code)
	ctx.Response.Header.Set("Content-Type", "text/plain; charset=utf-8")
	ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	ctx.Response.SetBodyString(fmt.Sprintf("%d %s\n", code, http.StatusText(code)))
}
