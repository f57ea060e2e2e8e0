package dashboard

import (
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// prometheusSource is the data source chosen at the top: dashboards name no
// other, so that they work in any Grafana.
func prometheusSource() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

func datasourceVariable() cog.Builder[dashboard.VariableModel] {
	return dashboard.NewDatasourceVariableBuilder("datasource").
		Label("Data source").
		Description("The Prometheus that scrapes the exporter and evaluates its rules.").
		Type("prometheus").
		AllowCustomValue(false)
}

// choice is one of fixed values. texts are shown instead of the values, where
// there are any; the chosen one is what a fresh dashboard opens with.
func choice(name, label, description, chosen string, values, texts []string) cog.Builder[dashboard.VariableModel] {
	pairs := slices.Clone(values)
	var options []dashboard.VariableOption
	for i, v := range values {
		o := option(v, v)
		if texts != nil {
			o = option(texts[i], v)
			pairs[i] = texts[i] + " : " + v
		}
		o.Selected = cog.ToPtr(v == chosen)
		options = append(options, o)
	}
	return dashboard.NewCustomVariableBuilder(name).
		Label(label).
		Description(description).
		Values(dashboard.StringOrMap{String: cog.ToPtr(strings.Join(pairs, ","))}).
		Options(options).
		Current(options[slices.Index(values, chosen)]).
		AllowCustomValue(false)
}

func option(text, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{String: &text},
		Value: dashboard.StringOrArrayOfString{String: &value},
	}
}

func windowVariable() cog.Builder[dashboard.VariableModel] {
	return choice("window", "Window", "How far back each number looks, at every point in time.",
		"1d", []string{"1h", "1d", "7d", "28d"}, nil)
}

func baselineVariable() cog.Builder[dashboard.VariableModel] {
	return choice("baseline", "Baseline",
		"static: what was set; all windows. rolling: the 28 days before; 1h and 1d. seasonal: the same hour of past weeks; 1h.",
		"static", []string{"static", "rolling", "seasonal"}, nil)
}

// number is an assumption that whoever looks may change.
func number(name, label, description, value string) cog.Builder[dashboard.VariableModel] {
	current := option(value, value)
	return dashboard.NewTextBoxVariableBuilder(name).
		Label(label).
		Description(description).
		DefaultValue(dashboard.StringOrMap{String: &value}).
		Current(current).
		Options([]dashboard.VariableOption{current})
}

// labelVariable offers a label's values. all is the regular expression that
// stands for all of them.
func labelVariable(name, label, description, query, all string, multi bool) cog.Builder[dashboard.VariableModel] {
	current := option("All", "$__all")
	if multi {
		current = dashboard.VariableOption{
			Text:  dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
			Value: dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		}
	}
	return dashboard.NewQueryVariableBuilder(name).
		Label(label).
		Description(description).
		Datasource(prometheusSource()).
		Query(dashboard.StringOrMap{String: &query}).
		Definition(query).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc).
		Multi(multi).
		IncludeAll(true).
		AllValue(all).
		Current(current)
}
