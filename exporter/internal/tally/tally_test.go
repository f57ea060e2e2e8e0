package tally

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/testing/protocmp"

	"supportexporter/exporter/internal/checkpoint"
	"supportexporter/exporter/internal/event"
)

const created = 1_700_000_000_000

func buckets() Buckets {
	return Buckets{Seconds: []float64{60, 180}, Turns: []float64{3}, Cost: []float64{0.25}}
}

func newTally(l Limits) *Tally {
	t := New(buckets())
	t.SetLimits(l)
	return t
}

func roomy() Limits {
	return Limits{Intents: 100, Tiers: 100, Languages: 100, Reasons: 100, Components: 100, Arms: 100, Series: 1_000_000}
}

// everything makes at least one of each series.
func everything(t *Tally) {
	l := Labels{t.Label(LabelIntent, "refund"), t.Label(LabelTier, "gold"), t.Label(LabelLanguage, "en")}
	at := At{Cell: t.Cell(l, created), Arm: t.Arm("greeting", "warm", created), Now: created + 5000, ID: "conv-1"}
	t.Joined(at.Arm)
	t.Outcome(at, Resolved)
	t.Reverse(at, ResolvedEscalated)
	t.Outcome(at, Escalated)
	t.Resolution(at, true)
	t.Confirmed(at)
	t.ResolutionSeconds(at, true, 100)
	t.ResolutionSeconds(at, false, 200)
	t.Turns(at, 4)
	t.Cost(at, 0.3)
	t.Spend(at, event.Money{USD: 0.3, Detail: []event.Component{{Name: "model", USD: 0.25}}})
	t.Survey(at)
	t.CSAT(at, 2)
	t.Escalation(at, t.Reason("policy"))
}

func gather(t testing.TB, ta *Tally) []*dto.MetricFamily {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(NewCollector(func() (*Snapshot, error) {
		s := ta.Snapshot()
		s.Open, s.Start = 3, created
		return s, nil
	}))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func exposition(t testing.TB, ta *Tally) string {
	t.Helper()
	var b bytes.Buffer
	enc := expfmt.NewEncoder(&b, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	for _, f := range gather(t, ta) {
		if err := enc.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// Every series, in OpenMetrics, with exemplars.
func TestExposition(t *testing.T) {
	ta := newTally(roomy())
	everything(ta)
	golden(t, "testdata/exposition.txt", exposition(t, ta))
}

func TestPromlint(t *testing.T) {
	ta := newTally(roomy())
	everything(ta)
	problems, err := testutil.CollectAndLint(NewCollector(func() (*Snapshot, error) { return ta.Snapshot(), nil }))
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
}

func TestFailedSnapshotFailsTheScrape(t *testing.T) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(NewCollector(func() (*Snapshot, error) { return nil, fmt.Errorf("shutting down") }))
	if _, err := reg.Gather(); err == nil || !strings.Contains(err.Error(), "shutting down") {
		t.Errorf("got %v", err)
	}
}

func TestSaveAndLoad(t *testing.T) {
	ta := newTally(roomy())
	everything(ta)
	ta.Cell(Labels{0, 0, ta.Label(LabelLanguage, "fr")}, created)
	var b bytes.Buffer
	w := checkpoint.NewWriter(&b)
	ta.Save(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	loaded := newTally(roomy())
	r := checkpoint.NewReader(&b)
	loaded.Load(r)
	if err := r.End(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(gather(t, ta), gather(t, loaded), protocmp.Transform()); diff != "" {
		t.Errorf("series differ (-saved +loaded):\n%s", diff)
	}
	if ta.Series() != loaded.Series() {
		t.Errorf("%d series, want %d", loaded.Series(), ta.Series())
	}
	everything(ta)
	everything(loaded)
	if diff := cmp.Diff(gather(t, ta), gather(t, loaded), protocmp.Transform()); diff != "" {
		t.Errorf("series differ after more events (-saved +loaded):\n%s", diff)
	}
}

// As many arms as have an index are written and read, and there is no more.
func TestMostArms(t *testing.T) {
	ta := New(Buckets{})
	ta.SetLimits(Limits{Arms: 70_000})
	for i := range 70_000 {
		ta.Declare("x", fmt.Sprint(i), 0)
	}
	if got := ta.Arms(); got != math.MaxUint16 {
		t.Errorf("%d arms, want %d", got, math.MaxUint16)
	}
	if got := ta.Arm("y", "a", 0); got != 0 {
		t.Errorf("one more has index %d, want 0", got)
	}
	var b bytes.Buffer
	w := checkpoint.NewWriter(&b)
	ta.Save(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	loaded := New(Buckets{})
	r := checkpoint.NewReader(&b)
	loaded.Load(r)
	if err := r.End(); err != nil {
		t.Fatal(err)
	}
	if loaded.Arms() != ta.Arms() {
		t.Errorf("%d arms are read, want %d", loaded.Arms(), ta.Arms())
	}
}

// A snapshot is of its moment.
func TestSnapshotDoesNotChange(t *testing.T) {
	ta := newTally(roomy())
	everything(ta)
	s := ta.Snapshot()
	of := func() []*dto.MetricFamily {
		reg := prometheus.NewRegistry()
		reg.MustRegister(NewCollector(func() (*Snapshot, error) { return s, nil }))
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		return families
	}
	before := of()
	at := At{Arm: 1, Now: created + 9000, ID: "conv-2"}
	for range 3 {
		ta.Turns(at, 4)
		ta.Turns(at, 40)
		ta.CSAT(at, 2)
		ta.Escalation(at, ta.Reason("angry"))
		ta.Spend(at, event.Money{USD: 7})
		ta.Joined(1)
	}
	if diff := cmp.Diff(before, of(), protocmp.Transform()); diff != "" {
		t.Errorf("the snapshot changed:\n%s", diff)
	}
}

func TestDropExemplars(t *testing.T) {
	ta := newTally(roomy())
	everything(ta)
	if got := exposition(t, ta); !strings.Contains(got, "conv-1") {
		t.Fatalf("no exemplar in\n%s", got)
	}
	ta.DropExemplars()
	if got := exposition(t, ta); strings.Contains(got, "conv-1") {
		t.Errorf("an exemplar is left in\n%s", got)
	}
}

func TestLabelCaps(t *testing.T) {
	limits := roomy()
	limits.Intents, limits.Reasons, limits.Components, limits.Arms = 1, 1, 1, 1
	ta := newTally(limits)
	for _, tt := range []struct {
		value string
		want  uint16
	}{{"refund", 2}, {"login", overflow}, {"refund", 2}, {"unknown", unset}, {"other", overflow}, {"", unset}} {
		if got := ta.Label(LabelIntent, tt.value); got != tt.want {
			t.Errorf("intent %q has index %d, want %d", tt.value, got, tt.want)
		}
	}
	if ta.Reason("a"); ta.Reason("b") != overflow {
		t.Error("a second reason is not counted as other")
	}
	if ta.Arm("x", "a", 0); ta.Arm("x", "b", 0) != 0 {
		t.Error("there is room for a second arm")
	}
	ta.Declare("x", "c", 0)
	if ta.Arm("x", "c", 0) == 0 {
		t.Error("a declared arm needs room")
	}
	at := At{Cell: ta.Cell(Labels{}, 0)}
	ta.Spend(at, event.Money{USD: 3, Detail: []event.Component{{Name: "model", USD: 1}, {Name: "tools", USD: 1}}})
	spent := map[uint16]float64{}
	for _, s := range ta.cells[at.Cell].spend {
		spent[s.component] = s.usd.Float64()
	}
	if diff := cmp.Diff(map[uint16]float64{2: 1, overflow: 1, unset: 1}, spent); diff != "" {
		t.Errorf("spending by component (-want +got):\n%s", diff)
	}
	want := [NumLabels]uint64{LabelIntent: 1, LabelReason: 1, LabelComponent: 1, LabelExperiment: 1}
	if ta.Overflowed != want {
		t.Errorf("overflowed %v, want %v", ta.Overflowed, want)
	}
}

// The budget holds for what a text scrape shows, whatever is pushed, and
// nothing is lost: what finds no room is counted as other.
func TestSeriesBudget(t *testing.T) {
	limits := roomy()
	ta := newTally(limits)
	one := ta.cellSeries()
	limits.Series = 2*one + 3
	ta.SetLimits(limits)
	for i := range 50 {
		l := Labels{ta.Label(LabelIntent, fmt.Sprint("intent", i))}
		at := At{Cell: ta.Cell(l, created), Now: created}
		ta.Outcome(at, Escalated)
		ta.ResolutionSeconds(at, true, 1)
		ta.ResolutionSeconds(at, false, 1)
		ta.Turns(at, 1)
		ta.Cost(at, 1)
		ta.Escalation(at, ta.Reason(fmt.Sprint("reason", i)))
		ta.Spend(at, event.Money{USD: 1, Detail: []event.Component{{Name: fmt.Sprint("component", i), USD: 1}}})
	}
	var text bytes.Buffer
	outcomes, reasons := 0.0, 0.0
	for _, f := range gather(t, ta) {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
		for _, m := range f.GetMetric() {
			switch f.GetName() {
			case ConversationsTotal:
				outcomes += m.GetCounter().GetValue()
			case EscalationsTotal:
				reasons += m.GetCounter().GetValue()
			}
		}
	}
	if outcomes != 50 || reasons != 50 {
		t.Errorf("%v outcomes and %v escalations counted, want 50 of each", outcomes, reasons)
	}
	lines := 0
	for line := range strings.Lines(text.String()) {
		if !strings.HasPrefix(line, "#") {
			lines++
		}
	}
	lines -= 2 // support_conversations_open, support_ledger_start_timestamp_seconds
	// The overflow's own series are made even when there is no room left.
	if most := limits.Series + one; lines > ta.Series() || ta.Series() > most {
		t.Errorf("%d series exposed, %d in the books, want at most %d", lines, ta.Series(), most)
	}
	if ta.Overflowed[LabelSet] == 0 {
		t.Error("no overflow was counted")
	}
}
