package e2e

import (
	"cmp"
	"slices"
)

// quantities are what must not grow, and by how much it may seem to: a busy
// machine has more requests under way at the end than before, each with a
// connection, two goroutines and a buffer. What leaks with each of millions of
// events is more than that.
func quantities() []quantity {
	memory := slack{share: 0.1, more: 24, perConversation: 2 * conversationBytes / (1 << 20)}
	if raceFlags != nil {
		memory.share, memory.more = 0.5, 64 // the detector remembers who accessed what
	}
	return []quantity{
		{"memory (RSS), MiB", func(n sample) float64 { return n.rss }, memory},
		{"goroutines", func(n sample) float64 { return n.goroutines }, slack{more: 40}},
		{"open files", func(n sample) float64 { return n.files }, slack{more: 20}},
	}
}

// conversationBytes is what a tracked conversation takes of the heap, by the
// README. The process has twice as much: the garbage collector lets as much be
// unused as is used.
const conversationBytes = 160.0

type quantity struct {
	name string
	of   func(sample) float64
	slack
}

// slack is a growth that is none: a share of what there was, something more,
// and so much for each conversation that is tracked more.
type slack struct {
	share, more, perConversation float64
}

// growth is the median of a quantity in the second quarter of some samples and
// in the last. The first quarter is for warming up.
type growth struct {
	from, to, allowed float64
}

// beyond is what is not allowed, if it is more than 0.
func (g growth) beyond() float64 { return g.to - g.from - g.allowed }

func (q *quantity) growth(samples []sample) growth {
	n := len(samples)
	second, last := samples[n/4:n/2], samples[n-n/4:]
	conversations := func(n sample) float64 { return n.conversations }
	more := max(0, median(last, conversations)-median(second, conversations))
	g := growth{from: median(second, q.of), to: median(last, q.of)}
	g.allowed = q.share*g.from + q.more + q.perConversation*more
	return g
}

// wantFlat checks that the exporter does not need more the longer it runs: not
// from the second quarter of the run to the last, which is about the store and
// what a start makes of it; and not from the second quarter of a process's life
// to its last, in the median process, which is about what a restart gives back.
func (s *soak) wantFlat() {
	s.t.Helper()
	for _, q := range quantities() {
		run, process := s.growths(q)
		for of, g := range map[string]growth{"run": run, "process's life": process} {
			if g.beyond() > 0 {
				s.t.Errorf("%s: %.1f in the second quarter of the %s, %.1f in the last; want %.1f more at most", q.name, g.from, of, g.to, g.allowed)
			}
		}
	}
}

// growths gives the growth over the run, and that of the process which is the
// median in what it grew beyond what is allowed.
func (s *soak) growths(q quantity) (run, process growth) {
	if len(s.samples) >= enough {
		run = q.growth(s.samples)
	}
	var all []growth
	for _, samples := range s.lives() {
		all = append(all, q.growth(samples))
	}
	if len(all) == 0 {
		return run, growth{}
	}
	slices.SortFunc(all, func(a, b growth) int { return cmp.Compare(a.beyond(), b.beyond()) })
	return run, all[(len(all)-1)/2]
}

// enough samples are two for a quarter.
const enough = 8

// lives gives the samples of each exporter that has enough of them.
func (s *soak) lives() (lives [][]sample) {
	byExporter := map[int][]sample{}
	for _, n := range s.samples {
		byExporter[n.exporter] = append(byExporter[n.exporter], n)
	}
	for _, samples := range byExporter {
		if len(samples) >= enough {
			lives = append(lives, samples)
		}
	}
	return lives
}

func median(samples []sample, of func(sample) float64) float64 {
	var values []float64
	for _, n := range samples {
		values = append(values, of(n))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
