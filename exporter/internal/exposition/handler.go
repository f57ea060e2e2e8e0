package exposition

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/prometheus/common/expfmt"

	"supportexporter/exporter/internal/fair"
	"supportexporter/exporter/internal/tally"
)

// maxInFlight is how many scrapes are answered at once, with a fair part for each
// client; more are refused with 503. Each holds a snapshot of all series until it
// is read to its end, so that this bounds what any number of scrapers can take of
// the memory, and slow ones leave room for others.
const maxInFlight = 8

// Bounded has scrape answer at most maxInFlight scrapes at once.
func Bounded(scrape http.HandlerFunc) http.HandlerFunc {
	inFlight := fair.NewBudget(maxInFlight)
	return func(w http.ResponseWriter, r *http.Request) {
		client := fair.Address(r.RemoteAddr)
		if !inFlight.Take(client, 1) {
			http.Error(w, fmt.Sprintf("Limit of concurrent requests reached (%d), try again later.", maxInFlight), http.StatusServiceUnavailable)
			return
		}
		defer inFlight.Return(client, 1)
		scrape(w, r)
	}
}

type handler struct {
	source Source
	logger *slog.Logger
}

// NewHandler makes a handler of scrapes of what source gives at each. It is bounded.
func NewHandler(source Source, logger *slog.Logger) http.Handler {
	return Bounded((&handler{source, logger}).scrape)
}

func (h *handler) scrape(w http.ResponseWriter, r *http.Request) {
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	if !tally.Encodes(format) { // protobuf as text, which is for people to read
		format = expfmt.NegotiateAccept(nil, expfmt.NewFormat(expfmt.TypeTextPlain))
	}
	m, err := h.source.Take(r.Context())
	if err != nil {
		if r.Context().Err() == nil { // or the scraper has gone
			h.logger.Error("A scrape failed.", "err", err)
		}
		http.Error(w, "An error has occurred while serving metrics:\n\n"+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Add("Vary", "Accept")
	w.Header().Set("Content-Type", string(format))
	err = Compressed(w, r, func(w io.Writer) error {
		return m.Write(w, format, r.URL.Query()["name[]"]...)
	})
	if err != nil {
		h.logger.Debug("A scrape was cut off.", "err", err)
		panic(http.ErrAbortHandler) // or what was sent would pass for the whole
	}
}
