package dashboard

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"supportexporter/exporter/internal/config"
)

// experimentsBoard is the dashboard as Grafana reads it.
func experimentsBoard(tb testing.TB) dashboard.Dashboard {
	tb.Helper()
	for _, d := range decoded(tb) {
		if *d.Uid == "support-experiments" {
			return d
		}
	}
	tb.Fatal("there is no support-experiments")
	return dashboard.Dashboard{}
}

// The KPIs are those that an experiment may be judged by, each with its arms'
// values and its lift.
func TestExperimentsShowAllKPIs(t *testing.T) {
	var got, want []string
	for _, k := range experimentKPIs() {
		got = append(got, k.name)
	}
	for _, k := range config.KPIs() {
		want = append(want, string(k))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	titles := map[string]bool{}
	for _, p := range panelsOf(experimentsBoard(t)) {
		titles[*p.Title] = true
	}
	for _, k := range experimentKPIs() {
		if !titles[k.title+": lift"] {
			t.Errorf("there is no panel of the lift of %s", k.name)
		}
	}
}

// A band is drawn down to a line of that name: were it not there, or not alone,
// Grafana would fill down to nothing, or to another treatment's.
func TestBandsEndAtLinesOfTheirPanel(t *testing.T) {
	bands := 0
	for _, p := range panelsOf(experimentsBoard(t)) {
		legends := legendsOf(t, p)
		for _, o := range p.FieldConfig.Overrides {
			for _, property := range o.Properties {
				if property.Id != "custom.fillBelowTo" {
					continue
				}
				bands++
				for _, name := range []string{property.Value.(string), o.Matcher.Options.(string)} {
					if !slices.Contains(legends, name) {
						t.Errorf("%q: no line is named %q, only %q", *p.Title, name, legends)
					}
				}
			}
		}
	}
	if want := 1 + len(config.KPIs()); bands != want {
		t.Errorf("%d bands, want %d", bands, want)
	}
}

func legendsOf(tb testing.TB, p *dashboard.Panel) []string {
	tb.Helper()
	var legends []string
	for _, target := range p.Targets {
		var q struct{ LegendFormat string }
		raw, err := json.Marshal(target)
		if err == nil {
			err = json.Unmarshal(raw, &q)
		}
		if err != nil {
			tb.Fatal(err)
		}
		legends = append(legends, q.LegendFormat)
	}
	return legends
}

// Panels about a single treatment stand under the row that is repeated for
// each, and no others do.
func TestTreatmentsHaveRowsOfTheirOwn(t *testing.T) {
	repeated, below := "", 0
	for _, p := range experimentsBoard(t).Panels {
		if r := p.RowPanel; r != nil {
			repeated = ""
			if r.Repeat != nil {
				repeated = *r.Repeat
			}
			continue
		}
		raw, err := json.Marshal(p.Panel.Targets)
		if err != nil {
			t.Fatal(err)
		}
		if about := strings.Contains(string(raw), "$treatment"); about != (repeated == "treatment") {
			t.Errorf("%q asks about $treatment: %v; its row is repeated for %q", *p.Panel.Title, about, repeated)
		} else if about {
			below++
		}
	}
	if want := 1 + len(config.KPIs()); below != want {
		t.Errorf("%d panels are repeated, want %d", below, want)
	}
}

// Each verdict has its words; that there is not enough data is said with how
// much is lacking.
func TestVerdictsAreWords(t *testing.T) {
	for _, p := range panelsOf(experimentsBoard(t)) {
		if *p.Title != "Verdict" {
			continue
		}
		raw, err := json.Marshal(p.FieldConfig.Overrides)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Ship it", "Roll it back", "Review: a person decides", "No verdict: not declared", "suffix:more in each arm"} {
			if !strings.Contains(string(raw), want) {
				t.Errorf("%q is not said: %s", want, raw)
			}
		}
		if want := []string{"{{variant}}", "{{variant}}: not enough data yet"}; !slices.Equal(legendsOf(t, p), want) {
			t.Errorf("named %q, want %q", legendsOf(t, p), want)
		}
		return
	}
	t.Error("there is no verdict")
}

// Rows come in the table's own order, and by name where that is the same.
func TestRowsAreInOrder(t *testing.T) {
	var got []string
	for _, s := range inOrder(merged(sorted("Value #A", true), nil), "kpi", "variant") {
		raw, err := json.Marshal(s.Options)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s.Id+string(raw))
	}
	order := strings.Join(got, "\n")
	kpi, variant, own := strings.Index(order, `"kpi"`), strings.Index(order, `"variant"`), strings.Index(order, `"Value #A"`)
	if !strings.HasPrefix(order, "merge") || kpi < 0 || variant < kpi || own < variant {
		t.Errorf("sorted by\n%s\nwant merge, kpi, variant, Value #A", order)
	}
}
