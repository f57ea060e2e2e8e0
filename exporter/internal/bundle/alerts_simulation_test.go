package bundle

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
)

// hourlyTraffic is for which traffic the budget holds, in conversations an
// hour.
var hourlyTraffic = []float64{15, 30, 60, 150, 300, 600}

const minutesAMonth = 30 * minutesADay

// forEachTraffic runs f for each of the traffics, side by side.
func forEachTraffic(f func(i int, hourly float64)) {
	var wg sync.WaitGroup
	for i, hourly := range hourlyTraffic {
		wg.Go(func() { f(i, hourly) })
	}
	wg.Wait()
}

// Traffic that is truly on its baseline pages at most once a month.
func TestAlertsKeepTheBudgetOfFalsePages(t *testing.T) {
	stores, months := 6, 5
	if testing.Short() {
		stores, months = 1, 2
	}
	n := readAlertNumbers(t)
	type result struct{ first, later pages }
	results := make([]result, len(hourlyTraffic))
	forEachTraffic(func(i int, hourly float64) {
		for store := range stores {
			s := newSimulation(n, newTraffic(uint64(store+1), hourly, 20), 1)
			r := &results[i]
			s.pages = r.first
			for s.minute < minutesAMonth {
				s.step()
			}
			r.first, s.pages = s.pages, r.later
			for s.minute < (1+months)*minutesAMonth {
				s.step()
			}
			r.later = s.pages
		}
	})
	var table strings.Builder
	fmt.Fprintln(&table, "| conversations an hour | SupportKPIRegression | SupportIntentRegression (20 intents) | SupportEventsStopped | pages a month | in a store's first month | informed a month |")
	fmt.Fprintln(&table, "|---|---|---|---|---|---|---|")
	for i, hourly := range hourlyTraffic {
		r := &results[i]
		a := float64(stores * months)
		total := float64(r.later.total()) / a
		fmt.Fprintf(&table, "| %.0f | %.2f | %.2f | %.2f | **%.2f** | %.2f | %.2f |\n", hourly,
			float64(r.later.kpi)/a, float64(r.later.intent)/a, float64(r.later.events)/a, total,
			float64(r.first.total())/float64(stores), float64(r.later.notices)/a)
		if total > 1 {
			t.Errorf("%.0f conversations an hour: %.2f false pages a month, want at most 1", hourly, total)
		}
	}
	t.Logf("False pages in %d months of each traffic, after %d first months:\n%s", stores*months, stores, &table)
}

// sizes of a regression.
var sizes = []float64{0.10, 0.25, 0.50}

// regressions is what became of one size of regression under one traffic.
type regressions struct {
	after [numKPIs][]int // minutes until the first page; math.MaxInt if there was none in a week
	pages int            // of all KPIs
}

// watchRegressions makes every KPI worse by a size, at some hour of the week,
// and watches for a week; as often as it is told to.
func watchRegressions(n *alertNumbers, hourly float64, times int) [3]regressions {
	var out [3]regressions
	s := newSimulation(n, newTraffic(1, hourly, 1), 1)
	for s.minute < 5*minutesAWeek {
		s.step()
	}
	for range times {
		for range 2*minutesADay + 367 {
			s.step()
		}
		for size, by := range sizes {
			worse := s.clone()
			worse.pages = pages{}
			for k := range numKPIs {
				worse.traffic.change[k] = 1 - n.direction[k]*by
			}
			for range minutesAWeek {
				worse.step()
			}
			for k, first := range worse.pages.first {
				after := math.MaxInt
				if first > 0 {
					after = first - s.minute
				}
				out[size].after[k] = append(out[size].after[k], after)
			}
			out[size].pages += worse.pages.kpi
		}
	}
	return out
}

// How long a real regression takes to page. The table is for the reader; what
// must hold is that a large one pages within two days, wherever a day has enough
// samples.
func TestAlertsPageRealRegressions(t *testing.T) {
	times := 15
	if testing.Short() {
		times = 2
	}
	n := readAlertNumbers(t)
	results := make([][3]regressions, len(hourlyTraffic))
	forEachTraffic(func(i int, hourly float64) { results[i] = watchRegressions(n, hourly, times) })

	var table strings.Builder
	fmt.Fprint(&table, "| KPI | worse by |")
	for _, hourly := range hourlyTraffic {
		fmt.Fprintf(&table, " %.0f/h |", hourly)
	}
	fmt.Fprintln(&table, "\n|---|---|"+strings.Repeat("---|", len(hourlyTraffic)))
	for k, kpi := range kpiNames {
		for size, by := range sizes {
			fmt.Fprintf(&table, "| `%s` | %.0f %% |", kpi, 100*by)
			for i := range hourlyTraffic {
				fmt.Fprintf(&table, " %s |", inWords(median(results[i][size].after[k])))
			}
			fmt.Fprintln(&table)
		}
	}
	for size, by := range sizes {
		fmt.Fprintf(&table, "| all: pages a week | %.0f %% |", 100*by)
		for i := range hourlyTraffic {
			fmt.Fprintf(&table, " %.1f |", float64(results[i][size].pages)/float64(times*numKPIs))
		}
		fmt.Fprintln(&table)
	}
	t.Logf("Time until a page, the median of %d:\n%s", times, &table)

	for i, hourly := range hourlyTraffic {
		for k, kpi := range kpiNames {
			if 24*hourly < n.floor[critical][k] {
				continue // a day does not have the samples
			}
			if after := median(results[i][2].after[k]); after > 2*minutesADay {
				t.Errorf("%.0f conversations an hour: %s worse by half pages after %s, want two days at most", hourly, kpi, inWords(after))
			}
		}
	}
}

func median(minutes []int) int {
	slices.Sort(minutes)
	return minutes[len(minutes)/2]
}

// inWords writes a time as a person reads it.
func inWords(minutes int) string {
	switch {
	case minutes == math.MaxInt:
		return "–"
	case minutes < 120:
		return fmt.Sprintf("%d min", minutes)
	case minutes < 2*minutesADay:
		return fmt.Sprintf("%.1f h", float64(minutes)/60)
	}
	return fmt.Sprintf("%.1f d", float64(minutes)/minutesADay)
}
