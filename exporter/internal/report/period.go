package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Period is the time that is reported, from a moment on and up to another, in UTC.
type Period struct {
	Name string    `json:"name"` // as it was asked for
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// ParsePeriod reads a period: a duration up to now, such as 7d; month, the
// calendar month before now's, in UTC; or two dates or times with two dots
// between them, such as 2026-10-01..2026-10-15, of which the second is not in it.
func ParsePeriod(text string, now time.Time) (Period, error) {
	now = now.UTC().Truncate(time.Second)
	p := Period{Name: text, To: now}
	from, to, both := strings.Cut(text, "..")
	switch {
	case text == "month":
		p.To = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
		p.From = p.To.AddDate(0, -1, 0)
		return p, nil
	case both:
		var err error
		if p.From, err = parseMoment(from); err != nil {
			return Period{}, fmt.Errorf("%q: %w", text, err)
		}
		if p.To, err = parseMoment(to); err != nil {
			return Period{}, fmt.Errorf("%q: %w", text, err)
		}
	default:
		d, err := model.ParseDuration(text)
		if err != nil {
			return Period{}, fmt.Errorf("must be as 7d, month or 2026-10-01..2026-10-15, got %q", text)
		}
		p.From = now.Add(-time.Duration(d))
	}
	switch {
	case p.To.Sub(p.From) < time.Hour:
		return Period{}, fmt.Errorf("%q must last at least an hour", text)
	case p.To.After(now):
		return Period{}, fmt.Errorf("%q must not end after now, %s", text, now.Format(time.RFC3339))
	}
	return p, nil
}

func parseMoment(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("want a date or a time, as 2026-10-01 or 2026-10-01T12:00:00Z, got %q", text)
}

// before is the period to compare with: the month before a whole month, else
// as much time as the period itself has.
func (p Period) before() Period {
	b := Period{Name: "before", From: p.From.Add(-p.To.Sub(p.From)), To: p.From}
	if wholeMonth := p.From.Day() == 1 && p.From.AddDate(0, 1, 0).Equal(p.To); wholeMonth {
		b.From = p.From.AddDate(0, -1, 0)
	}
	return b
}

// String gives the days, and the times where they are not midnight.
func (p Period) String() string { return moment(p.From) + " to " + moment(p.To) }

func moment(t time.Time) string {
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04 UTC")
}

// window is the recorded window that is closest in length, for queries that
// people go on with.
func (p Period) window() string {
	length := p.To.Sub(p.From)
	switch {
	case length < 12*time.Hour:
		return "1h"
	case length < 4*24*time.Hour:
		return "1d"
	case length < 17*24*time.Hour:
		return "7d"
	}
	return "28d"
}
