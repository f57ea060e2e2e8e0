package backfill

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

const minute = 60_000

// filled is a period from minute 0 on, with series as "name value value …", one
// value a minute; - for none.
func filled(t *testing.T, lines ...string) *period {
	t.Helper()
	p := newPeriod(0)
	for _, line := range lines {
		fields := strings.Fields(line)
		s := p.add(labels.FromStrings(model.MetricNameLabel, fields[0]))
		for i, field := range fields[1:] {
			p.last = max(p.last, int64(i)*minute)
			var v float64
			if field == "-" {
				continue
			}
			if _, err := fmt.Sscan(field, &v); err != nil {
				t.Fatal(err)
			}
			if err := s.append(int64(i)*minute, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	return p
}

// recordedBy is what rules record over a period, in the same form.
func recordedBy(t *testing.T, p *period, lines ...string) ([]string, error) {
	t.Helper()
	rules, err := loadRules([]string{ruleFile(t, lines...)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := len(p.sorted())
	told := 0
	err = newEvaluator(rules, minute).record(context.Background(), &source{period: p}, func(done, of int) { told = done - of })
	if err != nil {
		return nil, err
	}
	if told != 0 {
		t.Errorf("progress ended %d rules before the end", -told)
	}
	var out []string
	for _, s := range p.sorted() {
		if strings.HasPrefix(s.labels.Get(model.MetricNameLabel), "in") {
			before--
			continue
		}
		text, next := s.labels.String(), int64(0)
		for it := s.Iterator(nil); it.Next() == chunkenc.ValFloat; next += minute {
			at, v := it.At()
			for ; next < at; next += minute {
				text += " -"
			}
			if value.IsStaleNaN(v) {
				text += " end"
			} else {
				text += fmt.Sprintf(" %v", v)
			}
		}
		out = append(out, text)
	}
	if before != 0 {
		t.Errorf("%d series of the input are gone", before)
	}
	return out, nil
}

func TestRecord(t *testing.T) {
	for _, tt := range []struct {
		name  string
		in    []string
		rules []string
		want  []string
	}{
		{"one after the other", []string{"in 1 2 3"}, []string{"g: a = in * 2", "g: b = a + 1"},
			[]string{`{__name__="a"} 2 4 6`, `{__name__="b"} 3 5 7`}},
		{"an end is marked", []string{"in 1 -1 -1 1 -1"}, []string{"g: a = in > 0"},
			[]string{`{__name__="a"} 1 end - 1 end`}},
		{"and seen by the next rule", []string{"in 1 -1 -1 1 1"}, []string{"g: a = in > 0", "g: b = count(a) or vector(0)"},
			[]string{`{__name__="a"} 1 end - 1 1`, `{__name__="b"} 1 0 0 1 1`}},
		{"now one, now the other", []string{"in_a 1 1 - -", "in_b - - 2 2"}, []string{"g: a = in_b or in_a unless in_b"},
			[]string{`{__name__="a"} 1 1 2 2`}},
		{"labels are set", []string{"in 1 2"}, []string{"g: a/1 = in", "g: a/2 = in * 2"},
			[]string{`{__name__="a", which="1"} 1 2`, `{__name__="a", which="2"} 2 4`}},
		{"a sum of its own name", []string{"in 1 2"}, []string{"g: a/1 = in", "g: a = sum without(which) (a{which!=''})"},
			[]string{`{__name__="a"} 1 2`, `{__name__="a", which="1"} 1 2`}},
		{"a number", []string{"in 1 2"}, []string{"g: a = vector(7)"}, []string{`{__name__="a"} 7 7`}},
		{"nothing", []string{"in 1 2"}, []string{"g: a = nowhere"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := recordedBy(t, filled(t, tt.in...), tt.rules...)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// What cannot be evaluated for days at once, or not at all, is refused.
func TestCannotRecord(t *testing.T) {
	for _, tt := range []struct {
		rules []string
		want  string
	}{
		{[]string{"g: a = in + (a offset 1m or vector(0))"}, `rule g/a: records {__name__="a"}, which g/a reads and is evaluated no later`},
		{[]string{"g: b = a or in", "g: a = in"}, `rule g/a: records {__name__="a"}, which g/b reads and is evaluated no later`},
		{[]string{"g: a = in", "g: a = in * 2"}, `rule g/a: records {__name__="a"}, which is recorded already`},
		{[]string{`g: a/1 = label_replace(in, "which", "2", "", "") or in`}, `rule g/a{which="1"}: records {__name__="a", which="1"} twice at 1970-01-01T00:00:00Z`},
		{[]string{"g: a = in + on () group_left () in_two"}, "rule g/a: "},
	} {
		_, err := recordedBy(t, filled(t, "in 1 2", "in_two 1 2"), tt.rules...)
		if tt.rules[0] == "g: a = in + on () group_left () in_two" {
			_, err = recordedBy(t, filled(t, "in 1 2", "in 3 4", "in_two 1 2", "in_two 2 2"), tt.rules...)
		}
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

// Where a series was at the end of the period before and is not any more, the
// block says so with its first sample.
func TestEndBetweenPeriods(t *testing.T) {
	first, second := filled(t, "in 1 1"), newPeriod(2*minute)
	dir := t.TempDir()
	id, err := blockID("key", first.from)
	if err == nil {
		err = writeBlock(context.Background(), dir, id, first)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := run{}
	r.blocks.blocks = append(r.blocks.blocks, openTestBlock(t, dir, id.String()))
	defer r.closeBlocks()
	r.blocks.period = second
	rules, err := loadRules([]string{ruleFile(t, "g: a = in and on () vector(time()) < 100")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := newEvaluator(rules, minute).record(context.Background(), &r.blocks, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	s := second.series["a"]
	if len(s) != 1 {
		t.Fatalf("got %d series", len(s))
	}
	it := s[0].Iterator(nil)
	if it.Next() != chunkenc.ValFloat {
		t.Fatal("no sample")
	}
	if at, v := it.At(); at != 2*minute || !value.IsStaleNaN(v) || it.Next() != chunkenc.ValNone {
		t.Errorf("got %v at %d", math.Float64bits(v), at)
	}
}
