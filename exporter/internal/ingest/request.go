package ingest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"supportexporter/exporter/internal/token"
)

// authorize checks the bearer token, where tokens are configured.
func authorize(w http.ResponseWriter, r *http.Request, tokens *token.Set) error {
	if tokens == nil {
		return nil
	}
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || credentials == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="support_exporter"`)
		return refuse(http.StatusUnauthorized, "unauthorized", "want a bearer token in the header Authorization")
	}
	if _, ok := tokens.Check(strings.TrimSpace(credentials)); !ok {
		return refuse(http.StatusForbidden, "forbidden", "the bearer token is not known")
	}
	return nil
}

// body is a request's body, decompressed.
type body struct {
	buf  bytes.Buffer
	gzip *gzip.Reader
	zstd *zstd.Decoder
}

// maxKeptBytes is how much memory a body keeps for the next request.
const maxKeptBytes = 4 << 20

func (b *body) bytes() []byte { return b.buf.Bytes() }

// read takes the body, of at most limit bytes before and after decompression.
func (b *body) read(w http.ResponseWriter, r *http.Request, limit int64) error {
	if b.buf.Cap() > maxKeptBytes {
		b.buf = bytes.Buffer{}
	}
	b.buf.Reset()
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	encoding := r.Header.Get("Content-Encoding")
	if encoding == "" && 0 <= r.ContentLength && r.ContentLength <= maxTrustedBytes {
		return b.readExactly(r.Body, int(r.ContentLength))
	}
	plain, err := b.decompress(encoding, http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		_, err = b.buf.ReadFrom(io.LimitReader(plain, limit+1))
	}
	var refused *refusal
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &over), errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return tooLarge(limit)
	case err != nil:
		return unreadable(err)
	case int64(b.buf.Len()) > limit:
		return tooLarge(limit)
	}
	return nil
}

// maxTrustedBytes is how much memory a request gets because it says that it
// will fill it; a longer one gets it as it does.
const maxTrustedBytes = 64 << 10

// readExactly takes a body of a known length at one go, as that of one event is.
func (b *body) readExactly(in io.Reader, length int) error {
	b.buf.Grow(length)
	whole := b.buf.AvailableBuffer()[:length]
	if _, err := io.ReadFull(in, whole); err != nil {
		return unreadable(err)
	}
	b.buf.Write(whole) // where it is already
	return nil
}

func unreadable(err error) *refusal {
	return refuse(http.StatusBadRequest, "body", "reading the body: %v", err)
}

func tooLarge(limit int64) *refusal {
	return refuse(http.StatusRequestEntityTooLarge, "too_large", "a body may have %d bytes, decompressed; this one has more", limit)
}

// maxWindow is how far back a zstd stream may refer: what the format asks
// every decoder to support, and the most memory one request can claim by it.
const maxWindow = 8 << 20

func (b *body) decompress(encoding string, in io.Reader) (io.Reader, error) {
	var err error
	switch strings.ToLower(encoding) {
	case "", "identity":
		return in, nil
	case "gzip":
		if b.gzip == nil {
			b.gzip, err = gzip.NewReader(in)
		} else {
			err = b.gzip.Reset(in)
		}
		return b.gzip, err
	case "zstd":
		if b.zstd == nil {
			b.zstd, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		} else {
			err = b.zstd.Reset(in)
		}
		return b.zstd, err
	}
	return nil, refuse(http.StatusUnsupportedMediaType, "encoding", "Content-Encoding: want gzip, zstd or none, got %.100q", encoding)
}
