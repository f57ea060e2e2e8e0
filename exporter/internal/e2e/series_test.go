package e2e

import (
	"errors"
	"io"
	"maps"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// series is one exposition: the value of every series, by its name and labels
// as PromQL writes them, the labels sorted.
type series map[string]float64

// parseFamilies reads an exposition in a format that has a strict parser.
func parseFamilies(tb testing.TB, r io.Reader, format expfmt.Format) []*dto.MetricFamily {
	tb.Helper()
	var families []*dto.MetricFamily
	decoder := expfmt.NewDecoder(r, format)
	for {
		var f dto.MetricFamily
		err := decoder.Decode(&f)
		if errors.Is(err, io.EOF) {
			return families
		}
		if err != nil {
			tb.Fatalf("parsing an exposition: %v", err)
		}
		families = append(families, &f)
	}
}

func parseSeries(tb testing.TB, r io.Reader, format expfmt.Format) series {
	tb.Helper()
	samples, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, parseFamilies(tb, r, format)...)
	if err != nil {
		tb.Fatalf("parsing an exposition: %v", err)
	}
	s := series{}
	for _, sample := range samples {
		name := sample.Metric.String()
		if _, again := s[name]; again {
			tb.Errorf("%s is exposed twice", name)
		}
		s[name] = float64(sample.Value)
	}
	return s
}

// sum adds up the series of a metric that have all these labels, each written
// as in PromQL: `outcome="resolved"`.
func (s series) sum(name string, labels ...string) float64 {
	total := 0.0
next:
	for key, value := range s {
		metric, set, _ := strings.Cut(key, "{")
		if metric != name {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(", "+strings.TrimSuffix(set, "}")+", ", ", "+l+", ") {
				continue next
			}
		}
		total += value
	}
	return total
}

// net gives the episodes whose outcome still holds.
func (s series) net(labels ...string) float64 {
	return s.sum("support_conversations_total", labels...) - s.sum("support_conversations_reversed_total", labels...)
}

// counted gives the counters, and the counts and sums of histograms, that are
// not 0; without the sums of squares, which say nothing that their values do not.
func (s series) counted() series {
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(key string, value float64) bool {
		name, _, _ := strings.Cut(key, "{")
		isCounted := strings.HasSuffix(name, "_total") || strings.HasSuffix(name, "_count") || strings.HasSuffix(name, "_sum")
		return value == 0 || !isCounted || strings.HasSuffix(name, "_squares_total")
	})
	return out
}

// counts gives all that is counted and not 0: counters, the open conversations,
// and histograms, whose buckets hold their own values only.
func (s series) counts() series {
	out := series{}
	buckets := map[string][]bucket{}
	for key, value := range s {
		name, _, _ := strings.Cut(key, "{")
		switch {
		case name == "support_ledger_start_timestamp_seconds":
		case strings.HasSuffix(name, "_bucket"):
			histogram, b := cutBucket(key)
			b.count = value
			buckets[histogram] = append(buckets[histogram], b)
		case value != 0:
			out[key] = value
		}
	}
	for _, all := range buckets {
		sort.Slice(all, func(i, j int) bool { return all[i].le < all[j].le })
		below := 0.0
		for _, b := range all {
			if b.count != below {
				out[b.key] = b.count - below
			}
			below = b.count
		}
	}
	return out
}

// bucket is a bucket of a classic histogram.
type bucket struct {
	key   string
	le    float64
	count float64
}

var upperBound = regexp.MustCompile(`\ble="([^"]*)"`)

// cutBucket says which histogram a bucket is of, and up to where it reaches.
func cutBucket(key string) (histogram string, b bucket) {
	m := upperBound.FindStringSubmatchIndex(key)
	le, _ := strconv.ParseFloat(key[m[2]:m[3]], 64) // as the exposition's parser wrote it
	return key[:m[0]] + key[m[1]:], bucket{key: key, le: le}
}

// differing counts the series that are lower than they should be, and higher.
func (s series) differing(want series) (low, high int) {
	names := maps.Clone(s)
	maps.Copy(names, want)
	for name := range names {
		switch got := s[name]; {
		case got < want[name]:
			low++
		case got > want[name]:
			high++
		}
	}
	return low, high
}

// wantSeries compares two expositions.
func wantSeries(tb testing.TB, what string, got, want series) {
	tb.Helper()
	if maps.Equal(got, want) {
		return // thousands of times quicker than to find no difference
	}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// seriesName writes a series as the keys of a series are: labels are names and
// values in turn.
func seriesName(name string, labels ...string) string {
	m := model.Metric{model.MetricNameLabel: model.LabelValue(name)}
	for i := 0; i < len(labels); i += 2 {
		m[model.LabelName(labels[i])] = model.LabelValue(labels[i+1])
	}
	return m.String()
}

// of keeps the series whose names begin like this.
func (s series) of(prefix string) series {
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(key string, _ float64) bool { return !strings.HasPrefix(key, prefix) })
	return out
}
