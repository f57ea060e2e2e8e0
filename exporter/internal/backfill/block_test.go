package backfill

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"pgregory.net/rapid"
)

func openTestBlock(t testing.TB, dir, id string) *tsdb.Block {
	t.Helper()
	b, err := tsdb.OpenBlock(nil, filepath.Join(dir, id), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever is put into a period is in its block, and read from either alike.
func TestBlockHoldsThePeriod(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		p := newPeriod(periodLength)
		want := samples{}
		for i := range rapid.IntRange(1, 5).Draw(r, "series") {
			l := labels.FromStrings(model.MetricNameLabel, rapid.SampledFrom([]string{"a", "b"}).Draw(r, "name"), "i", fmt.Sprint(i), "text", "é\"\\")
			s, at := p.add(l), p.first
			want[l.String()] = map[int64]float64{}
			for range rapid.IntRange(1, 3*chunkSamples).Draw(r, "samples") {
				v := rapid.Float64().Draw(r, "value")
				want[l.String()][at] = v
				if err := s.append(at, v); err != nil {
					r.Fatal(err)
				}
				p.last = max(p.last, at)
				at += 1000 * rapid.Int64Range(1, 300).Draw(r, "step")
			}
		}
		n++
		id, err := blockID(fmt.Sprint(n), p.from)
		if err == nil {
			err = writeBlock(context.Background(), dir, id, p)
		}
		if err != nil {
			r.Fatal(err)
		}
		b := openTestBlock(t, dir, id.String())
		defer b.Close()
		got := samples{}
		readBlock(t, b, ".+", got)
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("put in, read from the block (-/+):\n%s", diff)
		}
		if m := b.Meta(); m.MinTime != p.first || m.MaxTime != p.last+1 || m.Stats.NumSeries != uint64(len(want)) {
			r.Fatalf("got %+v", m)
		}
		in := samples{}
		for _, s := range p.sorted() {
			in[s.labels.String()] = map[int64]float64{}
			for it := s.Iterator(nil); it.Next() == chunkenc.ValFloat; {
				at, v := it.At()
				in[s.labels.String()][at] = v
			}
		}
		if diff := cmp.Diff(want, in); diff != "" {
			r.Fatalf("put in, read from the period (-/+):\n%s", diff)
		}
	})
}

func TestBlockIDs(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range []string{"a", "b"} {
		for _, from := range []int64{-periodLength, 0, periodLength} {
			id, err := blockID(key, from)
			again, _ := blockID(key, from)
			if err != nil || id != again || seen[id.String()] {
				t.Errorf("%s of %s %d, %s again, %v", id, key, from, again, err)
			}
			seen[id.String()] = true
		}
	}
}

func TestPeriodOf(t *testing.T) {
	for at, want := range map[int64]int64{0: 0, 1: 0, periodLength - 1: 0, periodLength: periodLength, -1: -periodLength, -periodLength: -periodLength} {
		if got := periodOf(at); got != want {
			t.Errorf("periodOf(%d) = %d, want %d", at, got, want)
		}
	}
}

// What a killed run left of a block is written over, and one that cannot be
// written leaves nothing that looks like a block.
func TestHalfABlock(t *testing.T) {
	dir := t.TempDir()
	id, _ := blockID("key", 0)
	half := filepath.Join(dir, id.String()+tempSuffix, "chunks")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "000001"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := filled(t, "in 1 2 3")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := writeBlock(ctx, dir, id, p); err == nil {
		t.Error("a canceled block is written")
	}
	if _, err := os.Stat(filepath.Join(dir, id.String())); err == nil {
		t.Error("a canceled block has its name")
	}
	if err := writeBlock(context.Background(), dir, id, p); err != nil {
		t.Fatal(err)
	}
	b := openTestBlock(t, dir, id.String())
	defer b.Close()
	got := samples{}
	readBlock(t, b, ".+", got)
	if want := (samples{`{__name__="in"}`: {0: 1, minute: 2, 2 * minute: 3}}); !cmp.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
