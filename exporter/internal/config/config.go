// Package config reads the exporter's YAML file.
//
// A file holds only what it wants to change: whatever it leaves out keeps the
// value of Default, so an empty file is a valid one. Everything else is
// refused: an unknown or repeated field, a value of the wrong type, an empty
// value, a second document. All problems of a file are reported at once, each
// with its line, its field and what was got.
//
// A Config is never changed once it was read: a reload reads a new one.
package config

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"supportexporter/exporter/internal/token"
)

// Config is the whole configuration. Every field is within its limits.
type Config struct {
	IdleTimeout       time.Duration // silence after which a conversation is idle
	Retention         time.Duration // how long a conversation is remembered; more than IdleTimeout
	Labels            Labels
	Buckets           Buckets
	Exemplars         bool // conversation ids on CSAT 1 and 2, escalations and histograms
	Ingest            Ingest
	Experiments       []Experiment // names are distinct
	MaxExperimentArms int          // arms of experiments that are not declared here
}

// Labels says which pushed values become label values.
type Labels struct {
	Intent    Label
	Tier      Label
	Language  Language
	Reason    Label // of escalations
	Component Label // of costs
	MaxSeries int   // budget for all exposed time series together
}

// Label bounds the values of one label.
type Label struct {
	Allow     []string // as written, at most MaxValues; none: any value
	MaxValues int      // distinct values, besides "unknown" and "other"
}

// Language bounds the values of the label language.
type Language struct {
	Label      // Allow holds BCP 47 tags
	Base  bool // reduce a tag to its base language: pt-BR to pt
}

// Buckets are the upper bounds of the classic histograms: ascending, finite
// and more than 0; +Inf is implied. A store keeps those it was created with.
type Buckets struct {
	ResolutionSeconds []float64
	Turns             []float64
	CostUSD           []float64
}

// Ingest limits what is pushed, and by whom.
type Ingest struct {
	MaxBodyBytes     int64   // of one request, decompressed
	MaxBatchEvents   int     // of one request
	MaxInflightBytes int64   // of all requests that are being dealt with; at least twice MaxBodyBytes
	MaxQueueEvents   int     // of all requests, not yet committed; at least MaxBatchEvents
	EventsPerSecond  float64 // 0: no limit; the burst is MaxBatchEvents, so that any batch can pass
	TokensFile       string  // who may push; "": anybody
}

// Default is the configuration of an empty file, and the only home of the
// defaults. The caller owns what it gets.
func Default() *Config {
	return &Config{
		IdleTimeout: 30 * time.Minute,
		Retention:   30 * day,
		Labels: Labels{
			Intent:    Label{MaxValues: 100},
			Tier:      Label{MaxValues: 20},
			Language:  Language{Label: Label{MaxValues: 50}, Base: true},
			Reason:    Label{MaxValues: 50},
			Component: Label{MaxValues: 20},
			MaxSeries: 200_000,
		},
		Buckets: Buckets{
			ResolutionSeconds: []float64{
				15, 30, 60, 90, 120, 180, 240, 300, 480, 600, 720, 900,
				1200, 1800, 3600, 7200, 14400, 28800, 86400,
			},
			Turns: []float64{1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30},
			CostUSD: []float64{
				0.005, 0.01, 0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3,
				0.4, 0.5, 0.75, 1, 2, 5, 8, 10, 12, 20,
			},
		},
		Exemplars: true,
		Ingest: Ingest{
			MaxBodyBytes:     16 << 20,
			MaxInflightBytes: 64 << 20,
			MaxBatchEvents:   10_000,
			MaxQueueEvents:   100_000,
		},
		MaxExperimentArms: 100,
	}
}

// Load reads the file at path; "" stands for an empty file.
func Load(path string) (*Config, error) {
	if path == "" {
		return Default(), nil
	}
	b, err := read(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, b)
}

// Check finds all that keeps an exporter from starting with the file at path: in
// it, and in the tokens file that it names. "" stands for an empty file.
//
// The error joins one error for each problem, each with the field it is about.
func Check(path string) error {
	if path == "" {
		return nil
	}
	b, err := read(path)
	if err != nil {
		return err
	}
	c, d := parse(path, b)
	if f := c.Ingest.TokensFile; f != "" {
		_, err := token.Load(f)
		d.failEach("ingest.tokens_file", err)
	}
	return d.err()
}

func read(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	return b, nil
}

// Parse reads the content of the file at path. The path heads every error, and
// its folder is what a relative ingest.tokens_file is relative to; nothing is
// opened.
//
// The error joins one error for each problem, in the order of their lines.
func Parse(path string, content []byte) (*Config, error) {
	c, d := parse(path, content)
	if err := d.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// parse gives what could be read, beside the problems of what could not.
func parse(path string, content []byte) (*Config, *document) {
	c := Default()
	d := newDocument(path)
	d.read(content, d.config(c))
	if f := c.Ingest.TokensFile; f != "" && !filepath.IsAbs(f) {
		c.Ingest.TokensFile = filepath.Join(filepath.Dir(path), f)
	}
	return c, d
}
