package backfill

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/fileutil"
	"github.com/prometheus/prometheus/tsdb/index"
)

const tempSuffix = ".tmp" // of a block that is not whole yet

// blockID names the block of a period. The same backfill gives the same names,
// so that a second run of it finds what the first one wrote.
func blockID(key string, from int64) (ulid.ULID, error) {
	var id ulid.ULID
	if err := id.SetTime(uint64(max(0, from+periodLength))); err != nil {
		return id, fmt.Errorf("naming the block of period %d: %w", from, err)
	}
	sum := sha256.Sum256([]byte(key + strconv.FormatInt(from, 10)))
	return id, id.SetEntropy(sum[:10])
}

// writeBlock writes a period as a block below dir, which gets its name when it
// is whole and synced.
//
// A tsdb.BlockWriter would take the samples through Prometheus's head, which is
// made for many writers and for samples in any order. Here they are compressed
// already, and only have to be laid out.
func writeBlock(ctx context.Context, dir string, id ulid.ULID, p *period) error {
	final := filepath.Join(dir, id.String())
	temp := final + tempSuffix
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	if err := os.MkdirAll(temp, 0o777); err != nil {
		return err
	}
	all := p.sorted()
	stats, err := writeSeries(ctx, temp, all)
	if err == nil {
		err = writeMeta(filepath.Join(temp, "meta.json"), &tsdb.BlockMeta{
			ULID:       id,
			MinTime:    p.first,
			MaxTime:    p.last + 1, // half-open
			Stats:      stats,
			Compaction: tsdb.BlockMetaCompaction{Level: 1, Sources: []ulid.ULID{id}},
			Version:    1,
		})
	}
	if err == nil {
		err = fileutil.Replace(temp, final)
	}
	if err != nil {
		return fmt.Errorf("writing block %s: %w", final, err)
	}
	return nil
}

// writeSeries writes the block's chunks and its index.
func writeSeries(ctx context.Context, dir string, all []*series) (stats tsdb.BlockStats, err error) {
	cw, err := chunks.NewWriter(filepath.Join(dir, "chunks"))
	if err != nil {
		return stats, err
	}
	defer func() { err = errors.Join(err, cw.Close()) }()
	iw, err := index.NewWriter(ctx, filepath.Join(dir, "index"))
	if err != nil {
		return stats, err
	}
	defer func() { err = errors.Join(err, iw.Close()) }()
	for _, symbol := range symbols(all) {
		if err := iw.AddSymbol(symbol); err != nil {
			return stats, err
		}
	}
	for i, s := range all {
		if err := ctx.Err(); err != nil {
			return stats, err
		}
		if err := cw.WriteChunks(s.chunks...); err != nil {
			return stats, err
		}
		if err := iw.AddSeries(storage.SeriesRef(i), s.labels, s.chunks...); err != nil {
			return stats, err
		}
		stats.NumSeries++
		stats.NumChunks += uint64(len(s.chunks))
		for _, c := range s.chunks {
			stats.NumSamples += uint64(c.Chunk.NumSamples())
		}
	}
	stats.NumFloatSamples = stats.NumSamples
	return stats, nil
}

// symbols gives all names and values of labels, sorted.
func symbols(all []*series) []string {
	seen := map[string]struct{}{}
	for _, s := range all {
		s.labels.Range(func(l labels.Label) {
			seen[l.Name], seen[l.Value] = struct{}{}, struct{}{}
		})
	}
	return slices.Sorted(maps.Keys(seen))
}

func writeMeta(path string, meta *tsdb.BlockMeta) error {
	b, err := json.MarshalIndent(meta, "", "\t")
	if err != nil {
		return err
	}
	return writeSynced(path, b)
}

// writeSynced puts content where it is durable, in the place of what was there.
func writeSynced(path string, content []byte) error {
	temp := path + tempSuffix
	f, err := os.Create(temp)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return fileutil.Replace(temp, path)
}
