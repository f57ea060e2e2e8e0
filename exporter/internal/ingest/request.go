package ingest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/fair"
	"supportexporter/exporter/internal/token"
)

// authorize checks the bearer token, where tokens are configured, and names the
// client: by its token, or else by its address.
func authorize(w http.ResponseWriter, r *http.Request, tokens *token.Set) (client string, err error) {
	if tokens == nil {
		return fair.Address(r.RemoteAddr), nil
	}
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || credentials == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="support_exporter"`)
		return "", refuse(http.StatusUnauthorized, "unauthorized", "want a bearer token in the header Authorization")
	}
	client, ok := tokens.Check(strings.TrimSpace(credentials))
	if !ok {
		return "", refuse(http.StatusForbidden, "forbidden", "the bearer token is not known")
	}
	return client, nil
}

// encoding is how a body is compressed.
type encoding int

const (
	plain encoding = iota
	gzipped
	zstandard
)

func encodingOf(r *http.Request) (encoding, error) {
	header := r.Header.Get("Content-Encoding")
	if all := r.Header["Content-Encoding"]; len(all) > 1 {
		header = strings.Join(all, ", ")
	}
	switch strings.ToLower(header) {
	case "", "identity":
		return plain, nil
	case "gzip":
		return gzipped, nil
	case "zstd":
		return zstandard, nil
	}
	return 0, refuse(http.StatusUnsupportedMediaType, "encoding", "Content-Encoding: want gzip, zstd or none, got %.100q", header)
}

// body is a request's body as it came. While a client sends it, slowly perhaps,
// it takes no more memory than what has come.
type body struct {
	bytes.Buffer
	encoding encoding
}

// maxKeptBytes is how much memory a request leaves to the next one.
const maxKeptBytes = 4 << 20

// isLarge says whether it takes long to read, so that turns are worth it.
func (b *body) isLarge() bool { return b.encoding != plain || b.Len() > maxSmallBytes }

const (
	maxSmallBytes   = 64 << 10
	maxTrustedBytes = 4 << 10 // that a request gets because it says that it will send them
)

// receive takes the body as it comes, of at most limit bytes.
func (d *desk) receive(w http.ResponseWriter, r *http.Request, limit int64) error {
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	b := &d.body
	if b.Reset(); b.Cap() > maxKeptBytes {
		b.Buffer = bytes.Buffer{}
	}
	var err error
	if b.encoding, err = encodingOf(r); err != nil {
		return err
	}
	length := int(r.ContentLength)
	if 0 <= length && length <= maxTrustedBytes {
		if err := d.takeBytes(length); err != nil {
			return err
		}
		b.Grow(length)
		whole := b.AvailableBuffer()[:length]
		_, err = io.ReadFull(r.Body, whole)
		b.Write(whole) // where it is already
	} else {
		if length < 0 {
			length = int(limit)
		}
		_, err = b.ReadFrom(&metered{in: http.MaxBytesReader(w, r.Body, limit), desk: d, left: length})
	}
	if err != nil {
		return unreadable(err, limit)
	}
	d.whole = true
	return nil
}

// unreadable says why a body could not be read.
func unreadable(err error, limit int64) error {
	var refused *refusal
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &over), errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return tooLarge(limit)
	}
	return refuse(http.StatusBadRequest, "body", "reading the body: %v", err)
}

func tooLarge(limit int64) *refusal {
	return refuse(http.StatusRequestEntityTooLarge, "too_large", "a body may have %d bytes, decompressed; this one has more", limit)
}

// reader reads bodies. It is at work only while a processor is: the memory that
// it needs beside the body as it came does not grow with the number of clients.
type reader struct {
	decoder  event.Decoder
	gzip     *gzip.Reader
	zstd     *zstd.Decoder
	inflated bytes.Buffer
}

// release takes a reader back, without what it needed for a large body.
func (h *Handler) release(x *reader) {
	if x.inflated.Cap() > maxKeptBytes {
		x.inflated = bytes.Buffer{}
	}
	h.readers.Put(x)
}

// inflate gives the body, decompressed, of at most limit bytes. It is good until
// the next one.
func (x *reader) inflate(b *body, limit int64) ([]byte, error) {
	if b.encoding == plain || b.Len() == 0 {
		return b.Bytes(), nil
	}
	x.inflated.Reset()
	in, err := x.decompress(b.encoding, b)
	if err == nil {
		_, err = x.inflated.ReadFrom(io.LimitReader(in, limit+1))
	}
	if err == nil && int64(x.inflated.Len()) > limit {
		return nil, tooLarge(limit)
	}
	if err != nil {
		return nil, unreadable(err, limit)
	}
	return x.inflated.Bytes(), nil
}

// maxWindow is how far back a zstd stream may refer: what the format asks
// every decoder to support, and the most memory one request can claim by it.
const maxWindow = 8 << 20

func (x *reader) decompress(e encoding, in io.Reader) (io.Reader, error) {
	var err error
	switch {
	case e == gzipped && x.gzip == nil:
		x.gzip, err = gzip.NewReader(in)
		return x.gzip, err
	case e == gzipped:
		return x.gzip, x.gzip.Reset(in)
	case x.zstd == nil:
		// Without the last option all of a body that lies in memory is decompressed at once.
		x.zstd, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow),
			zstd.WithDecoderLowmem(true), zstd.WithDecodeBuffersBelow(0))
		return x.zstd, err
	}
	return x.zstd, x.zstd.Reset(in)
}
