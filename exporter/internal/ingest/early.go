package ingest

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"supportexporter/exporter/internal/fair"
)

// A push may be refused before its body has come. net/http closes the connection
// half a second later, so that a client which sends all of it before it reads would
// find the connection reset, and never the answer. So the rest of the body is read
// behind the answer, and thrown away, as far as this goes.
const (
	maxDiscards  = 16 // at once, with a fair part for each address
	maxDiscarded = 64 << 20
	discardTime  = 5 * time.Second
	netHTTPReads = 256 << 10 // of a body, before it answers
)

// answersEarly makes an answer one that is sent while the body still comes, if that
// helps: not a client that waits for an answer first, nor one with a body that is too
// long, or that net/http reads to its end, as it does if the connection stays. It is then
// for discard to go on.
func (h *Handler) answersEarly(w http.ResponseWriter, r *http.Request) bool {
	if n := r.ContentLength; 0 <= n && n <= netHTTPReads && !r.Close || n > maxDiscarded || r.Header["Expect"] != nil {
		return false
	}
	client := fair.Address(r.RemoteAddr)
	if !h.discards.Take(client, 1) {
		return false
	}
	if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
		h.discards.Return(client, 1)
		return false
	}
	w.Header().Set("Connection", "close")
	return true
}

// discard sends the answer, and reads what is left of the body.
func (h *Handler) discard(w http.ResponseWriter, r *http.Request) {
	defer h.discards.Return(fair.Address(r.RemoteAddr), 1)
	c := http.NewResponseController(w)
	if c.Flush() == nil && c.SetReadDeadline(time.Now().Add(discardTime)) == nil {
		_, _ = io.CopyN(io.Discard, r.Body, maxDiscarded) // whatever ends it
	}
}

// sized is for an answer of one Write, which says how long it is: or a client would
// wait for more of it.
type sized struct {
	http.ResponseWriter
	code int
}

func (w *sized) WriteHeader(code int) { w.code = code }

func (w *sized) Write(p []byte) (int, error) {
	w.Header().Set("Content-Length", strconv.Itoa(len(p)))
	w.ResponseWriter.WriteHeader(w.code)
	return w.ResponseWriter.Write(p)
}
