package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/verdict"
)

// planFlags are those of experiment plan.
type planFlags struct {
	kpi              string
	baseline, stddev float64
	lift, minLift    float64
	alpha            float64
	treatments       int
	perConversation  float64
}

func (f *planFlags) declare(clause *kingpin.CmdClause) {
	var kpis []string
	for _, kpi := range config.KPIs() {
		kpis = append(kpis, string(kpi))
	}
	clause.Flag("kpi", "plan: the primary KPI: "+strings.Join(kpis, ", ")+".").PlaceHolder("KPI").EnumVar(&f.kpi, kpis...)
	clause.Flag("baseline", "plan: its mean now; of a rate, such as 0.12.").PlaceHolder("NUMBER").Float64Var(&f.baseline)
	clause.Flag("stddev", "plan: the standard deviation of one value; of a rate it follows from the baseline.").PlaceHolder("NUMBER").Float64Var(&f.stddev)
	clause.Flag("lift", "plan: the effect to find, as a ratio: 0.1 is 10 % more, -0.1 is 10 % less.").PlaceHolder("RATIO").Float64Var(&f.lift)
	clause.Flag("min-lift", "plan: min_lift_ratio of the declaration, less than the effect.").Default("0.05").Float64Var(&f.minLift)
	clause.Flag("alpha", "plan: how often, at most, a difference is seen where there is none.").Default("0.05").Float64Var(&f.alpha)
	clause.Flag("treatments", "plan: variants besides the control. They share alpha.").Default("1").IntVar(&f.treatments)
	clause.Flag("samples-per-conversation", "plan: how many values of the KPI there are for each conversation, such as 0.35 where 35 % are rated.").Default("1").Float64Var(&f.perConversation)
}

func (f *planFlags) rate() bool { return strings.HasSuffix(f.kpi, "_rate") }

// missed says within what a mean of the KPI lies, if this one cannot be one.
func (f *planFlags) missed(mean float64) string {
	switch kpi := config.KPI(f.kpi); {
	case kpi == config.CSAT && !(mean >= 1 && mean <= 5):
		return "from 1 to 5"
	case kpi == config.Turns && mean < 1:
		return "at least 1"
	}
	return ""
}

func (f *planFlags) validate() error {
	switch {
	case f.kpi == "":
		return errors.New("plan needs --kpi")
	case !(f.baseline > 0 && f.baseline <= math.MaxFloat32):
		return fmt.Errorf("plan needs a --baseline of more than 0, got %g", f.baseline)
	case f.rate() && f.baseline >= 1:
		return fmt.Errorf("--baseline of a rate must be less than 1, got %g", f.baseline)
	case f.missed(f.baseline) != "":
		return fmt.Errorf("--baseline of %s must be %s, got %g", f.kpi, f.missed(f.baseline), f.baseline)
	case f.rate() && f.stddev != 0:
		return fmt.Errorf("--stddev must not be given for a rate, got %g", f.stddev)
	case !f.rate() && !(f.stddev > 0 && f.stddev <= math.MaxFloat32):
		return fmt.Errorf("plan needs a --stddev of more than 0 for %s, got %g", f.kpi, f.stddev)
	case !(f.lift > -1 && f.lift <= 100) || f.lift == 0:
		return fmt.Errorf("plan needs a --lift of more than -1, at most 100, and not 0, got %g", f.lift)
	case f.rate() && f.baseline*(1+f.lift) >= 1:
		return fmt.Errorf("--lift must leave a rate below 1, got %g on %g", f.lift, f.baseline)
	case f.missed(f.baseline*(1+f.lift)) != "":
		return fmt.Errorf("--lift must leave %s %s, got %g on %g", f.kpi, f.missed(f.baseline*(1+f.lift)), f.lift, f.baseline)
	case !(f.minLift >= 0 && f.minLift < math.Abs(f.lift)):
		return fmt.Errorf("--min-lift must be at least 0 and less than the effect, %g, got %g", math.Abs(f.lift), f.minLift)
	case !(f.alpha >= 0.0001 && f.alpha <= 0.5):
		return fmt.Errorf("--alpha must be from 0.0001 to 0.5, got %g", f.alpha)
	case f.treatments < 1 || f.treatments > 19:
		return fmt.Errorf("--treatments must be from 1 to 19, got %d", f.treatments)
	case !(f.perConversation > 0 && f.perConversation <= 1):
		return fmt.Errorf("--samples-per-conversation must be more than 0 and at most 1, got %g", f.perConversation)
	}
	return nil
}

// planned is what an experiment needs.
type planned struct {
	KPI           config.KPI    `json:"kpi"`
	Baseline      float64       `json:"baseline"`
	LiftRatio     float64       `json:"lift_ratio"`
	MinLiftRatio  float64       `json:"min_lift_ratio"`
	Alpha         float64       `json:"alpha"` // of all treatments together
	Power         float64       `json:"power"`
	Arms          int           `json:"arms"`
	Samples       verdict.Sizes `json:"samples"`       // in each arm
	Conversations verdict.Sizes `json:"conversations"` // in each arm
	PerDay        float64       `json:"per_day,omitempty"`
	Days          float64       `json:"days,omitempty"` // of the sequential size
}

// work is the plan for a power, with that many conversations a day in all arms;
// 0 if that is not known.
func (f *planFlags) work(power, perDay float64) (*planned, error) {
	sizes, err := verdict.Effect{
		Control: f.sample(f.baseline), Treatment: f.sample(f.baseline * (1 + f.lift)),
		LiftRatio: f.lift, MinLiftRatio: f.minLift, Alpha: f.alpha / float64(f.treatments), Power: power,
	}.Sizes()
	if err != nil {
		return nil, err
	}
	p := &planned{
		KPI: config.KPI(f.kpi), Baseline: f.baseline, LiftRatio: f.lift, MinLiftRatio: f.minLift,
		Alpha: f.alpha, Power: power, Arms: f.treatments + 1, Samples: sizes, PerDay: perDay,
		Conversations: verdict.Sizes{Fixed: math.Ceil(sizes.Fixed / f.perConversation), Sequential: math.Ceil(sizes.Sequential / f.perConversation)},
	}
	if perDay > 0 {
		p.Days = p.Conversations.Sequential * float64(p.Arms) / perDay
	}
	return p, nil
}

// sample has the variance of a KPI with a mean.
func (f *planFlags) sample(mean float64) verdict.Sample {
	if f.rate() {
		return verdict.Sample{Mean: mean, Variance: mean * (1 - mean)}
	}
	return verdict.Sample{Mean: mean, Variance: f.stddev * f.stddev}
}

func (p *planned) text(w io.Writer) error {
	fmt.Fprintf(w, "%s from %s to %s (%s), found with a probability of %.0f %%; alpha %g in %d arms.\n\n",
		p.KPI, amount(p.KPI, p.Baseline), amount(p.KPI, p.Baseline*(1+p.LiftRatio)), percent(p.LiftRatio), 100*p.Power, p.Alpha, p.Arms)
	fmt.Fprintf(w, "planned_conversations: %.0f   in each arm (%.0f samples), looked at as often as you like\n", p.Conversations.Sequential, p.Samples.Sequential)
	fmt.Fprintf(w, "With a single look at the end it would be %.0f (%.0f samples). A real effect is mostly seen before the planned end.\n", p.Conversations.Fixed, p.Samples.Fixed)
	if p.PerDay > 0 {
		fmt.Fprintf(w, "At %.0f conversations a day that takes %.1f days.\n", p.PerDay, p.Days)
	}
	return nil
}
