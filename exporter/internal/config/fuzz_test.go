package config

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzParse holds every file to this: it is refused with errors that name it,
// or gives a config within its limits. It never panics.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.bad.yml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, filepath.FromSlash(exampleFile)) {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte("labels: &a {intent: *a}"))
	f.Add([]byte("experiments: &a [*a, *a]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := Parse("f.yml", content)
		if (c == nil) == (err == nil) {
			t.Fatalf("got %v and %v, want one of them", c, err)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f.yml:") {
				t.Errorf("error does not name the file: %v", err)
			}
			return
		}
		checkLimits(t, c)
	})
}

func checkLimits(t *testing.T, c *Config) {
	if c.IdleTimeout < time.Second || c.Retention <= c.IdleTimeout || c.Retention > 400*day {
		t.Errorf("idle_timeout %v, retention %v", c.IdleTimeout, c.Retention)
	}
	l := c.Labels
	for _, label := range []Label{l.Intent, l.Tier, l.Language.Label, l.Reason, l.Component} {
		if label.MaxValues < max(1, len(label.Allow)) || slices.Contains(label.Allow, "") {
			t.Errorf("label %+v", label)
		}
	}
	for _, bounds := range [][]float64{c.Buckets.ResolutionSeconds, c.Buckets.Turns, c.Buckets.CostUSD} {
		last := 0.0
		for _, b := range bounds {
			if !(b > last) || math.IsInf(b, 1) {
				t.Errorf("bounds %v", bounds)
			}
			last = b
		}
		if last == 0 {
			t.Error("no bounds")
		}
	}
	if in := c.Ingest; in.MaxBodyBytes < 1 || in.MaxBatchEvents < 1 || in.MaxQueueEvents < in.MaxBatchEvents || !(in.EventsPerSecond >= 0) {
		t.Errorf("ingest %+v", in)
	}
	for _, e := range c.Experiments {
		control := slices.ContainsFunc(e.Variants, func(v Variant) bool { return v.Name == e.Control })
		if e.Name == "" || len(e.Variants) < 2 || !control || !(e.Alpha > 0) || e.PlannedConversations < 1 ||
			!slices.Contains(KPIs(), e.Primary) || slices.Contains(e.Guardrails, e.Primary) {
			t.Errorf("experiment %+v", e)
		}
	}
}
