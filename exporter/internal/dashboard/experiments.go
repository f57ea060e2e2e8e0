package dashboard

import (
	"fmt"
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// What panels of an experiment say that have nothing to show.
const (
	noExperiment = "No experiment of this name has conversations"
	notDeclared  = "No verdict: not declared"
)

// experiments answers whether a treatment is to be shipped: the verdict and
// why, all arms side by side, every KPI against the control; below, how lift
// and interval went.
func experiments() *board {
	b := newBoard("support-experiments", "Support experiments",
		"Is the new variant better? The verdict in words and why, the arms side by side, lift and interval over time, and whether the traffic was split as declared.",
		"now-28d", experimentVariable(),
		labelVariable("treatment", "Treatment", "Whose lift is drawn over time, each under a heading of its own.",
			`label_values(`+recorded("lift_ratio")+`, variant)`, ".+", true))
	b.line(5, cell{9, verdicts()}, cell{9, conditions()}, cell{6, split()})
	b.line(7, cell{24, arms()})
	b.line(10, cell{24, lifts()})
	b.row("Conversations and their split: $experiment")
	b.line(8, cell{8, progress()}, cell{8, sharesOverTime()}, cell{8, splitOverTime()})
	b.row("Lift over time: $treatment").forEach("treatment")
	b.line(9, cell{24, primaryLift()})
	var over []cell
	for _, k := range experimentKPIs() {
		over = append(over, cell{8, k.lift()})
	}
	b.line(8, over[:3]...)
	for i := range over[3:] {
		over[3+i].width = 6
	}
	b.line(8, over[3:]...)
	return b
}

// forEach repeats the row that was begun last, with the panels under it, for
// each value of a variable.
func (b *board) forEach(variable string) *board {
	b.panels[len(b.panels)-1].RowPanel.Repeat = &variable
	return b
}

// experimentVariable opens with the simulator's experiment. Where there is none
// of that name Grafana takes the first.
func experimentVariable() cog.Builder[dashboard.VariableModel] {
	const query = "label_values(support:experiment:assigned, experiment)"
	return dashboard.NewQueryVariableBuilder("experiment").
		Label("Experiment").
		Description("What everything here is about. All of an experiment counts, from its start on.").
		Datasource(prometheusSource()).
		Query(dashboard.StringOrMap{String: cog.ToPtr(query)}).
		Definition(query).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc).
		Multi(false).
		IncludeAll(false).
		Current(option("greeting", "greeting"))
}

// experimentKPIs are those that an experiment may be judged by.
func experimentKPIs() []kpi {
	var all []kpi
	for _, k := range kpis() {
		all = append(all, k)
		if k.name == "escalation_rate" {
			all = append(all, kpi{"abandonment_rate", "Abandonment rate", "percentunit", 1, false, "Share of conversations that ended in silence."})
		}
	}
	return all
}

// verdicts says what to do with every treatment. While there is not enough
// data, it says how many conversations the plan still lacks.
func verdicts() cog.Builder[dashboard.Panel] {
	p := list(text{"Verdict", "short", "What to do with each treatment. Not enough data yet: so many conversations more, in the treatment's arm or the control's, and the planned size is reached; a large difference shows before. An experiment that is not declared, or not in the same way by all exporters, has estimates below, but no verdict."}, noExperiment,
		now("{{variant}}", "%s", decided()),
		now("{{variant}}: not enough data yet", "%s", lacking()),
	)
	return p.
		OverrideByQuery("A", []dashboard.DynamicConfigValue{set("mappings", mapped(map[string]dashboard.ValueMappingResult{
			"3": shown("Ship it", good), "2": shown("Roll it back", bad), "1": shown("Review: a person decides", warning), "0": shown(notDeclared, neutral),
		}))}).
		OverrideByQuery("B", []dashboard.DynamicConfigValue{set("unit", "suffix:more in each arm"), set("decimals", 0)}).
		Text(common.NewVizTextDisplayOptionsBuilder().TitleSize(16).ValueSize(22))
}

// conditions are what the verdicts are made of.
func conditions() cog.Builder[dashboard.Panel] {
	return rows(text{"Why", "short", "What holds of each treatment, and makes its verdict. Better and worse: the interval that may be watched all the time lies on that side of 0, in the KPI's good direction."}, noExperiment,
		column("max by (variant, condition) (%s\nor %s\nor %s)",
			recorded("condition"), undecided(), withoutVerdict(`"condition", "undeclared"`))).
		Transformations(merged(sorted("variant", false), []string{"Time", "Value"},
			[2]string{"variant", "Treatment"}, [2]string{"condition", "What holds"})).
		OverrideByName("Treatment", []dashboard.DynamicConfigValue{set("custom.width", 110)}).
		OverrideByName("What holds", []dashboard.DynamicConfigValue{
			set("custom.cellOptions", map[string]any{"type": "color-text", "wrapText": true}),
			set("mappings", mapped(map[string]dashboard.ValueMappingResult{
				"unbalanced": shown("Traffic not split as declared: trust no figure", bad),
				"harmful":    shown("Worse: the primary KPI, or a guardrail beyond its tolerance", bad),
				"at_risk":    shown("A guardrail is worse, and may be beyond its tolerance", warning),
				"unmeasured": shown("A guardrail has too few samples to be known", warning),
				"better":     shown("The primary KPI is better", good),
				"worthwhile": shown("Its estimate is beyond the minimum lift", good),
				"futile":     shown("A lift beyond the minimum is ruled out", warning),
				"complete":   shown("The planned conversations are there", neutral),
				"undecided":  shown("Nothing is certain yet", neutral),
				"undeclared": shown(notDeclared, neutral),
			})),
		})
}

// arms has one row for each arm, the control first.
func arms() cog.Builder[dashboard.Panel] {
	queries := []query{
		column("%s", ofArm(armRole())),
		column("%s", ofArm(recorded("assigned"))),
		column("%s", ofArm(ofPlanned())),
		column("%s", ofArm(toCome())),
		column("%s", ofArm(actualShare())),
		column("%s", ofArm(recorded("share"))),
	}
	names := [][2]string{{"variant", "Arm"}, {"Value #A", "Role"}, {"Value #B", "Conversations"}, {"Value #C", "Of the plan"},
		{"Value #D", "Still to come"}, {"Value #E", "Share"}, {"Value #F", "Declared share"}}
	p := rows(text{"Arms side by side", "short", "All arms, the control first: the conversations that joined each, how many the plan still lacks, its share of the traffic beside the declared one, and its KPIs since the start."}, noExperiment)
	for _, k := range experimentKPIs() {
		names = append(names, [2]string{"Value #" + letter(len(queries)), k.title})
		queries = append(queries, column("%s", ofArm(recorded("mean", eq("kpi", k.name)))))
		p.OverrideByName(k.title, []dashboard.DynamicConfigValue{set("unit", k.unit), set("decimals", k.decimals)})
	}
	for _, name := range []string{"Share", "Declared share"} {
		p.OverrideByName(name, []dashboard.DynamicConfigValue{set("unit", "percentunit"), set("decimals", 1)})
	}
	return p.
		Targets(targets(queries)).
		Transformations(inOrder(merged(sorted("Value #A", true), []string{"Time"}, names...), "variant")).
		OverrideByName("Role", inWords(map[string]dashboard.ValueMappingResult{
			"2": shown("control", neutral), "1": shown("treatment", measured), "0": shown("not declared", neutral),
		})).
		OverrideByRegexp("/Conversations|Still to come/", []dashboard.DynamicConfigValue{set("decimals", 0)}).
		OverrideByName("Of the plan", []dashboard.DynamicConfigValue{
			set("unit", "percentunit"), set("decimals", 0), set("min", 0), set("max", 1), painted(measured),
			set("custom.cellOptions", map[string]string{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}),
		})
}

// inWords shows a column's numbers as words, in their colours.
func inWords(words map[string]dashboard.ValueMappingResult) []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{
		set("custom.cellOptions", map[string]string{"type": "color-text"}),
		set("mappings", mapped(words)),
	}
}

// lifts has one row for each treatment and KPI, the primary KPIs first.
func lifts() cog.Builder[dashboard.Panel] {
	of := func(metric string, more ...string) query {
		return column("sum by (variant, kpi) (%s)", recorded(metric, more...))
	}
	titles := map[string]dashboard.ValueMappingResult{}
	for _, k := range experimentKPIs() {
		titles[k.name] = shown(k.title, neutral)
	}
	p := rows(text{"Every KPI against the control", "percentunit", "The lift is how much more the treatment has than the control, as a share of it. The interval, from at least to at most, stays valid while it is watched; p does not: it is for those who look once, at an end that was set before. Better and worse are in the KPI's own direction."}, noExperiment,
		column("sum by (variant, kpi) (%s)", kpiRole()),
		column("sum by (variant, kpi) (%s)", shownYet()),
		of("lift_ratio"),
		of("ci_low_ratio", sequential),
		of("ci_high_ratio", sequential),
		of("pvalue"),
		column("sum by (variant, kpi) (%s)", fewerSamples()),
	).Decimals(1)
	return p.
		Transformations(inOrder(merged(sorted("Value #A", true), []string{"Time"},
			[2]string{"variant", "Treatment"}, [2]string{"kpi", "KPI"}, [2]string{"Value #A", "Judged as"}, [2]string{"Value #B", "In words"},
			[2]string{"Value #C", "Lift"}, [2]string{"Value #D", "at least"}, [2]string{"Value #E", "at most"},
			[2]string{"Value #F", "p"}, [2]string{"Value #G", "Samples"}), "kpi", "variant")).
		OverrideByName("KPI", inWords(titles)).
		OverrideByName("Judged as", inWords(map[string]dashboard.ValueMappingResult{
			"2": shown("primary", measured), "1": shown("guardrail", neutral), "0": shown("not judged", neutral),
		})).
		OverrideByName("In words", inWords(map[string]dashboard.ValueMappingResult{
			"4": shown("better", good), "3": shown("no difference shown", neutral), "2": shown("too few samples", neutral),
			"1": shown("worse", warning), "0": shown("worse than tolerated", bad),
		})).
		OverrideByName("p", []dashboard.DynamicConfigValue{set("unit", "short"), set("decimals", 4)}).
		OverrideByName("Samples", []dashboard.DynamicConfigValue{set("unit", "short"), set("decimals", 0)})
}

// inOrder sorts rows that are equal to a table's own order: by the last of the
// columns, and where that is the same by the one before it. Grafana sorts
// stably, and Prometheus answers in no order.
func inOrder(table []dashboard.DataTransformerConfig, columns ...string) []dashboard.DataTransformerConfig {
	for i, c := range columns {
		table = slices.Insert(table, 1+i, sorted(c, false))
	}
	return table
}

// ofArm leaves an expression the arm's name.
func ofArm(expr string) string { return fmt.Sprintf("sum by (variant) (%s)", expr) }
