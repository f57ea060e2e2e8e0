package ingest_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/experiment"
	"supportexporter/exporter/internal/ingest"
	"supportexporter/exporter/internal/ledger"
)

// newArms is a handler with an experiment that runs, and one that has ended.
// Their names are hard to write as the values of a metric's label.
func newArms(t testing.TB) (*pushes, experiment.Splits) {
	t.Helper()
	p := newPushes(t, nil)
	variants := []config.Variant{{Name: "warm", Weight: 1}, {Name: "plain", Weight: 1}}
	splits, err := experiment.NewSplits([]config.Experiment{
		{Name: "say \"hi\"\u00a0\\", Variants: variants, Control: "plain"},
		{Name: "ended", Variants: variants, Control: "plain", End: p.now},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Configure(config.Default(), nil, splits)
	return p, splits
}

const hard = `say \"hi\"` + "\u00a0" + `\\`

func claim(id, experiment, variant string) string {
	return fmt.Sprintf(`{"conversation_id":"%s","experiment":"%s","variant":"%s","turns":1}`, id, experiment, variant)
}

func TestClaims(t *testing.T) {
	p, splits := newArms(t)
	const id = "c-1"
	assigned := splits["say \"hi\"\u00a0\\"].Variant(id, p.now)
	contrary := map[string]string{"plain": "warm", "warm": "plain"}[assigned]
	const unknown = `must be one of plain, warm, which experiment "ended" has; got "Plain"`
	tests := []struct {
		name, event string
		field, want string // of the error, if it is rejected
		counted     int    // contradictions so far
	}{
		{"the variant assigned", claim(id, hard, assigned), "", "", 0},
		{"another variant", claim(id+"x", hard, "?"), "variant", `must be one of plain, warm, which experiment "say \"hi\"\u00a0\\" has; got "?"`, 0},
		{"another one than the one assigned", claim(id, hard, contrary), "", "", 1},
		{"an experiment that has ended", claim(id, "ended", "warm"), "", "", 1},
		{"a variant that it never had", claim(id, "ended", "Plain"), "variant", unknown, 1},
		{"an experiment that nobody declared", claim(id, "free", "anything"), "", "", 1},
		{"none", `{"conversation_id":"c-2","turns":1}`, "", "", 1},
	}
	for _, tt := range tests {
		code, got, _ := p.do(t, post(jsonType, tt.event))
		switch {
		case tt.want == "" && (code != http.StatusOK || len(got.Errors) > 0):
			t.Errorf("%s: got %d, %v", tt.name, code, got)
		case tt.want != "" && (code != http.StatusBadRequest || len(got.Errors) != 1 || got.Errors[0].Field != tt.field || got.Errors[0].Message != tt.want):
			t.Errorf("%s: got %d, %v, want %s", tt.name, code, got, tt.want)
		}
		wantExposed(t, p, fmt.Sprintf(`support_exporter_experiment_contradictions_total{experiment="%s"} %d`, hard, tt.counted))
	}
	wantExposed(t, p, `support_exporter_experiment_contradictions_total{experiment="ended"} 0`)
	wantExposed(t, p, `support_exporter_events_rejected_total{reason="range"} 2`)
}

func wantExposed(t *testing.T, p *pushes, line string) {
	t.Helper()
	var b bytes.Buffer
	if err := p.metrics.Write(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), line+"\n") {
		t.Errorf("not exposed: %s", line)
	}
}

// A request that is refused as a whole comes again, and must not count twice.
func TestClaimsOfRefusedRequest(t *testing.T) {
	p, splits := newArms(t)
	var contrary []string
	for i := range 100 {
		id := fmt.Sprint("c-", i)
		if splits["say \"hi\"\u00a0\\"].Contradicts(id, "warm", p.now) {
			contrary = append(contrary, claim(id, hard, "warm"))
		}
	}
	if len(contrary) < 20 {
		t.Fatalf("only %d of 100 contradict", len(contrary))
	}
	p.Handler = ingest.New(unavailable{p.ledger, ledger.ErrUnavailable}, config.Default(), nil, splits, p.metrics, slog.New(slog.DiscardHandler), time.Now)
	if code, _, _ := p.do(t, post(ndjsonType, strings.Join(contrary, "\n"))); code != http.StatusServiceUnavailable {
		t.Fatalf("got %d", code)
	}
	wantExposed(t, p, fmt.Sprintf(`support_exporter_experiment_contradictions_total{experiment="%s"} 0`, hard))
}

// discard is an answer that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// What looking at claims costs a push of 1,000 events, of which none, or each,
// is in an experiment.
func BenchmarkClaims(b *testing.B) {
	p, splits := newArms(b)
	for _, bm := range []struct {
		name, facts string
		declared    experiment.Splits
	}{
		{"nothing declared", `,"turns":1`, nil},
		{"declared", `,"turns":1`, splits},
		{"claimed, nothing declared", `,"experiment":"ended","variant":"warm"`, nil},
		{"claimed", `,"experiment":"ended","variant":"warm"`, splits},
		{"claimed and running", `,"experiment":"` + hard + `","variant":"warm"`, splits},
	} {
		var body bytes.Buffer
		for i := range 1000 {
			fmt.Fprintf(&body, `{"conversation_id":"conversation-%d"%s}`+"\n", i, bm.facts)
		}
		b.Run(bm.name, func(b *testing.B) {
			p.Configure(config.Default(), nil, bm.declared)
			b.ReportAllocs()
			for b.Loop() {
				p.ServeHTTP(discard{}, post(ndjsonType, body.String()))
			}
		})
	}
}
