package fastpath

import (
	"bytes"
	"errors"
	"io"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"supportexporter/exporter/internal/connection"
)

// move gives the connection to net/http, with the request as it came.
func (s *Server) move(ctx *fasthttp.RequestCtx) {
	request := requestHead(&ctx.Request.Header)
	body := ctx.RequestBodyStream()
	h := &ctx.Request.Header
	read := max(0, min(h.ContentLength(), s.ahead(h))) // of the body
	c := ctx.Conn().(*connection.Conn)
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(hijacked net.Conn) {
		if read > 0 {
			_, _ = io.CopyN(request, body, int64(read)) // from memory
		}
		// What is in fasthttp's buffer comes at once; more does not come.
		err := c.SetReadDeadline(time.Unix(1, 0))
		request.Grow(readBytes)
		n, _ := hijacked.Read(request.AvailableBuffer()[:readBytes])
		request.Write(request.AvailableBuffer()[:n])
		if err = errors.Join(err, c.SetReadDeadline(time.Time{})); err != nil {
			_ = c.Close() // it has gone
			return
		}
		c.Unread(request.Bytes())
		s.others.put(c, nil)
	})
}

// requestHead gives the request line and the headers, byte by byte.
func requestHead(h *fasthttp.RequestHeader) *bytes.Buffer {
	b := &bytes.Buffer{}
	b.Write(h.Method())
	b.WriteByte(' ')
	b.Write(h.RequestURI())
	b.WriteByte(' ')
	b.Write(h.Protocol())
	b.WriteString("\r\n")
	if len(h.RawHeaders()) == 0 {
		b.WriteString("\r\n")
	}
	b.Write(h.RawHeaders())
	return b
}
