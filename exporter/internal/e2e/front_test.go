package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
)

// front is an address that stays, for exporters that come and go, as a service
// or a load balancer has.
type front struct {
	*httptest.Server
	exporter atomic.Pointer[exporter]
	formats  [3]atomic.Int64 // scrapes answered in protobuf, OpenMetrics and text
	pushes   atomic.Int64    // that were answered
}

func newFront(tb testing.TB, e *exporter) *front {
	f := &front{}
	f.exporter.Store(e)
	f.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", f.exporter.Load().output.address
		},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.URL.Path == eventsPath {
				f.pushes.Add(1)
			}
			for i, media := range []string{"application/vnd.google.protobuf", "application/openmetrics-text", "text/plain"} {
				if r.Request.URL.Path == "/metrics" && strings.HasPrefix(r.Header.Get("Content-Type"), media) {
					f.formats[i].Add(1)
				}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	tb.Cleanup(f.Close)
	return f
}
