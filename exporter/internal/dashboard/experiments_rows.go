package dashboard

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// The experiment's panels over time, and the check of its split.

func split() cog.Builder[dashboard.Panel] {
	p := list(text{"Sample ratio", "percentunit", "Each arm's share of the conversations that joined, and whether chance alone makes it as far off its weight as it is. Not as declared: something sends conversations to the wrong arm, or loses them, and no figure here can be trusted until it is found."}, noExperiment,
		now("{{variant}}: {{state}}", "%s", judgedShare())).
		Decimals(1)
	for _, s := range []struct{ state, color string }{{notAsDeclared, bad}, {asDeclared, good}, {tooFewToTell, neutral}} {
		p.OverrideByRegexp("/: "+s.state+"$/", []dashboard.DynamicConfigValue{painted(s.color)})
	}
	return p
}

func progress() cog.Builder[dashboard.Panel] {
	return timeline(text{"Conversations by arm", "short", "How many joined each arm since the start. Dashed: the planned size of each."}, noExperiment,
		over("{{variant}}", "%s", recorded("assigned")),
		over("planned", "%s", declaredOnly(recorded("planned"))),
	).
		Min(0).
		FillOpacity(0).
		OverrideByQuery("A", inPalette()).
		OverrideByQuery("B", dashed(neutral))
}

func sharesOverTime() cog.Builder[dashboard.Panel] {
	return timeline(text{"Share of the traffic", "percentunit", "Each arm's share of the conversations that joined, since the start. Dashed: by its weight."}, noExperiment,
		over("{{variant}}", "%s", actualShare()),
		over("{{variant}}, declared", "%s", recorded("share")),
	).
		Decimals(1).
		FillOpacity(0).
		OverrideByQuery("A", inPalette()).
		OverrideByQuery("B", dashed(faint))
}

// leastDrawn is the lowest p-value that is drawn: there is no 0 on a
// logarithmic scale.
const leastDrawn = 1e-6

func splitOverTime() cog.Builder[dashboard.Panel] {
	return timeline(text{"Sample ratio: p-value", "short", "How probable it is that chance alone makes an arm's share as far off its weight as it is. Below the dashed line it is not chance. What is lower than one in a million is drawn as that."}, noExperiment,
		over("{{variant}}", "clamp_min(%s, %g)", recorded("srm_pvalue"), leastDrawn),
		over("not chance below", "support:threshold:experiment_srm_pvalue"),
	).
		Min(leastDrawn).
		Max(1).
		FillOpacity(0).
		ScaleDistribution(common.NewScaleDistributionConfigBuilder().Type(common.ScaleDistributionLog).Log(10)).
		OverrideByQuery("A", inPalette()).
		OverrideByQuery("B", dashed(bad))
}

// inPalette tells the arms of one query apart, by shades of one colour.
func inPalette() []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{set("color", map[string]string{"mode": string(dashboard.FieldColorModeIdShades), "fixedColor": measured})}
}

// primaryLift is the lift by which the treatment is judged, whichever KPI that
// is.
func primaryLift() cog.Builder[dashboard.Panel] {
	of := func(metric string, more ...string) string {
		return fmt.Sprintf("%s and on (experiment, kpi) %s", recorded(metric, append(more, chosenTreatment)...), recorded("primary"))
	}
	return liftOver(text{"Primary KPI of $treatment: lift", "percentunit", "The lift of the KPI that the experiment is to improve, in the interval that stays valid while it is watched. It is shipped where the whole interval is on the better side of 0 and the lift beyond the dashed minimum."}, "No primary KPI: this experiment is not declared, or has no samples yet",
		of, over("minimum lift", "%s", worthwhile()))
}

// lift is a KPI's lift, with the limit that it is judged by.
func (k kpi) lift() cog.Builder[dashboard.Panel] {
	of := func(metric string, more ...string) string {
		return recorded(metric, append(more, chosenTreatment, eq("kpi", k.name))...)
	}
	return liftOver(text{k.title + ": lift", "percentunit", k.about + " How much more the treatment has than the control, in the interval that stays valid while it is watched. Dashed: the minimum lift of a primary KPI, or what is tolerated of a guardrail."}, "Too few samples yet",
		of, over("{{state}}", "%s\nor %s",
			state("minimum lift", worthwhile(eq("kpi", k.name))), state("tolerated", tolerated(eq("kpi", k.name)))))
}

// liftOver draws a lift in the band of its interval, with a line at 0 and at
// the limit. The names of the band's ends are what ties it together: a treatment
// has the panel for itself.
func liftOver(t text, empty string, of func(metric string, more ...string) string, limit query) *timeseries.PanelBuilder {
	return timeline(t, empty,
		over("lift", "%s", of("lift_ratio")),
		over("at least", "%s", of("ci_low_ratio", sequential)),
		over("at most", "%s", of("ci_high_ratio", sequential)),
		over("{{state}}", "%s", noDifference(of("lift_ratio"))),
		limit,
	).
		Decimals(1).
		FillOpacity(0).
		OverrideByName("lift", []dashboard.DynamicConfigValue{painted(measured), set("custom.lineWidth", 3)}).
		OverrideByName("at least", dashed(faint)).
		OverrideByName("at most", append(dashed(faint), set("custom.fillBelowTo", "at least"), set("custom.fillOpacity", 12))).
		OverrideByQuery("D", []dashboard.DynamicConfigValue{painted(neutral), set("custom.lineWidth", 1)}).
		OverrideByQuery("E", dashed(good))
}
