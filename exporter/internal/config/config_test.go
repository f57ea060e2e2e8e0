package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNothingIsTheDefault(t *testing.T) {
	for name, content := range map[string]string{
		"empty":            "",
		"only space":       "\n\n  \n",
		"only comments":    "# idle_timeout: 1h\n",
		"empty document":   "---\n",
		"empty mapping":    "{}",
		"empty sections":   "labels: {language: {}}\nbuckets: {}\ningest: {}\n",
		"byte order mark":  "\ufeff",
		"default repeated": "idle_timeout: 30m",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Parse("f.yml", []byte(content))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Default(), c); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDefaultIsNotShared(t *testing.T) {
	Default().Buckets.Turns[0] = 99
	if got := Default().Buckets.Turns[0]; got != 1 {
		t.Errorf("first bound of turns after a caller changed its own: got %v, want 1", got)
	}
}

// The benchmarks are compared with quantiles, which are exact only at a bound.
func TestDefaultBucketsHaveTheBenchmarks(t *testing.T) {
	b := Default().Buckets
	for name, c := range map[string]struct{ bounds, want []float64 }{
		"resolution_seconds": {b.ResolutionSeconds, []float64{30, 60, 120, 180, 240, 300, 480, 600, 720, 900, 1800, 3600, 86400}},
		"turns":              {b.Turns, []float64{1, 2, 3, 4, 6, 30}},
		"cost_usd":           {b.CostUSD, []float64{0.005, 0.08, 0.15, 0.20, 0.25, 0.40, 8, 10, 12, 20}},
	} {
		for _, w := range c.want {
			if !slices.Contains(c.bounds, w) {
				t.Errorf("%s: no bound %v in %v", name, w, c.bounds)
			}
		}
		if len(c.bounds) > 20 {
			t.Errorf("%s: %d bounds, want at most 20: each is a series per label set", name, len(c.bounds))
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		yaml string
		want func(*Config)
	}{
		{"idle_timeout: 1s", func(c *Config) { c.IdleTimeout = time.Second }},
		{"idle_timeout: 7d", func(c *Config) { c.IdleTimeout = 7 * day }},
		{"idle_timeout: 1h30m", func(c *Config) { c.IdleTimeout = 90 * time.Minute }},
		{"retention: 400d", func(c *Config) { c.Retention = 400 * day }},
		{"retention: 1y", func(c *Config) { c.Retention = 365 * day }},
		{"{idle_timeout: 1s, retention: 2s}", func(c *Config) { c.IdleTimeout, c.Retention = time.Second, 2*time.Second }},
		{"{retention: 2m, idle_timeout: 1m}", func(c *Config) { c.IdleTimeout, c.Retention = time.Minute, 2*time.Minute }},
		{"labels: {intent: {max_values: 1}}", func(c *Config) { c.Labels.Intent.MaxValues = 1 }},
		{"labels: {tier: {max_values: 10_000}}", func(c *Config) { c.Labels.Tier.MaxValues = 10_000 }},
		{"labels: {reason: {max_values: 5}}", func(c *Config) { c.Labels.Reason.MaxValues = 5 }},
		{"labels: {component: {max_values: 5}}", func(c *Config) { c.Labels.Component.MaxValues = 5 }},
		{"labels: {max_series: 7}", func(c *Config) { c.Labels.MaxSeries = 7 }},
		{"labels: {tier: {allow: [gold, 1, 2.50, true, no, über uns]}}", func(c *Config) {
			c.Labels.Tier.Allow = []string{"gold", "1", "2.50", "true", "no", "über uns"}
		}},
		{"labels: {language: {allow: [en, pt-BR, zh_Hant], base: false, max_values: 3}}", func(c *Config) {
			c.Labels.Language = Language{Label: Label{Allow: []string{"en", "pt-BR", "zh_Hant"}, MaxValues: 3}}
		}},
		{"labels: {tier: &t {max_values: 5}, reason: *t}", func(c *Config) {
			c.Labels.Tier.MaxValues, c.Labels.Reason.MaxValues = 5, 5
		}},
		{"buckets: {turns: [1]}", func(c *Config) { c.Buckets.Turns = []float64{1} }},
		{"buckets: {cost_usd: [1e-6, 1e9]}", func(c *Config) { c.Buckets.CostUSD = []float64{1e-6, 1e9} }},
		{"buckets: {resolution_seconds: [0.5, 60]}", func(c *Config) { c.Buckets.ResolutionSeconds = []float64{0.5, 60} }},
		{"exemplars: false", func(c *Config) { c.Exemplars = false }},
		{"ingest: {max_body_bytes: 512KiB}", func(c *Config) { c.Ingest.MaxBodyBytes = 512 << 10 }},
		{"ingest: {max_body_bytes: 1GiB, max_inflight_bytes: 2GiB}", func(c *Config) {
			c.Ingest.MaxBodyBytes, c.Ingest.MaxInflightBytes = 1<<30, 2<<30
		}},
		{"ingest: {max_body_bytes: 1024}", func(c *Config) { c.Ingest.MaxBodyBytes = 1024 }},
		{"ingest: {max_batch_events: 7, max_queue_events: 7}", func(c *Config) {
			c.Ingest.MaxBatchEvents, c.Ingest.MaxQueueEvents = 7, 7
		}},
		{"ingest: {events_per_second: 0.5}", func(c *Config) { c.Ingest.EventsPerSecond = 0.5 }},
		{"max_experiment_arms: 0", func(c *Config) { c.MaxExperimentArms = 0 }},
	} {
		t.Run(c.yaml, func(t *testing.T) {
			want := Default()
			c.want(want)
			got, err := Parse("f.yml", []byte(c.yaml))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An allowed value can be as long as one that is pushed.
func TestLongestAllowedValues(t *testing.T) {
	for label, bytes := range map[string]int{"intent": 64, "tier": 64, "reason": 255, "component": 64} {
		for _, n := range []int{bytes, bytes + 1} {
			_, err := Parse("f.yml", fmt.Appendf(nil, "labels: {%s: {allow: [%s]}}", label, strings.Repeat("x", n)))
			if (err == nil) != (n == bytes) {
				t.Errorf("%s of %d bytes: got %v", label, n, err)
			}
		}
	}
}

func TestTokensFileIsRelativeToTheFile(t *testing.T) {
	for _, c := range []struct{ config, tokens, want string }{
		{"/etc/support/exporter.yml", "tokens", "/etc/support/tokens"},
		{"/etc/support/exporter.yml", "../tokens", "/etc/tokens"},
		{"/etc/support/exporter.yml", "/run/tokens", "/run/tokens"},
		{"conf/exporter.yml", "tokens", "conf/tokens"},
		{"exporter.yml", "tokens", "tokens"},
		{"/etc/support/exporter.yml", `""`, ""},
	} {
		got, err := Parse(filepath.FromSlash(c.config), []byte("ingest: {tokens_file: "+c.tokens+"}"))
		if err != nil {
			t.Error(err)
		} else if filepath.ToSlash(got.Ingest.TokensFile) != c.want {
			t.Errorf("%s in %s: got %s, want %s", c.tokens, c.config, got.Ingest.TokensFile, c.want)
		}
	}
}

func TestLoad(t *testing.T) {
	c, err := Load("")
	if diff := cmp.Diff(Default(), c); diff != "" || err != nil {
		t.Errorf("no file: %v\n%s", err, diff)
	}

	path := filepath.Join(t.TempDir(), "exporter.yml")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v, want it not to exist", err)
	}
	write := func(content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("{idle_timeout: 2h, ingest: {tokens_file: tokens}}")
	c, err = Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(filepath.Dir(path), "tokens"); c.IdleTimeout != 2*time.Hour || c.Ingest.TokensFile != want {
		t.Errorf("got %v and %s, want 2h and %s", c.IdleTimeout, c.Ingest.TokensFile, want)
	}
	write("exemplars: 1")
	if c, err := Load(path); c != nil || err == nil || err.Error() != path+":1: exemplars: must be true or false, got 1" {
		t.Errorf("got %v and %v", c, err)
	}
}
