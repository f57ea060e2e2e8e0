package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"supportexporter/exporter/internal/backfill"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/simulate"
)

// simulated gives events up to the last step before now.
func (f *backfillFlags) simulated(now time.Time) (backfill.Source, error) {
	end := now.Truncate(f.step)
	start := end.Add(-time.Duration(f.duration))
	src, err := simulate.New(simulate.Options{
		Seed: f.seed, Start: start, PerDay: f.perDay, Scenario: simulate.Scenario(f.simulate),
	})
	if err != nil {
		return backfill.Source{}, err
	}
	return backfill.Source{
		End:  end,
		Done: func(at time.Time) float64 { return at.Sub(start).Seconds() / end.Sub(start).Seconds() },
		Events: func(yield func(time.Time, *event.Event) error) error {
			var decoder event.Decoder
			for {
				at, e := src.Next()
				if !at.Before(end) {
					return nil
				}
				raw, err := json.Marshal(&e)
				if err != nil {
					return fmt.Errorf("simulated event of %s: %w", at, err)
				}
				if err := decodeOne(&decoder, raw, func(e *event.Event, err error) error {
					if err != nil {
						return fmt.Errorf("simulated event of %s: %w", at, err)
					}
					return yield(at, e)
				}); err != nil {
					return err
				}
			}
		},
	}, nil
}

// decodeOne calls f with the event of a line, or with what is wrong with it,
// and returns what f returns. What f is given is good until it returns.
func decodeOne(d *event.Decoder, raw []byte, f func(*event.Event, error) error) error {
	var result error
	err := d.Decode(raw, event.NDJSON, func(_ int, e *event.Event, err error) bool {
		result = f(e, err)
		return result == nil
	})
	if err != nil && result == nil {
		result = f(nil, err)
	}
	return result
}

// eventReader reads files of events for a backfill.
type eventReader struct {
	env       *environment
	files     []string
	problems  io.Writer
	maxErrors int
	rejected  int
}

// source gives the events of the files. What is wrong with an event is told and
// counted; that one is out of order ends it all.
func (r *eventReader) source(now time.Time) (backfill.Source, error) {
	total, err := totalSize(r.files)
	if err != nil {
		return backfill.Source{}, err
	}
	read := 0
	return backfill.Source{
		Done: func(time.Time) float64 {
			if total <= 0 {
				return 0
			}
			return min(1, float64(read)/float64(total))
		},
		Events: func(yield func(time.Time, *event.Event) error) error {
			for _, name := range r.files {
				if err := r.file(name, now, func(n int) { read += n }, yield); err != nil {
					return err
				}
			}
			if more := r.rejected - r.maxErrors; more > 0 {
				fmt.Fprintf(r.problems, "… and %d more\n", more)
			}
			return nil
		},
	}, nil
}

func (r *eventReader) file(name string, now time.Time, observe func(int), yield func(time.Time, *event.Event) error) error {
	var decoder event.Decoder
	return readFile(r.env, name, observe, func(line int, raw []byte) error {
		at := position{name, line}
		return decodeOne(&decoder, raw, func(e *event.Event, err error) error {
			switch {
			case err != nil:
			case e.Time.IsZero():
				err = fmt.Errorf("time: is required in a backfill")
			case e.Time.After(now):
				err = fmt.Errorf("time: must not be in the future, got %s", e.Time.Format(time.RFC3339Nano))
			}
			if err != nil {
				r.reject(at, err)
				return nil
			}
			if err := yield(e.Time, e); err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			return nil
		})
	})
}

func (r *eventReader) reject(at position, err error) {
	if r.rejected++; r.rejected <= r.maxErrors {
		fmt.Fprintf(r.problems, "%s: %v\n", at, err)
	}
}
