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

	"supportexporter/exporter/internal/connection"
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

// serve has a handler answer a request.
func (x *exchange) serve(ctx *fasthttp.RequestCtx, h http.Handler, logger *slog.Logger) {
	x.read(ctx)
	clear(x.answer.header)
	x.answer = answer{header: x.answer.header, code: http.StatusOK}
	defer func() {
		failure := recover()
		if failure == nil {
			x.answer.finish(&ctx.Response)
			return
		}
		logger.Error("A push panicked.", "panic", failure, "stack", string(debug.Stack()))
		refuseWith(ctx, http.StatusInternalServerError)
		ctx.SetConnectionClose()
		if x.answer.written != nil {
			x.answer.written()
		}
	}()
	h.ServeHTTP(&x.answer, &x.request)
}

// maxNames is how many names of headers are kept.
const maxNames = 64

// read makes the request one of net/http.
func (x *exchange) read(ctx *fasthttp.RequestCtx) {
	clear(x.header)
	x.values = x.values[:0]
	for k, v := range ctx.Request.Header.All() {
		if string(k) == "Host" {
			continue // it has a field of its own
		}
		name, ok := x.names[string(k)]
		if !ok {
			name = http.CanonicalHeaderKey(string(k))
			if len(x.names) < maxNames {
				x.names[string(k)] = name
			}
		}
		x.values = append(x.values, string(v))
		if values, again := x.header[name]; again {
			x.header[name] = append(values, string(v))
			continue
		}
		n := len(x.values)
		x.header[name] = x.values[n-1 : n : n]
	}
	x.url = url.URL{Path: string(ctx.Request.Header.RequestURI())}
	x.request = http.Request{
		Method: http.MethodPost, URL: &x.url, RequestURI: x.url.Path,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: x.header, Host: string(ctx.Request.Header.Host()),
		ContentLength: int64(ctx.Request.Header.ContentLength()), Body: http.NoBody,
		RemoteAddr: ctx.Conn().(*connection.Conn).Address(),
	}
	if x.body.Reader = ctx.RequestBodyStream(); x.body.Reader != nil {
		x.request.Body = &x.body
	}
}

// answer is an http.ResponseWriter, and an ingest.AfterWriter.
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

// finish gives fasthttp the answer. The body is not to be kept for the next one on
// the connection: it may be many times as long as what is in the request.
func (a *answer) finish(to *fasthttp.Response) {
	to.SetStatusCode(a.code)
	for name, values := range a.header {
		for _, v := range values {
			to.Header.Add(name, v)
		}
	}
	if a.written == nil {
		to.SetBodyRaw(a.body)
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
