package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/tally"
)

// plainEvent is an event as encoding/json reads it.
type plainEvent struct {
	ConversationID string           `json:"conversation_id"`
	ID             string           `json:"id"`
	Time           time.Time        `json:"time"`
	CustomerID     string           `json:"customer_id"`
	Intent         string           `json:"intent"`
	Tier           string           `json:"tier"`
	Language       string           `json:"language"`
	Resolution     *plainResolution `json:"resolution"`
	Escalation     *plainEscalation `json:"escalation"`
	Turns          *uint64          `json:"turns"`
	Cost           *plainCost       `json:"cost"`
	SurveySent     bool             `json:"survey_sent"`
	CSAT           *int             `json:"csat"`
}

type plainResolution struct {
	Resolved  bool     `json:"resolved"`
	Seconds   *float64 `json:"seconds"`
	Confirmed bool     `json:"confirmed"`
}

type plainEscalation struct {
	Escalated bool   `json:"escalated"`
	Reason    string `json:"reason"`
}

type plainCost struct {
	USD    float64            `json:"usd"`
	Detail map[string]float64 `json:"detail"`
}

// plain counts events as they come: client_golang's vectors and nothing else.
type plain struct {
	conversations *prometheus.CounterVec
	resolutions   *prometheus.CounterVec
	confirmed     *prometheus.CounterVec
	seconds       *prometheus.HistogramVec
	turns         *prometheus.HistogramVec
	cost          *prometheus.HistogramVec
	spend         *prometheus.CounterVec
	responses     *prometheus.CounterVec
	surveys       *prometheus.CounterVec
	escalations   *prometheus.CounterVec
	values        *prometheus.CounterVec
	sums          *prometheus.CounterVec
	squares       *prometheus.CounterVec
}

func newPlain(registry *prometheus.Registry) *plain {
	factory := promauto.With(registry)
	labels := func(more ...string) []string { return append([]string{"intent", "tier", "language"}, more...) }
	counter := func(name string, more ...string) *prometheus.CounterVec {
		return factory.NewCounterVec(prometheus.CounterOpts{Name: name, Help: name}, labels(more...))
	}
	histogram := func(name string, buckets []float64, more ...string) *prometheus.HistogramVec {
		return factory.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: name, Buckets: buckets, NativeHistogramBucketFactor: 1.1}, labels(more...))
	}
	buckets := config.Default().Buckets
	return &plain{
		conversations: counter(tally.ConversationsTotal, "outcome"),
		resolutions:   counter(tally.ResolutionsTotal, "resolved"),
		confirmed:     counter(tally.ResolutionsConfirmedTotal),
		seconds:       histogram(tally.ResolutionSeconds, buckets.ResolutionSeconds, "resolved"),
		turns:         histogram(tally.ConversationTurns, buckets.Turns),
		cost:          histogram(tally.ConversationCost, buckets.CostUSD),
		spend:         counter(tally.CostTotal, "component"),
		responses:     counter(tally.CSATResponsesTotal, "score"),
		surveys:       counter(tally.CSATSurveysTotal),
		escalations:   counter(tally.EscalationsTotal, "reason"),
		values:        counter(tally.ValuesTotal, "kpi"),
		sums:          counter(tally.ValuesSumTotal, "kpi"),
		squares:       counter(tally.ValuesSquaresTotal, "kpi"),
	}
}

// ServeHTTP counts the events of a push.
func (p *plain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	accepted := 0
	for in := json.NewDecoder(r.Body); ; accepted++ {
		var e plainEvent
		err := in.Decode(&e)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && e.ConversationID == "" {
			err = errors.New("conversation_id: must be given")
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.count(&e)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"accepted":%d}`, accepted)
}

func (p *plain) count(e *plainEvent) {
	if r := e.Resolution; r != nil {
		resolved := strconv.FormatBool(r.Resolved)
		p.conversations.WithLabelValues(e.Intent, e.Tier, e.Language, resolutionOutcome(r.Resolved)).Inc()
		p.resolutions.WithLabelValues(e.Intent, e.Tier, e.Language, resolved).Inc()
		if r.Seconds != nil {
			p.seconds.WithLabelValues(e.Intent, e.Tier, e.Language, resolved).Observe(*r.Seconds)
			if r.Resolved {
				p.value(e, "resolution_seconds", *r.Seconds)
			}
		}
		if r.Resolved && r.Confirmed {
			p.confirmed.WithLabelValues(e.Intent, e.Tier, e.Language).Inc()
		}
	}
	if e.Escalation != nil && e.Escalation.Escalated {
		p.conversations.WithLabelValues(e.Intent, e.Tier, e.Language, outcomeEscalated).Inc()
		p.escalations.WithLabelValues(e.Intent, e.Tier, e.Language, e.Escalation.Reason).Inc()
	}
	if e.Turns != nil {
		p.turns.WithLabelValues(e.Intent, e.Tier, e.Language).Observe(float64(*e.Turns))
		p.value(e, "turns", float64(*e.Turns))
	}
	if c := e.Cost; c != nil {
		p.cost.WithLabelValues(e.Intent, e.Tier, e.Language).Observe(c.USD)
		p.value(e, "cost_usd", c.USD)
		for name, usd := range c.Detail {
			p.spend.WithLabelValues(e.Intent, e.Tier, e.Language, name).Add(usd)
		}
		if len(c.Detail) == 0 {
			p.spend.WithLabelValues(e.Intent, e.Tier, e.Language, componentUnspecified).Add(c.USD)
		}
	}
	if e.SurveySent {
		p.surveys.WithLabelValues(e.Intent, e.Tier, e.Language).Inc()
	}
	if e.CSAT != nil {
		p.responses.WithLabelValues(e.Intent, e.Tier, e.Language, strconv.Itoa(*e.CSAT)).Inc()
	}
}

func (p *plain) value(e *plainEvent, kpi string, v float64) {
	p.values.WithLabelValues(e.Intent, e.Tier, e.Language, kpi).Inc()
	p.sums.WithLabelValues(e.Intent, e.Tier, e.Language, kpi).Add(v)
	p.squares.WithLabelValues(e.Intent, e.Tier, e.Language, kpi).Add(v * v)
}
