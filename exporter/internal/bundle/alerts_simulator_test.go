package bundle

import "slices"

// comparisons are the windows and baselines that are judged, those that page
// first.
var comparisons = [...]struct{ window, baseline string }{
	{"1h", "static"}, {"1h", "rolling"}, {"1h", "seasonal"}, {"1d", "static"}, {"1d", "rolling"}, {"7d", "static"},
}

// paging is how many of the comparisons page.
const paging = 5

// firing is an alert, in the states that Prometheus gives it.
type firing struct {
	pending, firing bool
	since           int // it is pending
	over            int // the condition does not hold any more, 0 if it does
}

// evaluate is one evaluation of the alert's rule.
func (f *firing) evaluate(minute int, condition bool, p patience) {
	switch {
	case condition && !f.pending:
		*f = firing{pending: true, since: minute, firing: p.hold == 0}
	case condition:
		f.over = 0
		f.firing = f.firing || minute-f.since >= p.hold
	case f.firing && f.over == 0 && p.keep > 0:
		f.over = minute
	case !f.firing || minute-f.over >= p.keep:
		*f = firing{}
	}
}

const (
	ringMinutes   = 1 << 16 // more than 29 days
	intentMinutes = 10      // between two looks at the intents, whose windows are of a day
	ringIntents   = ringMinutes / 8
)

// simulation is an exporter under traffic, and the alerts over it: the formulas
// of the recording rules and the states of Prometheus. A cross-check compares it
// with both.
type simulation struct {
	numbers  *alertNumbers
	traffic  *traffic
	every    int // minutes between evaluations
	minute   int
	total    tallies
	byIntent []tallies
	totals   []tallies   // by minute, a ring
	intents  [][]tallies // by intent and intentMinutes, rings

	deviations [numKPIs][len(comparisons)]deviation // at the last evaluation
	regression [2][numKPIs][len(comparisons)]firing
	improved   [numKPIs][len(comparisons)]firing
	intent     [][2][numKPIs]firing
	stopped    [2]firing
	pages      pages
}

// newSimulation begins with an empty store.
func newSimulation(n *alertNumbers, t *traffic, every int) *simulation {
	s := &simulation{numbers: n, traffic: t, every: every, totals: make([]tallies, ringMinutes)}
	for range t.intents {
		s.intents = append(s.intents, make([]tallies, ringIntents))
	}
	s.byIntent = make([]tallies, len(t.intents))
	s.intent = make([][2][numKPIs]firing, len(t.intents))
	return s
}

// clone is a simulation that goes its own way from here on.
func (s *simulation) clone() *simulation {
	c := *s
	t := *s.traffic
	c.traffic = &t
	c.totals = slices.Clone(s.totals)
	c.byIntent = slices.Clone(s.byIntent)
	c.intent = slices.Clone(s.intent)
	c.intents = slices.Clone(s.intents)
	for k := range c.intents {
		c.intents[k] = slices.Clone(s.intents[k])
	}
	return &c
}

// step draws the next minute and, if it is time, evaluates the rules.
func (s *simulation) step() {
	s.minute++
	s.traffic.minute(s.minute, func(intent int, c *tallies) {
		s.byIntent[intent].add(c)
		s.total.add(c)
	})
	s.totals[s.minute%ringMinutes] = s.total
	if s.minute%intentMinutes == 0 {
		for k := range s.intents {
			s.intents[k][s.minute/intentMinutes%ringIntents] = s.byIntent[k]
		}
	}
	if s.minute%s.every == 0 {
		s.judgeKPIs()
		if s.minute%intentMinutes == 0 {
			s.judgeIntents()
		}
		s.judgeEvents()
		s.pages.update(s)
	}
}

// window is what was counted in the length minutes until minute.
func (s *simulation) window(minute, length int) tallies {
	return between(s.totals, minute, minute-length)
}

func (s *simulation) intentWindow(intent, minute, length int) tallies {
	return between(s.intents[intent], minute/intentMinutes, (minute-length)/intentMinutes)
}

// between subtracts two of a ring; before the beginning there was nothing.
func between(ring []tallies, to, from int) tallies {
	if to < 0 {
		return tallies{}
	}
	now := ring[to%len(ring)]
	if from <= 0 {
		return now
	}
	return now.minus(&ring[from%len(ring)])
}

// judgeKPIs evaluates SupportKPIRegression and SupportKPIImproved.
func (s *simulation) judgeKPIs() {
	const hour, day, week = 60, minutesADay, minutesAWeek
	n, now := s.numbers, s.minute
	h, d, w := s.window(now, hour), s.window(now, day), s.window(now, week)
	before := [2]tallies{s.window(now-hour, 4*week), s.window(now-day, 4*week)}
	var hours [4]tallies
	for i := range hours {
		hours[i] = s.window(now-(i+1)*week, hour)
	}
	for k := range numKPIs {
		weeks := make([]estimate, 0, len(hours))
		for i := range hours {
			if e := hours[i].estimated(k); e.samples > 0 {
				weeks = append(weeks, e)
			}
		}
		s.judge(k, [...]deviation{
			fromStatic(k, h.estimated(k), n.static[k]),
			fromRolling(h.estimated(k), before[0].estimated(k)),
			fromSeasonal(h.estimated(k), weeks),
			fromStatic(k, d.estimated(k), n.static[k]),
			fromRolling(d.estimated(k), before[1].estimated(k)),
			fromStatic(k, w.estimated(k), n.static[k]),
		})
	}
}

func (s *simulation) judge(k int, deviations [len(comparisons)]deviation) {
	n := s.numbers
	s.deviations[k] = deviations
	for c, d := range deviations {
		of := &s.regression
		of[critical][k][c].evaluate(s.minute, d.regressed(k, critical, n, n.zscore), n.regression[critical][c])
		of[warning][k][c].evaluate(s.minute, d.regressed(k, warning, n, n.zscore) && !of[critical][k][c].firing, n.regression[warning][c])
		s.improved[k][c].evaluate(s.minute, comparisons[c].window != "1h" && d.improved(k, n), n.improved)
	}
}

// judgeIntents evaluates SupportIntentRegression.
func (s *simulation) judgeIntents() {
	n := s.numbers
	for i := range s.intents {
		day := s.intentWindow(i, s.minute, minutesADay)
		before := s.intentWindow(i, s.minute-minutesADay, 4*minutesAWeek)
		for k := range numKPIs {
			d := fromRolling(day.estimated(k), before.estimated(k))
			of := &s.intent[i]
			of[critical][k].evaluate(s.minute, d.regressed(k, critical, n, n.intentZ), n.intent[critical])
			of[warning][k].evaluate(s.minute, d.regressed(k, warning, n, n.intentZ) && !of[critical][k].firing, n.intent[warning])
		}
	}
}

// judgeEvents evaluates SupportEventsStopped, five events to a conversation.
func (s *simulation) judgeEvents() {
	for i, length := range []int{60, minutesADay} {
		events := func(ago int) float64 {
			w := s.window(s.minute-ago, length)
			return 5 * w.conversations()
		}
		// 60 are the rule's own.
		condition := events(0) == 0 && events(minutesAWeek) >= 60 && (s.minute < 2*minutesAWeek || events(2*minutesAWeek) >= 60)
		s.stopped[i].evaluate(s.minute, condition, s.numbers.stopped)
	}
}
