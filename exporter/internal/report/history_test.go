package report

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// hourly is a store that counts one resolved conversation an hour.
func hourly(instance string, start time.Time, seen func(time.Time) bool) fakeStore {
	return fakeStore{instance: instance, start: start, seen: seen, counters: func(age time.Duration) map[slice]counts {
		c := counts{{name: "conversations", outcome: "resolved"}: float64(int(age.Hours()))}
		return map[slice]counts{{"intent", "refund"}: c}
	}}
}

func ago(days float64) time.Time { return end.Add(-time.Duration(days * float64(day))) }

func unseen(from, to time.Time) func(time.Time) bool {
	return func(t time.Time) bool { return t.Before(from) || t.After(to) }
}

// A store's counters are taken at both edges of the period, whatever happens to
// the store; what cannot be known is left out, and said.
func TestWhatStoresCounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stores []fakeStore
		want   float64 // in the seven days before the end
		known  int
		note   string
	}{
		{"there all the time", []fakeStore{hourly("a", ago(100), nil)}, 168, 1, ""},
		{"two", []fakeStore{hourly("a", ago(100), nil), hourly("b", ago(50), nil)}, 336, 2, ""},
		{"younger than the period", []fakeStore{hourly("a", ago(2), nil)}, 48, 1, "Exporter a counts from 2026-10-31 on, within 2026-10-26 to 2026-11-02."},
		{"younger by a minute", []fakeStore{hourly("a", ago(7).Add(time.Minute), nil)}, 167, 1, ""},
		{"first scraped five minutes after its start", []fakeStore{hourly("a", ago(7).Add(-time.Minute), unseen(ago(8), ago(7).Add(4*time.Minute)))}, 168, 1, ""},
		{"older than Prometheus", []fakeStore{hourly("a", ago(100), func(t time.Time) bool { return t.After(ago(3)) })}, 0, 0,
			"Exporter a is left out of 2026-10-26 to 2026-11-02: it is older (2026-07-25), and Prometheus did not record it then."},
		{"down for half an hour at the beginning", []fakeStore{hourly("a", ago(100), unseen(ago(7).Add(-30*time.Minute), ago(7).Add(time.Minute)))}, 169, 1, ""},
		{"down for two days at the beginning", []fakeStore{hourly("a", ago(100), unseen(ago(9), ago(6)))}, 217, 1,
			"Exporter a was not seen from 2026-10-24 to 2026-10-26: what it counted meanwhile is in the time after."},
		{"down at the end", []fakeStore{hourly("a", ago(100), unseen(ago(1), end))}, 143, 1,
			"Exporter a was last seen 2026-11-01, within 2026-10-26 to 2026-11-02, and counts until then."},
		{"gone within the period", []fakeStore{hourly("a", ago(100), func(t time.Time) bool { return t.Before(ago(3.5)) })}, 83, 1,
			"Exporter a was last seen 2026-10-29 12:00 UTC, within 2026-10-26 to 2026-11-02, and counts until then."},
		{"gone before", []fakeStore{hourly("a", ago(100), func(t time.Time) bool { return t.Before(ago(8)) })}, 0, 0, ""},
		{"replaced", []fakeStore{hourly("a", ago(100), func(t time.Time) bool { return t.Before(ago(3)) }), hourly("a", ago(3), nil)}, 167, 2,
			"Exporter a was last seen 2026-10-30, within 2026-10-26 to 2026-11-02, and counts until then. Exporter a counts from 2026-10-30 on, within 2026-10-26 to 2026-11-02."},
		{"not yet there", []fakeStore{hourly("a", end.Add(day), nil)}, 0, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{stores: tt.stores}
			p := Period{From: ago(7), To: end}
			h, err := readHistory(context.Background(), f, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, expr := range []string{countersExpr, wholeExpr} {
				c, err := h.count(context.Background(), expr, p)
				if err != nil {
					t.Fatal(err)
				}
				if got := c.all().net("resolved"); got != tt.want || c.stores != tt.known || strings.Join(c.notes, " ") != tt.note {
					t.Errorf("got %v of %d stores, want %v of %d; notes %q, want %q", got, c.stores, tt.want, tt.known, c.notes, tt.note)
				}
			}
		})
	}
}

// Counters are asked for once for each time.
func TestCountersAreReadOnce(t *testing.T) {
	f := goldenFake()
	made(t, options(f))
	asked := 0
	for _, q := range f.asked {
		if q == countersExpr {
			asked++
		}
	}
	if asked != 3 {
		t.Errorf("all counters were asked for %d times, want 3: at the end, the beginning, and that of the period before", asked)
	}
}

func TestWeeksSinceTheLaunch(t *testing.T) {
	for _, tt := range []struct {
		name               string
		store              fakeStore
		weeks, first, last int
		partial            bool
	}{
		{"four whole weeks", hourly("a", ago(28), nil), 4, 1, 4, false},
		{"a week and a bit", hourly("a", ago(9), nil), 2, 1, 2, true},
		{"three years", hourly("a", ago(1095), nil), 53, 105, 157, true},
		{"older than Prometheus", hourly("a", ago(100), func(t time.Time) bool { return t.After(ago(20)) }), 3, 13, 15, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{stores: []fakeStore{tt.store}}
			h, err := readHistory(context.Background(), f, Period{From: ago(1), To: end})
			if err != nil {
				t.Fatal(err)
			}
			trend, err := h.trend(context.Background(), end)
			if err != nil {
				t.Fatal(err)
			}
			n := len(trend.Weeks)
			if n != tt.weeks || trend.Weeks[0].Number != tt.first || trend.Weeks[n-1].Number != tt.last || trend.Weeks[n-1].Partial != tt.partial {
				t.Fatalf("got %d weeks: %+v", n, trend.Weeks)
			}
			for _, w := range trend.Weeks[:n-1] {
				if *w.Conversations != 168 {
					t.Errorf("week %d: %v conversations", w.Number, *w.Conversations)
				}
			}
			if !trend.Launch.Equal(tt.store.start) || !trend.Weeks[n-1].To.Equal(end) {
				t.Errorf("launched %s, until %s", trend.Launch, trend.Weeks[n-1].To)
			}
		})
	}
}

// What Prometheus cannot answer is an error that says what was asked; that it
// has no exemplars is none.
func TestPrometheusFails(t *testing.T) {
	for part, want := range map[string]string{
		"range":               "ask Prometheus which exporters there were",
		"counters:sum[1h])":   "ask Prometheus for",
		"sum without":         "ask Prometheus for",
		"support:benchmark":   "ask Prometheus for",
		"support:experiment:": "ask Prometheus for",
	} {
		f := goldenFake()
		f.fail = part
		if _, err := Make(context.Background(), options(f)); !errors.Is(err, errFake) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", part, err, want)
		}
	}
	f := goldenFake()
	f.fail = "exemplars"
	r := made(t, options(f))
	if note := r.Issues[0].Evidence.ExemplarsNote; note != "Prometheus gave no exemplars: out of order" {
		t.Errorf("got note %q", note)
	}
}

func TestNoExporter(t *testing.T) {
	_, err := Make(context.Background(), options(&fake{}))
	if err == nil || !strings.HasPrefix(err.Error(), "no counts of an exporter in this period: Prometheus needs recording-rules/support_kpis.yml") {
		t.Errorf("got %v", err)
	}
}
