package exposition

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The content encodings, as Accept-Encoding names them.
const (
	identity     = "identity"
	gzipEncoding = "gzip"
	zstdEncoding = "zstd"
)

// encoding gives the content encoding that a client likes best; of those that it
// likes as well as each other none at all, or zstd, which is a third smaller
// than gzip. One that accepts none of them gets none.
func encoding(header http.Header) string {
	best, bestQ := identity, 0.0
	for _, offer := range []string{identity, zstdEncoding, gzipEncoding} {
		for _, value := range header.Values("Accept-Encoding") {
			for item := range strings.SplitSeq(value, ",") {
				name, params, _ := strings.Cut(item, ";")
				name = strings.TrimSpace(name)
				if q := quality(params); q > bestQ && (name == offer || name == "*") {
					best, bestQ = offer, q
				}
			}
		}
	}
	return best
}

// quality gives the weight of an item of a list, 0 to 1; 0 is not at all.
func quality(params string) float64 {
	weight, given := strings.CutPrefix(strings.TrimSpace(params), "q=")
	if !given {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
	if err != nil {
		return 0
	}
	return q
}

// compressor is a gzip.Writer or a zstd.Encoder.
type compressor interface {
	io.WriteCloser
	Reset(io.Writer)
}

// compressors keep compressors for the next scrape: one has a megabyte or so of
// tables. The levels are the fastest. Higher ones take two to five times the
// time of all the rest of a scrape, and make it a tenth or a quarter smaller.
var compressors = map[string]*sync.Pool{
	gzipEncoding: {New: func() any {
		z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			panic(err) // no such level
		}
		return z
	}},
	zstdEncoding: {New: func() any {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow))
		if err != nil {
			panic(err) // no such option
		}
		return z
	}},
}

// zstdWindow is as far as a compressor looks back. Series that are like the one
// at hand are near it: more memory would find nothing better.
const zstdWindow = 128 << 10

// Compressed has f write what is then sent in the encoding that the client likes best.
func Compressed(w http.ResponseWriter, r *http.Request, f func(io.Writer) error) error {
	w.Header().Add("Vary", "Accept-Encoding")
	best := encoding(r.Header)
	pool := compressors[best]
	if pool == nil {
		return f(w)
	}
	w.Header().Set("Content-Encoding", best)
	z := pool.Get().(compressor)
	defer pool.Put(z)
	z.Reset(w)
	defer z.Reset(nil) // w is the request's
	if err := f(z); err != nil {
		return err
	}
	return z.Close()
}
