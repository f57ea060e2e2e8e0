package verdict

import (
	"math/rand/v2"
	"testing"

	"supportexporter/exporter/internal/config"
)

// The figures of the README come from this file, by go test -v.

// perLook are the conversations in each arm between two looks, to those of the
// planned end.
const (
	perLook = 100
	planned = 5000
)

// simulated is how many simulated experiments there are, fewer with -short.
func simulated(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// watched is an experiment of which one KPI is the primary one and no other is
// known.
func watched(kpi config.KPI, control, treatment Arm) Experiment {
	only := func(a Arm) Arm {
		a.KPIs = map[config.KPI]Sample{kpi: a.KPIs[kpi]}
		return a
	}
	return Experiment{
		Control: "control", Arms: []Arm{only(control), only(treatment)}, Primary: kpi,
		Alpha: 0.05, MinLiftRatio: 0.05, GuardrailToleranceRatio: 0.05, PlannedConversations: planned,
	}
}

// guarded is an experiment as one would declare it.
func guarded(control, treatment Arm) Experiment {
	return Experiment{
		Control: "control", Arms: []Arm{control, treatment}, Primary: config.CSAT,
		Guardrails: []config.KPI{config.ResolutionRate, config.EscalationRate, config.CostUSD},
		Alpha:      0.05, MinLiftRatio: 0.05, GuardrailToleranceRatio: 0.05, PlannedConversations: planned,
	}
}

// seen is how many experiments were ever seen so: by their verdicts, by the
// rule that more than 5 % is significant, and by that with a p-value below 0.05.
type seen struct{ ship, rollback, article, fixed int }

// watch looks at an experiment after every perLook conversations.
func watch(rng *rand.Rand, control, treatment *odds, judge func(size int, a, b Arm)) {
	var a, b counts
	for size := perLook; size <= planned; size += perLook {
		a.draw(rng, control, perLook)
		b.draw(rng, treatment, perLook)
		judge(size, a.arm("control"), b.arm("treatment"))
	}
}

// Of experiments without any difference, looked at all the time, at most 5 %
// ever ship, whatever KPI they are judged by.
func TestNullExperimentsDoNotShip(t *testing.T) {
	n := simulated(2000)
	rng := rand.New(rand.NewPCG(1, 2026))
	null := everyday()
	ever := map[config.KPI]*seen{}
	for _, kpi := range append(config.KPIs(), "guarded") {
		ever[kpi] = &seen{}
	}
	for range n {
		once := map[string]bool{}
		count := func(kpi config.KPI, what string, holds bool, counter *int) {
			if key := string(kpi) + what; holds && !once[key] {
				once[key] = true
				*counter++
			}
		}
		watch(rng, &null, &null, func(_ int, a, b Arm) {
			for _, kpi := range config.KPIs() {
				e, s := watched(kpi, a, b), ever[kpi]
				j := e.Judge(DefaultLimits())[0]
				count(kpi, "ship", j.Verdict == Ship, &s.ship)
				count(kpi, "rollback", j.Verdict == Rollback, &s.rollback)
				for _, l := range j.Lifts {
					gain := l.Ratio * Direction(kpi)
					count(kpi, "article", gain > 0.05, &s.article)
					count(kpi, "fixed", gain > 0.05 && l.PValue != nil && *l.PValue < 0.05, &s.fixed)
				}
			}
			e, s := guarded(a, b), ever["guarded"]
			j := e.Judge(DefaultLimits())[0]
			count("guarded", "ship", j.Verdict == Ship, &s.ship)
			count("guarded", "rollback", j.Verdict == Rollback, &s.rollback)
		})
	}
	percent := func(k int) float64 { return 100 * float64(k) / float64(n) }
	for _, kpi := range append(config.KPIs(), "guarded") {
		s := ever[kpi]
		t.Logf("| `%s` | %.1f %% | %.1f %% | %.1f %% | %.1f %% |", kpi, percent(s.article), percent(s.fixed), percent(s.ship), percent(s.rollback))
		if percent(s.ship) > 5 || percent(s.rollback) > 5 {
			t.Errorf("%s: of %d null experiments %d ever shipped and %d rolled back, want at most 5 %% of each", kpi, n, s.ship, s.rollback)
		}
	}
}

// A CSAT that is truly 10 % higher ships within the planned size, as plan gives
// it, and mostly long before.
func TestALiftShipsWithinThePlannedSize(t *testing.T) {
	n := simulated(1000)
	rng := rand.New(rand.NewPCG(2, 2026))
	null := everyday()
	better := null.rated(4.2 * 1.1)
	sizes, err := Effect{
		Control: Sample{0, 4.2, 1.04}, Treatment: Sample{0, 0, 1.04},
		LiftRatio: 0.1, MinLiftRatio: 0.05, Alpha: 0.05, Power: 0.8,
	}.Sizes()
	if err != nil {
		t.Fatal(err)
	}
	conversations := sizes.Sequential / null.answered
	shipped, total := 0, 0.0
	for range n {
		var a, b counts
		for a.conversations < conversations {
			a.draw(rng, &null, 10)
			b.draw(rng, &better, 10)
			e := guarded(a.arm("control"), b.arm("treatment"))
			e.PlannedConversations = conversations
			if e.Judge(DefaultLimits())[0].Verdict == Ship {
				shipped++
				total += a.conversations
				break
			}
		}
	}
	power := float64(shipped) / float64(n)
	t.Logf("%.0f ratings, %.0f conversations in each arm (fixed horizon: %.0f); %.1f %% ship, after %.0f on average",
		sizes.Sequential, conversations, sizes.Fixed/null.answered, 100*power, total/float64(max(shipped, 1)))
	if power < 0.8 {
		t.Errorf("%d of %d shipped, want 80 %%", shipped, n)
	}
}

// A guardrail that is lost rolls back though the primary KPI is better, and a
// split of 60 to 40 is told from one of 50 to 50.
func TestHarmIsSeen(t *testing.T) {
	n := simulated(200)
	rng := rand.New(rand.NewPCG(3, 2026))
	null := everyday()
	worse := null.rated(4.2 * 1.1)
	worse.outcomes = [3]float64{0.60, 0.24, 0.08}
	rolledBack, flagged, split := 0, 0, 0
	for range n {
		var a, b counts
		a.draw(rng, &null, planned)
		b.draw(rng, &worse, planned)
		e := guarded(a.arm("control"), b.arm("treatment"))
		if e.Judge(DefaultLimits())[0].Verdict == Rollback {
			rolledBack++
		}
		if unbalanced(rng, 0.6) {
			flagged++
		}
		if unbalanced(rng, 0.5) {
			split++
		}
	}
	if rolledBack < n*99/100 || flagged < n*95/100 || split > n/100 {
		t.Errorf("of %d: %d rolled back, %d of 60 to 40 were flagged, %d of 50 to 50", n, rolledBack, flagged, split)
	}
}

// unbalanced says whether 1,000 conversations, of which the treatment gets a
// share, are seen not to be split evenly.
func unbalanced(rng *rand.Rand, share float64) bool {
	var few, many counts
	for range 1000 {
		if rng.Float64() < share {
			many.conversations++
		} else {
			few.conversations++
		}
	}
	e := guarded(few.arm("control"), many.arm("treatment"))
	return e.SRM()["treatment"] < DefaultLimits().SRMPValue
}

// An interval of the lift holds the true lift as often as it says, at a fixed
// size, and the sequential one at all sizes together.
func TestIntervalsCover(t *testing.T) {
	n := simulated(2000)
	rng := rand.New(rand.NewPCG(4, 2026))
	control, treatment := everyday(), everyday().rated(4.5)
	treatment.outcomes = [3]float64{0.66, 0.18, 0.08}
	treatment.cost *= 1.2
	truth := map[config.KPI]float64{config.CSAT: 4.5/4.2 - 1, config.ResolutionRate: 0.66/0.72 - 1, config.EscalationRate: 0.5, config.CostUSD: 0.2}
	fixed, sequential := map[config.KPI]int{}, map[config.KPI]int{}
	for range n {
		missed := map[config.KPI]bool{}
		watch(rng, &control, &treatment, func(size int, a, b Arm) {
			for kpi, lift := range truth {
				l, _ := compare(kpi, b.KPIs[kpi], a.KPIs[kpi], bounds{0.05, planned, 30})
				if l.Sequential != nil {
					missed[kpi] = missed[kpi] || lift < l.Sequential.Low || lift > l.Sequential.High
				}
				if size == planned && l.Fixed.Low <= lift && lift <= l.Fixed.High {
					fixed[kpi]++
				}
			}
		})
		for kpi := range truth {
			if !missed[kpi] {
				sequential[kpi]++
			}
		}
	}
	for kpi, lift := range truth {
		f, s := float64(fixed[kpi])/float64(n), float64(sequential[kpi])/float64(n)
		t.Logf("%s, lift %+.3f: fixed %.3f, sequential %.3f", kpi, lift, f, s)
		if f < 0.93 || f > 0.98 || s < 0.95 {
			t.Errorf("%s: the fixed interval covers %.3f, the sequential one %.3f; want 0.95, and at least 0.95", kpi, f, s)
		}
	}
}
