package dashboard

import (
	"fmt"
	"strings"
)

// Matchers of an experiment's series.
const (
	chosenExperiment = `experiment="$experiment"`
	chosenTreatment  = `variant=~"$treatment"`
	sequential       = `interval="sequential"`
)

// recorded selects what was recorded of the chosen experiment.
func recorded(metric string, more ...string) string {
	return sel("support:experiment:"+metric, append([]string{chosenExperiment}, more...)...)
}

// holds is where a verdict is the one that holds.
func holds(verdict string) string {
	return "(" + recorded("verdict", eq("verdict", verdict)) + " > 0)"
}

// decided is 3, 2 or 1 for a treatment of which the verdict is ship, rollback
// or review, and 0 for one that gets none.
func decided() string {
	return fmt.Sprintf("max by (variant) (\n  0 * %s + 3\n  or 0 * %s + 2\n  or 0 * %s + 1\n  or 0 * (%s)\n)",
		holds("ship"), holds("rollback"), holds("review"), withoutVerdict(`"verdict", "none"`))
}

// withoutVerdict is the treatments of an experiment that was not declared: all
// of its arms, if not even the control is known. More sets a label of it.
func withoutVerdict(label string) string {
	return fmt.Sprintf(`label_replace(%s unless on (experiment, variant) %s unless on (experiment, variant) %s, %s, "", "")`,
		recorded("assigned"), recorded("control"), recorded("judged"), label)
}

// undecided is the treatments of which nothing holds that a verdict is made of.
func undecided() string {
	return fmt.Sprintf(`label_replace(%s unless on (experiment, variant) %s, "condition", "undecided", "", "")`,
		recorded("judged"), recorded("condition"))
}

// lacking is the conversations that the plan lacks, in the arm that lacks more
// of them: the treatment's or the control's. Only then the experiment ends
// whatever it shows.
func lacking() string {
	control := fmt.Sprintf("on (experiment) group_left () max by (experiment) (%s and on (experiment, variant) %s)",
		recorded("assigned"), recorded("control"))
	return fmt.Sprintf(`max by (variant) (
  (
    %s
    - on (experiment) group_right () (%s <= %s or 0 * %s + %s)
  )
  and on (experiment, variant) %s
)`, recorded("planned"), recorded("assigned"), control, recorded("assigned"), control, holds("insufficient"))
}

// declaredOnly leaves out experiments that were not declared: their planned
// size is one that nobody set.
func declaredOnly(expr string) string {
	return fmt.Sprintf("(%s) and on (experiment) %s", expr, recorded("primary"))
}

func ofPlanned() string {
	return declaredOnly(fmt.Sprintf("%s / on (experiment) group_left () %s", recorded("assigned"), recorded("planned")))
}

func toCome() string {
	return declaredOnly(fmt.Sprintf("clamp_min(%s - on (experiment) group_right () %s, 0)", recorded("planned"), recorded("assigned")))
}

// actualShare is an arm's share of the conversations that joined any of them.
func actualShare() string {
	return fmt.Sprintf("%s / on (experiment) group_left () (sum by (experiment) (%s) > 0)", recorded("assigned"), recorded("assigned"))
}

// The names of an arm's share of the traffic.
const (
	asDeclared    = "as declared"
	notAsDeclared = "not as declared"
	tooFewToTell  = "too few to tell"
)

// judgedShare is the shares, named by whether they are the declared ones.
func judgedShare() string {
	when := func(condition string) string {
		return fmt.Sprintf("%s and on (experiment, variant) %s", actualShare(), condition)
	}
	return strings.Join([]string{
		state(notAsDeclared, when("("+recorded("srm_pvalue")+" < scalar(support:threshold:experiment_srm_pvalue))")),
		state(asDeclared, when(recorded("srm_pvalue"))),
		state(tooFewToTell, actualShare()),
	}, "\nor on (experiment, variant) ")
}

// armRole is 2 for the control, 1 for a treatment and 0 for an arm that nobody
// declared.
func armRole() string {
	arm := recorded("assigned")
	return fmt.Sprintf("0 * (%s and on (experiment, variant) %s) + 2\nor 0 * (%s and on (experiment, variant) %s) + 1\nor 0 * %s",
		arm, recorded("control"), arm, recorded("treatment"), arm)
}

// kpiRole is 2 for a treatment's primary KPI, 1 for a guardrail, else 0.
func kpiRole() string {
	lift := recorded("lift_ratio")
	return fmt.Sprintf("0 * (%s and on (experiment, kpi) %s) + 2\nor 0 * (%s and on (experiment, kpi) %s) + 1\nor 0 * %s",
		lift, recorded("primary"), lift, recorded("guardrail"), lift)
}

// shownYet is what a treatment's KPI is shown to be: 4 better, 3 neither, 2 too
// few samples to tell, 1 worse, 0 a guardrail that is lost. A gain is the lift
// in the KPI's good direction, by support:baseline:direction.
func shownYet() string {
	return fmt.Sprintf("0 * %s\nor 0 * (%s < 0) + 1\nor 0 * (%s > 0) + 4\nor 0 * %s + 3\nor 0 * %s + 2",
		recorded("guardrail_lost_ratio"), recorded("gain_high_ratio"), recorded("gain_low_ratio"), recorded("gain_high_ratio"), recorded("lift_ratio"))
}

// fewerSamples is the samples of a treatment's KPI or the control's, whichever
// has fewer.
func fewerSamples() string {
	arm, control := recorded("samples"), recorded("control_samples")
	return fmt.Sprintf("(%s <= on (experiment, kpi) group_left () %s or 0 * %s + on (experiment, kpi) group_left () %s) and on (experiment, variant, kpi) %s",
		arm, control, arm, control, recorded("lift_ratio"))
}

// worthwhile is the minimum lift of the primary KPI, in its good direction.
func worthwhile(more ...string) string {
	return fmt.Sprintf("%s * on (experiment) group_left () max by (experiment) (%s) * on (kpi) group_left () %s",
		recorded("primary", more...), sel("support_experiment_min_lift_ratio", chosenExperiment), sel("support:baseline:direction", more...))
}

// tolerated is the lift of a guardrail beyond which it is lost.
func tolerated(more ...string) string {
	return fmt.Sprintf("%s * on (kpi) group_left () %s", recorded("guardrail_limit", more...), sel("support:baseline:direction", more...))
}

// noDifference is the line at 0, named by the side of it that is better.
func noDifference(lift string) string {
	side := func(name, condition string) string {
		return state(name, fmt.Sprintf("0 * (%s) and on (kpi) (support:baseline:direction %s)", lift, condition))
	}
	return side("no difference: above is better", "> 0") + "\nor " + side("no difference: below is better", "< 0")
}
