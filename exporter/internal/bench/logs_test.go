package bench

import (
	"strconv"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"supportexporter/exporter/internal/event"
)

// logsPath is where OTLP/HTTP takes log records.
const logsPath = "/v1/logs"

// The attributes of the log records that the collector gets. Their names are
// those of the labels and of the values that it counts, so that it has nothing
// to work out.
const (
	attributeSeconds   = "seconds"
	attributeTurns     = "turns"
	attributeCost      = "cost_usd"
	attributeSpend     = "spend_" // and a component
	attributeSurvey    = "survey_sent"
	attributeConfirmed = "confirmed"
)

// logBatch makes a request of OTLP out of events: a log record for each.
type logBatch struct {
	records []*logspb.LogRecord
}

func (b *logBatch) add(e *event.Event) {
	r := &logspb.LogRecord{TimeUnixNano: uint64(e.Time.UnixNano())}
	b.records = append(b.records, r)
	text := func(key, value string) {
		r.Attributes = append(r.Attributes, &commonpb.KeyValue{
			Key:   key,
			Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: strings.Clone(value)}},
		})
	}
	number := func(key string, value float64) {
		r.Attributes = append(r.Attributes, &commonpb.KeyValue{
			Key:   key,
			Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: value}},
		})
	}
	text("gen_ai.conversation.id", e.ConversationID)
	text("event.id", e.ID)
	text("customer.id", e.CustomerID)
	text("intent", e.Intent)
	text("tier", e.Tier)
	text("language", e.Language)
	addFacts(e, text, number)
}

func addFacts(e *event.Event, text func(key, value string), number func(key string, value float64)) {
	if e.Facts&event.Resolution != 0 {
		text("outcome", resolutionOutcome(e.Resolved))
		text("resolved", strconv.FormatBool(e.Resolved))
		number(attributeSeconds, e.Seconds)
		if e.Resolved && e.Confirmed == event.Confirmed {
			text(attributeConfirmed, "true")
		}
	}
	if e.Facts&event.Escalation != 0 {
		text("outcome", outcomeEscalated)
		text("reason", e.Reason)
	}
	if e.Facts&event.Turns != 0 {
		number(attributeTurns, float64(e.Turns))
	}
	if e.Facts&event.Cost != 0 {
		number(attributeCost, e.Cost.USD)
		for _, c := range e.Cost.Detail {
			number(attributeSpend+c.Name, c.USD)
		}
		if len(e.Cost.Detail) == 0 {
			number(attributeSpend+componentUnspecified, e.Cost.USD)
		}
	}
	if e.Facts&event.SurveySent != 0 {
		text(attributeSurvey, "true")
	}
	if e.Facts&event.CSAT != 0 {
		text("score", strconv.Itoa(e.CSAT))
	}
}

// take gives the request's body and begins the next.
func (b *logBatch) take() []byte {
	data := &logspb.LogsData{ResourceLogs: []*logspb.ResourceLogs{{ScopeLogs: []*logspb.ScopeLogs{{LogRecords: b.records}}}}}
	b.records = nil
	body, err := proto.Marshal(data) // it is the message of a request, too
	if err != nil {
		panic(err) // of text that is not UTF-8, which no event has
	}
	return body
}
