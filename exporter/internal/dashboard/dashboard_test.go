package dashboard

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// shipped is the folder of the generated files.
var shipped = filepath.Join("..", "..", "..", "grafana", "dashboards")

// decoded gives all dashboards as Grafana reads them: strictly, so that a field
// that its schema does not have is an error.
func decoded(tb testing.TB) []dashboard.Dashboard {
	tb.Helper()
	plugins.RegisterDefaultPlugins()
	files, err := Files()
	if err != nil {
		tb.Fatal(err)
	}
	var all []dashboard.Dashboard
	for _, f := range files {
		var d dashboard.Dashboard
		if err := d.UnmarshalJSONStrict(withoutFormats(tb, f.JSON)); err != nil {
			tb.Fatalf("%s: %v", f.Name, err)
		}
		all = append(all, d)
	}
	return all
}

// withoutFormats leaves out what the SDK's type of annotations lacks.
func withoutFormats(tb testing.TB, text []byte) []byte {
	tb.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		tb.Fatal(err)
	}
	var a struct {
		List []map[string]any `json:"list"`
	}
	if err := json.Unmarshal(fields["annotations"], &a); err != nil {
		tb.Fatal(err)
	}
	for _, one := range a.List {
		for _, name := range []string{"titleFormat", "textFormat", "tagKeys"} {
			if one[name] == "" || one[name] == nil {
				tb.Errorf("annotation %v: no %s", one["name"], name)
			}
			delete(one, name)
		}
	}
	fields["annotations"], _ = json.Marshal(a)
	out, err := json.Marshal(fields)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// panelsOf gives the panels that are not rows.
func panelsOf(d dashboard.Dashboard) []*dashboard.Panel {
	var out []*dashboard.Panel
	for _, p := range d.Panels {
		if p.Panel != nil {
			out = append(out, p.Panel)
		}
	}
	return out
}

// The files in grafana/dashboards are those that the code makes: go generate
// writes them.
func TestShippedDashboardsAreGenerated(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range files {
		want = append(want, f.Name)
		text, err := os.ReadFile(filepath.Join(shipped, f.Name))
		if err != nil {
			t.Error(err)
		} else if diff := cmp.Diff(string(text), string(f.JSON)); diff != "" {
			t.Errorf("%s is not what the code makes; run go generate ./exporter/internal/dashboard (-file +code):\n%s", f.Name, diff)
		}
	}
	entries, err := os.ReadDir(shipped)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(want, e.Name()) {
			t.Errorf("%s is made by no code", e.Name())
		}
	}
}

func TestDashboardsAreTheSameEachTime(t *testing.T) {
	first, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := Files()
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Fatalf("error %v, diff\n%s", err, diff)
		}
	}
}

// Links from outside, alerts among them, hold on to these.
func TestUIDsAndTitles(t *testing.T) {
	want := map[string]string{
		"support-overview":    "Support overview",
		"support-intents":     "Support breakdown",
		"support-experiments": "Support experiments",
		"support-executive":   "Support executive summary",
		"support-exporter":    "Support exporter",
	}
	got := map[string]string{}
	for _, d := range decoded(t) {
		got[*d.Uid] = *d.Title
		if d.Description == nil || len(*d.Description) < 20 {
			t.Errorf("%s: no description", *d.Uid)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each dashboard leads to the others, and takes time and choices along.
func TestLinksKeepTimeAndVariables(t *testing.T) {
	for _, d := range decoded(t) {
		if len(d.Links) != 1 || !slices.Contains(d.Tags, tag) {
			t.Fatalf("%s: %d links, tags %v", *d.Uid, len(d.Links), d.Tags)
		}
		l := d.Links[0]
		if !l.KeepTime || !l.IncludeVars || !slices.Equal(l.Tags, []string{tag}) || l.Placement != nil {
			t.Errorf("%s: link %+v: want one above the panels, to all with the tag, with time and variables", *d.Uid, l)
		}
	}
}

func TestAlertsAreAnnotated(t *testing.T) {
	for _, d := range decoded(t) {
		if len(d.Annotations.List) != 1 {
			t.Fatalf("%s: %d annotations", *d.Uid, len(d.Annotations.List))
		}
		a := d.Annotations.List[0]
		raw, err := json.Marshal(a.Target)
		if err != nil {
			t.Fatal(err)
		}
		if !a.Enable || !strings.Contains(string(raw), "ALERTS{") || a.Placement != nil {
			t.Errorf("%s: annotation %s, enabled %v", *d.Uid, raw, a.Enable)
		}
	}
}

// A mistake in the layout is an error, not a hole.
func TestLineMustBeFilled(t *testing.T) {
	b := newBoard("test-board", "Test", "A line that is too short.", "now-1h")
	b.line(4, cell{23, storeHealth()})
	if _, err := b.build(); err == nil || !strings.Contains(err.Error(), "line at 0: its panels are 23 columns wide, want 24") {
		t.Errorf("got %v", err)
	}
}

// An executive reads money, hours and ratings.
func TestExecutiveHasNoTechnicalWords(t *testing.T) {
	technical := []string{"p50", "p95", "percentile", "quantile", "metric", "exporter", "prometheus", "query", "series", "label",
		"window", "baseline", "deviation", "csat", "kpi", "intent", "tier", "token", "durable", "escalat", "histogram", "ratio ", "sample"}
	for _, d := range decoded(t) {
		if *d.Uid != "support-executive" {
			continue
		}
		texts := []string{*d.Title, *d.Description}
		for _, p := range panelsOf(d) {
			texts = append(texts, *p.Title, *p.Description)
			for _, target := range p.Targets {
				var q struct{ LegendFormat string }
				raw, _ := json.Marshal(target)
				if err := json.Unmarshal(raw, &q); err != nil {
					t.Fatal(err)
				}
				texts = append(texts, q.LegendFormat)
			}
			if p.Type == "text" {
				raw, _ := json.Marshal(p.Options)
				texts = append(texts, string(raw))
			}
		}
		for _, v := range d.Templating.List[1:] { // but for the data source
			texts = append(texts, *v.Label, *v.Description)
		}
		for _, text := range texts {
			for _, word := range technical {
				if strings.Contains(strings.ToLower(text), word) {
					t.Errorf("%q is in %q", word, text)
				}
			}
		}
	}
}
