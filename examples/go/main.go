// Command go pushes the conversations of files with the project's own client.
//
//	go run ./examples/go examples/events/conversations50.ndjson
//
// An agent does the same with what it knows: one client for the whole process,
// Enqueue wherever something happened, Close at the end. Enqueue never blocks;
// batches, retries and ids are the client's business.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"supportexporter/exporter/client"
)

func main() {
	// On SIGTERM no more is read, but what is queued is still delivered.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, slog.Default()); err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}

// run pushes the files and writes what became of their events. It fails if any
// event was not counted.
func run(ctx context.Context, paths []string, stdout io.Writer, log *slog.Logger) error {
	c, err := client.New(client.Options{ // URL: $SUPPORT_EXPORTER_URL, or http://127.0.0.1:10877
		Token:  os.Getenv("SUPPORT_EXPORTER_TOKEN"),
		Logger: log,
		OnReject: func(e client.Event, err error) {
			log.Warn("event not counted", "conversation", e.ConversationID, "err", err)
		},
	})
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err = push(ctx, c, path); err != nil {
			break
		}
	}
	// What is queued is worth a minute, whatever ended the reading.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	err = errors.Join(err, c.Close(closing))
	s := c.Stats()
	fmt.Fprintf(stdout, "%d accepted, %d duplicates, %d rejected, %d dropped\n", s.Accepted, s.Duplicates, s.Rejected, s.Dropped)
	if err == nil && s.Rejected > 0 {
		err = fmt.Errorf("%d events rejected", s.Rejected)
	}
	return err
}

// push enqueues the events of a file, one JSON object a line.
func push(ctx context.Context, c *client.Client, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var e client.Event
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.DisallowUnknownFields() // what the client has no field for would be lost
		if err := decoder.Decode(&e); err != nil {
			return fmt.Errorf("%s line %d: %w", path, n, err)
		}
		if err := enqueue(ctx, c, e); err != nil {
			return fmt.Errorf("%s line %d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// enqueue waits for room, since a file can wait. An agent would not: it logs
// ErrQueueFull and goes on.
func enqueue(ctx context.Context, c *client.Client, e client.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := c.Enqueue(e)
	if !errors.Is(err, client.ErrQueueFull) {
		return err
	}
	if err := c.Flush(ctx); err != nil {
		return err
	}
	return c.Enqueue(e)
}
