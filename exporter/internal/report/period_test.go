package report

import (
	"testing"
	"time"
)

func TestParsePeriod(t *testing.T) {
	now := time.Date(2026, 3, 5, 14, 30, 15, 500, time.FixedZone("", 3600))
	for _, tt := range []struct{ text, from, to, before string }{
		{"7d", "2026-02-26T13:30:15Z", "2026-03-05T13:30:15Z", "2026-02-19T13:30:15Z"},
		{"90m", "2026-03-05T12:00:15Z", "2026-03-05T13:30:15Z", "2026-03-05T10:30:15Z"},
		{"month", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"2025-12-01..2026-01-01", "2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z", "2025-11-01T00:00:00Z"},
		{"2026-02-01..2026-02-11", "2026-02-01T00:00:00Z", "2026-02-11T00:00:00Z", "2026-01-22T00:00:00Z"},
		{"2026-02-01T06:00:00+02:00..2026-02-02", "2026-02-01T04:00:00Z", "2026-02-02T00:00:00Z", "2026-01-31T08:00:00Z"},
	} {
		p, err := ParsePeriod(tt.text, now)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		for want, got := range map[string]time.Time{tt.from: p.From, tt.to: p.To, tt.before: p.before().From} {
			if got.Format(time.RFC3339Nano) != want {
				t.Errorf("%s: got %s, want %s", tt.text, got, want)
			}
		}
		if b := p.before(); !b.To.Equal(p.From) || p.Name != tt.text {
			t.Errorf("%s: %+v, before %+v", tt.text, p, b)
		}
	}
}

func TestParsePeriodErrors(t *testing.T) {
	now := time.Date(2026, 3, 5, 14, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"":                       `must be as 7d, month or 2026-10-01..2026-10-15, got ""`,
		"week":                   `must be as 7d, month or 2026-10-01..2026-10-15, got "week"`,
		"-7d":                    `must be as 7d, month or 2026-10-01..2026-10-15, got "-7d"`,
		"30m":                    `"30m" must last at least an hour`,
		"2026-02-02..2026-02-01": `"2026-02-02..2026-02-01" must last at least an hour`,
		"2026-03-01..2026-03-06": `"2026-03-01..2026-03-06" must not end after now, 2026-03-05T14:00:00Z`,
		"2026-02-30..2026-03-01": `"2026-02-30..2026-03-01": want a date or a time, as 2026-10-01 or 2026-10-01T12:00:00Z, got "2026-02-30"`,
		"2026-02-01..soon":       `"2026-02-01..soon": want a date or a time, as 2026-10-01 or 2026-10-01T12:00:00Z, got "soon"`,
	} {
		if _, err := ParsePeriod(text, now); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// No text makes a period that cannot be reported.
func FuzzParsePeriod(f *testing.F) {
	for _, seed := range []string{"7d", "month", "2026-10-01..2026-10-15", "..", "1y", "2026-02-01T06:00:00+02:00..2026-02-02"} {
		f.Add(seed)
	}
	now := time.Date(2026, 12, 5, 14, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePeriod(text, now)
		if err != nil {
			return
		}
		if p.To.After(now) || p.To.Sub(p.From) < time.Hour || !p.before().From.Before(p.From) || p.before().From.Location() != time.UTC {
			t.Errorf("%q: %+v, before %+v", text, p, p.before())
		}
	})
}

func TestWindow(t *testing.T) {
	for length, want := range map[time.Duration]string{time.Hour: "1h", day: "1d", 3 * day: "1d", 7 * day: "7d", 14 * day: "7d", 28 * day: "28d", 90 * day: "28d"} {
		if got := (Period{From: end.Add(-length), To: end}).window(); got != want {
			t.Errorf("%s: got %s, want %s", length, got, want)
		}
	}
}
