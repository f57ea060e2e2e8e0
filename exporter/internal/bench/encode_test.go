package bench

import (
	"strconv"
	"time"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// appendJSON writes an event as an agent would push it, with a newline.
func appendJSON(b []byte, e *event.Event) []byte {
	b = append(b, `{"conversation_id":"`...)
	b = append(b, e.ConversationID...)
	b = append(b, `","id":"`...)
	b = append(b, e.ID...)
	b = append(b, `","time":"`...)
	b = e.Time.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","customer_id":"`...)
	b = append(b, e.CustomerID...)
	b = append(b, `","intent":"`...)
	b = append(b, e.Intent...)
	b = append(b, `","tier":"`...)
	b = append(b, e.Tier...)
	b = append(b, `","language":"`...)
	b = append(b, e.Language...)
	b = append(b, '"')
	b = appendFacts(b, e)
	return append(b, "}\n"...)
}

func appendFacts(b []byte, e *event.Event) []byte {
	if e.Facts&event.Resolution != 0 {
		b = append(b, `,"resolution":{"resolved":`...)
		b = strconv.AppendBool(b, e.Resolved)
		b = append(b, `,"seconds":`...)
		b = appendFloat(b, e.Seconds)
		if e.Confirmed != event.ConfirmationUnsaid {
			b = append(b, `,"confirmed":`...)
			b = strconv.AppendBool(b, e.Confirmed == event.Confirmed)
		}
		b = append(b, '}')
	}
	if e.Facts&event.Escalation != 0 {
		b = append(b, `,"escalation":{"escalated":true,"reason":"`...)
		b = append(b, e.Reason...)
		b = append(b, `"}`...)
	}
	if e.Facts&event.Turns != 0 {
		b = append(b, `,"turns":`...)
		b = strconv.AppendUint(b, e.Turns, 10)
	}
	if e.Facts&event.Cost != 0 {
		b = appendCost(b, &e.Cost)
	}
	if e.Facts&event.SurveySent != 0 {
		b = append(b, `,"survey_sent":true`...)
	}
	if e.Facts&event.CSAT != 0 {
		b = append(b, `,"csat":`...)
		b = strconv.AppendInt(b, int64(e.CSAT), 10)
	}
	return b
}

func appendCost(b []byte, m *event.Money) []byte {
	b = append(b, `,"cost":{"usd":`...)
	b = appendFloat(b, m.USD)
	for i, c := range m.Detail {
		if i == 0 {
			b = append(b, `,"detail":{"`...)
		} else {
			b = append(b, `,"`...)
		}
		b = append(b, c.Name...)
		b = append(b, `":`...)
		b = appendFloat(b, c.USD)
	}
	if len(m.Detail) > 0 {
		b = append(b, '}')
	}
	return append(b, '}')
}

func appendFloat(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'f', -1, 64) }

// appendStatsD writes the facts of an event as StatsD lines with DogStatsD's
// tags: one for each series that they move, none if the event has no fact.
func appendStatsD(b []byte, e *event.Event) []byte {
	l := lines{b: b, e: e}
	if e.Facts&event.Resolution != 0 {
		resolved := strconv.FormatBool(e.Resolved)
		l.line(tally.ConversationsTotal, 1, 'c', "outcome", resolutionOutcome(e.Resolved))
		l.line(tally.ResolutionsTotal, 1, 'c', "resolved", resolved)
		l.line(tally.ResolutionSeconds, e.Seconds, 'h', "resolved", resolved)
		if e.Resolved && e.Confirmed == event.Confirmed {
			l.line(tally.ResolutionsConfirmedTotal, 1, 'c')
		}
	}
	if e.Facts&event.Escalation != 0 {
		l.line(tally.ConversationsTotal, 1, 'c', "outcome", outcomeEscalated)
		l.line(tally.EscalationsTotal, 1, 'c', "reason", e.Reason)
	}
	if e.Facts&event.Turns != 0 {
		l.line(tally.ConversationTurns, float64(e.Turns), 'h')
	}
	if e.Facts&event.Cost != 0 {
		l.line(tally.ConversationCost, e.Cost.USD, 'h')
		for _, c := range e.Cost.Detail {
			l.line(tally.CostTotal, c.USD, 'c', "component", c.Name)
		}
		if len(e.Cost.Detail) == 0 {
			l.line(tally.CostTotal, e.Cost.USD, 'c', "component", componentUnspecified)
		}
	}
	if e.Facts&event.SurveySent != 0 {
		l.line(tally.CSATSurveysTotal, 1, 'c')
	}
	if e.Facts&event.CSAT != 0 {
		l.line(tally.CSATResponsesTotal, 1, 'c', "score", strconv.Itoa(e.CSAT))
	}
	return l.b
}

// lines are the StatsD lines of one event.
type lines struct {
	b []byte
	e *event.Event
}

func (l *lines) line(name string, value float64, kind byte, more ...string) {
	l.b = append(append(l.b, name...), ':')
	l.b = appendFloat(l.b, value)
	l.b = append(l.b, '|', kind)
	l.b = append(append(l.b, "|#intent:"...), l.e.Intent...)
	l.b = append(append(l.b, ",tier:"...), l.e.Tier...)
	l.b = append(append(l.b, ",language:"...), l.e.Language...)
	for i := 0; i < len(more); i += 2 {
		l.b = append(append(l.b, ','), more[i]...)
		l.b = append(append(l.b, ':'), more[i+1]...)
	}
	l.b = append(l.b, '\n')
}

const (
	outcomeEscalated     = "escalated"
	componentUnspecified = "unspecified"
)

func resolutionOutcome(resolved bool) string {
	if resolved {
		return "resolved"
	}
	return "unresolved"
}
