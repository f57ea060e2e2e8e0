package dashboard

import (
	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// What a panel says that has nothing to show.
const (
	noConversations = "No conversations in this window"
	noEvents        = "None in this time"
)

// text is what is written on a panel: its title, its unit (Grafana's id of
// it) and what it shows and how to read it.
type text struct{ title, unit, about string }

// last reduces what a query gives to its present value.
func last() cog.Builder[common.ReduceDataOptions] {
	return common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})
}

// tile is one big number with its course over time behind it. It is neutral
// unless an override or threshold paints it: an empty one must not look good.
func tile(t text, empty string, queries ...query) *stat.PanelBuilder {
	return stat.NewPanelBuilder().
		Title(t.title).Description(t.about).Unit(t.unit).
		Datasource(prometheusSource()).
		Targets(targets(queries)).
		ReduceOptions(last()).
		GraphMode(common.BigValueGraphModeArea).
		ColorMode(common.BigValueColorModeValue).
		TextMode(common.BigValueTextModeValueAndName).
		JustifyMode(common.BigValueJustifyModeAuto).
		Orientation(common.VizOrientationAuto).
		Thresholds(steps(neutral)).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		NoValue(empty)
}

// list is numbers with their names, one below the other.
func list(t text, empty string, queries ...query) *stat.PanelBuilder {
	return tile(t, empty, queries...).
		GraphMode(common.BigValueGraphModeNone).
		Orientation(common.VizOrientationHorizontal).
		WideLayout(true).
		Text(common.NewVizTextDisplayOptionsBuilder().TitleSize(14).ValueSize(18))
}

// timeline is lines over time, with their present values in the legend. Each
// query has a colour that judges nothing; the series of a single one are shades.
func timeline(t text, empty string, queries ...query) *timeseries.PanelBuilder {
	p := timeseries.NewPanelBuilder().
		Title(t.title).Description(t.about).Unit(t.unit).
		Datasource(prometheusSource()).
		Targets(targets(queries)).
		LineWidth(2).
		FillOpacity(8).
		ShowPoints(common.VisibilityModeNever).
		LineInterpolation(common.LineInterpolationLinear).
		Legend(common.NewVizLegendOptionsBuilder().
			ShowLegend(true).
			DisplayMode(common.LegendDisplayModeList).
			Placement(common.LegendPlacementBottom).
			Calcs([]string{"lastNotNull"})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdShades).FixedColor(measured)).
		Thresholds(steps(neutral)).
		NoValue(empty)
	if len(queries) > 1 {
		for i := range queries {
			p.OverrideByQuery(letter(i), []dashboard.DynamicConfigValue{painted(shades()[i%len(shades())])})
		}
	}
	return p
}

// stacked is a timeline whose lines add up.
func stacked(t text, empty string, queries ...query) *timeseries.PanelBuilder {
	return timeline(t, empty, queries...).
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal).Group("A")).
		FillOpacity(40).
		LineWidth(1).
		Min(0)
}

// bars compares present values, the largest first.
func bars(t text, empty string, queries ...query) *bargauge.PanelBuilder {
	return bargauge.NewPanelBuilder().
		Title(t.title).Description(t.about).Unit(t.unit).
		Datasource(prometheusSource()).
		Targets(targets(queries)).
		ReduceOptions(last()).
		Orientation(common.VizOrientationHorizontal).
		DisplayMode(common.BarGaugeDisplayModeBasic).
		ValueMode(common.BarGaugeValueModeText).
		ShowUnfilled(true).
		Min(0).
		Thresholds(steps(neutral)).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor(measured)).
		NoValue(empty)
}

// histogram is a bar for each row of a table: x is the column of their names.
func histogram(t text, empty, x string, queries ...query) *barchart.PanelBuilder {
	return barchart.NewPanelBuilder().
		Title(t.title).Description(t.about).Unit(t.unit).
		Datasource(prometheusSource()).
		Targets(targets(queries)).
		XField(x).
		ShowValue(common.VisibilityModeNever).
		BarWidth(0.8).
		LineWidth(0).
		FillOpacity(80).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(false).DisplayMode(common.LegendDisplayModeHidden).Placement(common.LegendPlacementBottom)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeSingle).Sort(common.SortOrderNone)).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor(measured)).
		Thresholds(steps(neutral)).
		NoValue(empty)
}

// rows is a table that can be sorted by each of its columns.
func rows(t text, empty string, queries ...query) *table.PanelBuilder {
	return table.NewPanelBuilder().
		Title(t.title).Description(t.about).Unit(t.unit).
		Datasource(prometheusSource()).
		Targets(targets(queries)).
		ShowHeader(true).
		Footer(common.NewTableFooterOptionsBuilder().Show(false).Reducer([]string{})).
		CellHeight(common.TableCellHeightSm).
		Align(common.FieldTextAlignmentAuto).
		Filterable(false).
		Thresholds(steps(neutral)).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		NoValue(empty)
}

// merged puts the columns of several queries beside each other, row by row, in
// an order: names are the headings, by the column that they replace, in their order;
// what is left out is not shown.
func merged(order dashboard.DataTransformerConfig, hidden []string, names ...[2]string) []dashboard.DataTransformerConfig {
	exclude, rename, index := map[string]bool{}, map[string]string{}, map[string]int{}
	for _, h := range hidden {
		exclude[h] = true
	}
	for i, n := range names {
		rename[n[0]], index[n[0]] = n[1], i
	}
	return []dashboard.DataTransformerConfig{
		{Id: "merge", Options: map[string]any{}},
		order,
		{Id: "organize", Options: map[string]any{"excludeByName": exclude, "renameByName": rename, "indexByName": index}},
	}
}

// sorted orders a table's rows by a column, before it is renamed.
func sorted(by string, desc bool) dashboard.DataTransformerConfig {
	return dashboard.DataTransformerConfig{Id: "sortBy", Options: map[string]any{
		"fields": map[string]any{},
		"sort":   []map[string]any{{"field": by, "desc": desc}},
	}}
}

// mapped shows texts and colours instead of a column's values.
func mapped(results map[string]dashboard.ValueMappingResult) []dashboard.ValueMapping {
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: "value", Options: results}}}
}

// shown is one such text, in its colour.
func shown(as, color string) dashboard.ValueMappingResult {
	return dashboard.ValueMappingResult{Text: &as, Color: &color}
}

// leads makes a value a link, that keeps the time and what is chosen.
func leads(title, to string) dashboard.DynamicConfigValue {
	return set("links", []map[string]string{{
		"title": title, "url": "/d/" + to + "&${datasource:queryparam}&${window:queryparam}&${__url_time_range}",
	}})
}

// judgedTile paints a tile by the state that its series is named by.
func judgedTile(t text, queries ...query) *stat.PanelBuilder {
	p := tile(t, noConversations, queries...).
		OverrideByRegexp("/.*/", []dashboard.DynamicConfigValue{leads("Where is it?", "support-intents?var-intent=$__all")})
	for _, s := range []struct{ state, color string }{
		{muchWorse, bad}, {worse, warning}, {better, good}, {asExpected, good}, {notCompared, neutral},
	} {
		p.OverrideByName(s.state, []dashboard.DynamicConfigValue{painted(s.color)})
	}
	return p
}
