package tally

import (
	"math"
	"testing"
	"unicode/utf8"

	"supportexporter/exporter/internal/event"
)

// FuzzEncode holds the Encoder against expfmt for any text in a label or an
// exemplar, and any number, count and time.
func FuzzEncode(f *testing.F) {
	f.Fuzz(func(t *testing.T, intent, reason, id string, v float64, count uint64, now int64) {
		const seconds = 200 * 365 * 86400 // from 1970; expfmt knows no nanoseconds much beyond
		if !utf8.ValidString(intent) || !utf8.ValidString(reason) || !utf8.ValidString(id) || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 ||
			now > seconds*1000 || now < -seconds*1000 {
			t.Skip("no event has that")
		}
		ta := New(Buckets{Seconds: []float64{v / 2, v/2 + 1}, Turns: []float64{v}, Cost: []float64{0.25, 20}})
		ta.SetLimits(roomy())
		for _, name := range []string{intent, reason, ""} {
			at := At{
				Cell: ta.Cell(Labels{ta.Label(LabelIntent, name), ta.Label(LabelTier, intent), ta.Label(LabelLanguage, reason)}, now),
				Arm:  ta.Arm(reason, name, now), Now: now, ID: id,
			}
			ta.ResolutionSeconds(at, true, v)
			ta.Turns(at, v)
			ta.Cost(at, v/3)
			ta.Spend(at, event.Money{USD: v, Detail: []event.Component{{Name: reason, USD: v / 3}}})
			ta.Escalation(at, ta.Reason(name))
			ta.Escalation(at, ta.Reason(reason))
			ta.CSAT(at, 1)
		}
		s := ta.Snapshot()
		s.Open, s.Start = int(count>>1), now
		for i := range s.cells {
			s.cells[i].surveys, s.cells[i].turns.buckets[1], s.cells[i].escalations[0].count = count, count, count
		}
		compareFormats(t, s)
	})
}
