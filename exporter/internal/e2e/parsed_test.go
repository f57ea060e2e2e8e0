package e2e

import (
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// parsed is a scrape as Prometheus itself reads it.
type parsed struct {
	samples   int
	series    series
	exemplars map[string]bool // the conversations they name
}

var unescape = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n")

// parseLikePrometheus reads an exposition in any format by the parser of
// Prometheus, to which a single byte out of place is an error.
func parseLikePrometheus(tb testing.TB, r response) parsed {
	tb.Helper()
	p, err := textparse.New(r.body, r.header.Get("Content-Type"), labels.NewSymbolTable(), textparse.ParserOptions{IgnoreNativeHistograms: true})
	if err != nil {
		tb.Fatal(err)
	}
	out := parsed{series: series{}, exemplars: map[string]bool{}}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			tb.Fatalf("Prometheus cannot read the exposition: %v", err)
		}
		var lset labels.Labels
		switch entry {
		case textparse.EntrySeries:
			_, _, v := p.Series()
			p.Labels(&lset)
			out.add(tb, lset, v)
		case textparse.EntryHistogram:
			p.Labels(&lset)
		default:
			continue
		}
		for x := (exemplar.Exemplar{}); p.Exemplar(&x); x = (exemplar.Exemplar{}) {
			id := x.Labels.Get("conversation_id")
			if strings.Contains(r.header.Get("Content-Type"), "openmetrics") {
				id = unescape.Replace(id) // of exemplars the parser leaves the escapes in
			}
			out.exemplars[id] = true
		}
	}
}

func (p *parsed) add(tb testing.TB, lset labels.Labels, v float64) {
	tb.Helper()
	m := model.Metric{}
	lset.Range(func(l labels.Label) { m[model.LabelName(l.Name)] = model.LabelValue(l.Value) })
	name := m.String()
	if _, again := p.series[name]; again {
		tb.Errorf("%s is exposed twice", name)
	}
	p.series[name] = v
	p.samples++
}

// plain leaves out the buckets, whose bounds the formats write in their own ways.
func (s series) plain() series {
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(key string, _ float64) bool { return strings.Contains(key, "_bucket{") })
	return out
}

// parseAll scrapes in all formats, reads each by two parsers where there are two,
// and wants the same of all. It gives OpenMetrics, which has exemplars.
func parseAll(t *testing.T, e *exporter) parsed {
	t.Helper()
	var all []parsed
	for _, accept := range []string{acceptText, acceptOpenMetrics, acceptProtobuf} {
		r := e.get("/metrics", "Accept", accept)
		if format := expfmt.ResponseFormat(r.header); accept != acceptOpenMetrics { // which expfmt cannot read
			parseSeries(t, strings.NewReader(string(r.body)), format)
		}
		all = append(all, parseLikePrometheus(t, r))
	}
	for i, name := range []string{"OpenMetrics", "protobuf"} {
		if diff := cmp.Diff(all[0].series.plain(), all[i+1].series.plain()); diff != "" {
			t.Errorf("text and %s differ: %.2000s", name, diff)
		}
		if all[0].samples != all[i+1].samples {
			t.Errorf("text has %d samples, %s %d", all[0].samples, name, all[i+1].samples)
		}
	}
	if diff := cmp.Diff(all[1].exemplars, all[2].exemplars); diff != "" {
		t.Errorf("the exemplars of OpenMetrics and protobuf differ: %.2000s", diff)
	}
	return all[1]
}
