package bundle

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/tally"
	"supportexporter/exporter/internal/verdict"

	"supportexporter/exporter/internal/program"
)

// exposition is what an exporter would expose of experiments.
type exposition struct{ strings.Builder }

// add writes a series; labels are pairs of names and values.
func (x *exposition) add(name string, value float64, labels ...string) {
	var text strings.Builder
	for i := 0; i < len(labels); i += 2 {
		text.WriteString(labelText(labels[i], labels[i+1]))
	}
	fmt.Fprintf(x, "%s %.17g\n", seriesText(name, text.String()), value)
}

// declare writes what an exporter tells of a declared experiment.
func (x *exposition) declare(e config.Experiment) {
	for _, v := range e.Variants {
		role := "treatment"
		if v.Name == e.Control {
			role = "control"
		}
		x.add(tally.ExperimentWeight, v.Weight, "experiment", e.Name, "variant", v.Name, "role", role)
	}
	if e.Primary == "" {
		return
	}
	x.add(tally.ExperimentKPIInfo, 1, "experiment", e.Name, "kpi", string(e.Primary), "role", "primary")
	for _, k := range e.Guardrails {
		x.add(tally.ExperimentKPIInfo, 1, "experiment", e.Name, "kpi", string(k), "role", "guardrail")
	}
	x.add(tally.ExperimentAlpha, e.Alpha, "experiment", e.Name)
	x.add(tally.ExperimentMinLift, e.MinLiftRatio, "experiment", e.Name)
	x.add(tally.ExperimentTolerance, e.GuardrailToleranceRatio, "experiment", e.Name)
	x.add(tally.ExperimentPlanned, float64(e.PlannedConversations), "experiment", e.Name)
}

// randomExperiment draws a declaration. Every seventh is not declared, but has
// weights and roles.
func randomExperiment(r *rand.Rand, i int) config.Experiment {
	kpis := config.KPIs()
	r.Shuffle(len(kpis), func(i, j int) { kpis[i], kpis[j] = kpis[j], kpis[i] })
	e := config.Experiment{
		Name: fmt.Sprintf("experiment-%02d", i), Primary: kpis[0], Guardrails: kpis[1 : 1+r.IntN(4)],
		GuardrailToleranceRatio: float64(r.IntN(3)) * 0.05, MinLiftRatio: float64(r.IntN(4)) * 0.03,
		Alpha: []float64{0.05, 0.001, 0.2}[r.IntN(3)], PlannedConversations: 1 + r.IntN(20_000),
	}
	for v := range 2 + r.IntN(3) {
		e.Variants = append(e.Variants, config.Variant{Name: string(rune('a' + v)), Weight: float64(1 + r.IntN(2))})
	}
	e.Control = e.Variants[r.IntN(len(e.Variants))].Name
	if i%7 == 6 {
		e.Primary, e.Guardrails = "", nil
	}
	return e
}

// randomArms draws what was counted of the arms: nothing, little or much, of
// populations that are shifted by a few per cent, or by a lot.
func (x *exposition) randomArms(r *rand.Rand, e config.Experiment) {
	n := math.Pow(10, 4.5*r.Float64())
	for _, v := range e.Variants {
		arm := n * v.Weight
		switch r.IntN(20) {
		case 0:
			arm = 0
		case 1:
			arm *= r.Float64()
		}
		shift := 1 + 0.1*r.NormFloat64()
		if r.IntN(4) == 0 {
			shift = 1
		}
		x.randomArm(r, math.Floor(arm+math.Sqrt(arm)*r.Float64()), shift, "experiment", e.Name, "variant", v.Name)
	}
}

func (x *exposition) randomArm(r *rand.Rand, n, shift float64, own ...string) {
	with := func(labels ...string) []string { return append(slices.Clone(own), labels...) }
	x.add(tally.ExperimentAssignedTotal, n, own...)
	shares := []float64{0.6 * shift, 0.1, 0.12 * shift, 0.08}
	for i, outcome := range []string{"resolved", "unresolved", "escalated", "abandoned"} {
		x.add(tally.ExperimentConversationsTotal, math.Floor(n*shares[i]*1.05), with("outcome", outcome)...)
		x.add(tally.ExperimentReversedTotal, math.Floor(n*shares[i]*0.05), with("outcome", outcome, "cause", "escalated")...)
		x.add(tally.ExperimentReversedTotal, 0, with("outcome", outcome, "cause", "reopened")...)
	}
	for i, kpi := range []string{"csat", "resolution_seconds", "turns", "cost_usd"} {
		mean := []float64{4, 180, 2.5, 0.25}[i]
		count := math.Floor(n * (0.3 + 0.5*r.Float64()))
		mean, deviation := mean*shift, mean*(0.2+r.Float64())*float64(r.IntN(8)/2)/3
		x.add(tally.ExperimentValuesTotal, count, with("kpi", kpi)...)
		x.add(tally.ExperimentValuesSumTotal, count*mean, with("kpi", kpi)...)
		x.add(tally.ExperimentValuesSquaresTotal, count*(mean*mean+deviation*deviation), with("kpi", kpi)...)
	}
}

// series parses an exposition as supportctl does.
func (x *exposition) series(tb testing.TB) model.Vector {
	tb.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(x.String()))
	if err != nil {
		tb.Fatal(err)
	}
	var all model.Vector
	for _, f := range families {
		v, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, f)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, v...)
	}
	return all
}

// served is an exporter that exposes just that.
func (x *exposition) served(tb testing.TB) *fakeExporter {
	tb.Helper()
	e := &fakeExporter{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		io.WriteString(w, x.String()) //nolint:errcheck // the scrape fails, and the test with it
	}))
	tb.Cleanup(e.Close)
	return e
}

// The rules on real Prometheus give what the verdict package gives with gonum,
// whatever was declared and counted.
func TestExperimentRulesAgreeWithGonum(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 2026))
	x := &exposition{}
	for i := range 60 {
		e := randomExperiment(r, i)
		x.declare(e)
		x.randomArms(r, e)
	}
	want := estimates(verdict.FromSeries(x.series(t)))
	s := startPrometheus(t, t.TempDir(), x.served(t), time.Second)
	program.Eventually(t, "the estimates agree", func() error {
		got, err := s.estimated()
		if err != nil {
			return err
		}
		return differ(want, got)
	})
	s.normal(t)
	verdicts := map[string]int{}
	for name, holds := range want {
		if _, v, ok := strings.Cut(name, ",verdict="); ok && holds == 1 {
			verdicts[v]++
		}
	}
	if len(verdicts) != 4 {
		t.Errorf("verdicts drawn: %v, want some of each", verdicts)
	}
	t.Logf("%d series compared; verdicts %v", len(want), verdicts)
}
