package backfill

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"supportexporter/exporter/internal/program"
)

// ranged evaluates an expression at the steps of a stretch of time.
func ranged(t testing.TB, p v1.API, expr string, from, to time.Time, step time.Duration) promql.Matrix {
	t.Helper()
	var value model.Value
	program.Eventually(t, expr, func() (err error) {
		ctx, cancel := context.WithTimeout(context.Background(), program.Patience)
		defer cancel()
		value, _, _, err = p.QueryRange(ctx, expr, v1.Range{Start: from, End: to, Step: step})
		return err
	})
	var all promql.Matrix
	for _, s := range value.(model.Matrix) {
		b := labels.NewBuilder(labels.EmptyLabels())
		for name, v := range s.Metric {
			b.Set(string(name), string(v))
		}
		out := promql.Series{Metric: b.Labels()}
		for _, point := range s.Values {
			out.Floats = append(out.Floats, promql.FPoint{T: int64(point.Timestamp), F: float64(point.Value)})
		}
		all = append(all, out)
	}
	return all
}

func asSamples(m []promql.Series, into samples) {
	for _, s := range m {
		name := s.Metric.String()
		if into[name] == nil {
			into[name] = map[int64]float64{}
		}
		for _, point := range s.Floats {
			into[name][point.T] = point.F
		}
	}
}

// What is recorded is what a real Prometheus makes of every rule at that time:
// at the history's beginning, where two periods meet, and in its end.
func TestRecordedIsWhatPrometheusEvaluates(t *testing.T) {
	o := inNewFolders(t, simulated(t, 4, 60, noon))
	shippedRules(&o)
	r := mustRun(t, o)
	rules, err := loadRules(o.Rules, o.LeaveOut)
	if err != nil {
		t.Fatal(err)
	}
	p := program.Prometheus(t, o.Prometheus, "{}")
	seam := time.UnixMilli(periodOf(r.End.UnixMilli())).UTC()
	for _, at := range []time.Time{r.Start.Add(time.Hour), seam.Add(30 * time.Minute), r.End} {
		from := at.Add(-time.Hour)
		want, got := samples{}, samples{}
		for _, rule := range rules {
			asSamples(rule.recorded(ranged(t, p, rule.expr, from, at, o.Step)), want)
			asSamples(ranged(t, p, rule.name, from, at, o.Step), got)
		}
		if len(want) < 600 {
			t.Errorf("only %d series to compare", len(want))
		}
		wantSamples(t, want, got)
	}
}

// wantSamples compares but for the last digits of sums of fractions, whose order
// is not fixed.
func wantSamples(t *testing.T, want, got samples) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		for at, v := range want[name] {
			g, ok := got[name][at]
			if !ok || g != v && math.Abs(g-v) > 1e-9*math.Abs(v) && !(math.IsNaN(g) && math.IsNaN(v)) {
				t.Errorf("%s at %s: got %v (%v), want %v", name, text(at), g, ok, v)
			}
		}
	}
	for name, points := range got {
		for at := range points {
			if _, ok := want[name][at]; !ok {
				t.Errorf("%s at %s: there is a sample, which is not wanted", name, text(at))
			}
		}
	}
}

// promtool makes of the text what is in the blocks.
func TestOpenMetricsForPromtool(t *testing.T) {
	all := simulated(t, 3, 30, noon)
	all[0].Intent = `say "hi" \ to`
	blocks, file := inNewFolders(t, all), inNewFolders(t, all)
	rules := ruleFile(t, "g: a:b = sum(support_conversations_total) > 3")
	blocks.Rules, file.Rules = []string{rules}, []string{rules}
	mustRun(t, blocks)
	folder := filepath.Dir(file.Prometheus)
	file.Prometheus, file.Output = "", filepath.Join(folder, "history.om")
	mustRun(t, file)
	data := filepath.Join(folder, "made")
	out, err := exec.Command(program.Tool(t, "promtool"), "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=48h", file.Output, data).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, got := read(t, blocks.Prometheus, ".+"), read(t, data, ".+")
	if len(want) < 100 {
		t.Errorf("only %d series", len(want))
	}
	if _, ok := want[`{__name__="a:b"}`]; !ok {
		t.Error("nothing is recorded")
	}
	wantSamples(t, want, got)
	if left, _ := filepath.Glob(file.Output + ".backfill/0*"); len(left) > 0 {
		t.Errorf("the work folder still has %v", left)
	}
	if again := mustRun(t, file); !again.Before {
		t.Errorf("it was made again: %+v", again)
	}
	wantStore(t, blocks.Storage, file.Storage)
}

// A kill while the text is written leaves no half of it.
func TestHalfAText(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	path := filepath.Join(t.TempDir(), "history.om")
	if err := writeText(ctx, path, &source{period: filled(t, "in 1 2")}); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a file")
	}
	if err := writeText(context.Background(), path, &source{period: filled(t, "in 1 2.5")}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if want := "in 1 0\nin 2.5 60\n# EOF\n"; err != nil || string(b) != want {
		t.Errorf("got %q, %v", b, fmt.Sprint(err))
	}
}
