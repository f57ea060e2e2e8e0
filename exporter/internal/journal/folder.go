package journal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	segmentSuffix    = ".log"
	checkpointSuffix = ".checkpoint"
	tempSuffix       = ".tmp" // behind the name the file will have
)

// folder is what a store's folder holds, each list in ascending order.
type folder struct {
	segments    []uint64 // by the number of their first frame
	checkpoints []uint64 // by the number of the last frame they cover
	temps       []string // files that never got their names
	foreign     []string
}

func segmentName(first uint64) string   { return fmt.Sprintf("%020d", first) + segmentSuffix }
func checkpointName(last uint64) string { return fmt.Sprintf("%020d", last) + checkpointSuffix }

func listFolder(fs FS) (folder, error) {
	names, err := fs.List()
	if err != nil {
		return folder{}, fmt.Errorf("listing the store's folder: %w", err)
	}
	var in folder
	for _, name := range names {
		final, temp := strings.CutSuffix(name, tempSuffix)
		segment, isSegment := numberOf(final, segmentSuffix)
		checkpoint, isCheckpoint := numberOf(final, checkpointSuffix)
		switch {
		case !isSegment && !isCheckpoint:
			in.foreign = append(in.foreign, name)
		case temp:
			in.temps = append(in.temps, name)
		case isSegment:
			in.segments = append(in.segments, segment)
		case isCheckpoint:
			in.checkpoints = append(in.checkpoints, checkpoint)
		}
	}
	slices.Sort(in.segments)
	slices.Sort(in.checkpoints)
	return in, nil
}

func numberOf(name, suffix string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, ok && err == nil && len(digits) == 20
}

// publish makes f, which was written as name.tmp, durable under its name.
func publish(fs FS, f File, name string) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := fs.Rename(name+tempSuffix, name); err != nil {
		return err
	}
	return fs.SyncDir()
}
