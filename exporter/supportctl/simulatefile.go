package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-json-experiment/json"

	"supportexporter/exporter/internal/simulate"
)

// writeHistory writes the events before end to a file, one a line, and tells
// how many: on stderr where stdout is the file.
func writeHistory(ctx context.Context, env *environment, name string, src *simulate.Source, end time.Time) error {
	if name == "-" || name == stdinName {
		n, err := writeEvents(ctx, env.stdout, src, end)
		fmt.Fprintln(env.stderr, count(n, "event"))
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	n, err := writeEvents(ctx, file, src, end)
	if closing := file.Close(); err == nil {
		err = closing
	}
	fmt.Fprintln(env.stdout, count(n, "event"))
	return err
}

// writeEvents returns how many it has written.
func writeEvents(ctx context.Context, w io.Writer, src *simulate.Source, end time.Time) (n int, err error) {
	out := bufio.NewWriterSize(w, 64<<10)
	for ; ctx.Err() == nil; n++ {
		at, e := src.Next()
		if !at.Before(end) {
			return n, out.Flush()
		}
		line, err := json.Marshal(&e, json.Deterministic(true))
		if err != nil {
			return n, fmt.Errorf("event of conversation %q: %w", e.ConversationID, err)
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return n, err
		}
	}
	if err := out.Flush(); err != nil {
		return n, err
	}
	return n, fmt.Errorf("history is not complete: %w", context.Cause(ctx))
}
