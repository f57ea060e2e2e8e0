package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// kill ends the exporter that the clients push to; now and then it lets it
// stop, for the next one to start from a checkpoint.
func (k *killer) kill() {
	e := k.traffic.target.Load()
	moment, share := k.rng.IntN(16), k.rng.Float64()
	k.sleep(150 * time.Millisecond) // of load
	at := "under load"
	switch {
	case moment == 0:
		e.stop()
		e.end()
		k.stops++
		return
	case moment < 7:
	case moment < 9:
		at = "while stopping"
		e.signal(syscall.SIGTERM)
		time.Sleep(part(share, 10*time.Millisecond))
	case moment < 12:
		at = "while stopping"
		e.signal(syscall.SIGTERM)
		k.awaitWriting(e, true)
		time.Sleep(part(share, 5*time.Millisecond))
	default:
		ballast := k.fill(e)
		defer ballast.Wait()
		defer e.kill() // if no checkpoint comes; or that would be for ever
		k.awaitWriting(e, true)
		if moment == 15 {
			k.awaitWriting(e, false)
			share /= 10
		}
		time.Sleep(part(share*share, 20*time.Millisecond))
	}
	e.end()
	k.count(at + k.checkpointing())
}

// checkpointing says what the files tell of a checkpoint that was under way.
func (k *killer) checkpointing() string {
	if len(glob(k.t, k.store, "*.checkpoint.tmp")) > 0 {
		return ", writing a checkpoint"
	}
	before := k.newest
	if k.look(); k.newest == before {
		return ""
	}
	for _, path := range append(glob(k.t, k.store, "*.log"), glob(k.t, k.store, "*.checkpoint")...) {
		if number(path) <= number(k.newest) && path != k.newest {
			return ", removing what a checkpoint covers"
		}
	}
	return ""
}

// look finds the newest checkpoint of the store.
func (k *killer) look() {
	all := glob(k.t, k.store, "*.checkpoint") // the numbers are of one length, so the last is the newest
	if len(all) > 0 && all[len(all)-1] != k.newest {
		k.newest = all[len(all)-1]
		k.checkpoints++
	}
}

// number is the number in the name of a file of the store.
func number(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}

// killStarting launches an exporter that the clients push to as soon as it
// listens, and kills it before it is ready, or soon after.
func (k *killer) killStarting() {
	share := k.rng.Float64()
	e := launchExporter(k.t, k.store)
	over := time.After(part(share, 2*k.startup))
	select {
	case <-over:
	case <-e.output.listening:
		k.traffic.release(e)
		<-over
	}
	e.end()
	k.traffic.hold()
	at := "while starting"
	if strings.Contains(e.output.String(), "Ledger recovered.") {
		at = "just started"
	}
	k.count(at)
}

func (k *killer) sleep(most time.Duration) { time.Sleep(part(k.rng.Float64(), most)) }

func part(share float64, of time.Duration) time.Duration { return time.Duration(share * float64(of)) }

// awaitWriting waits until a checkpoint is being written, or none any more.
func (k *killer) awaitWriting(e *exporter, writing bool) {
	k.t.Helper()
	for deadline := time.Now().Add(patience); !e.hasExited(); time.Sleep(50 * time.Microsecond) {
		if writing == (len(glob(k.t, k.store, "*.checkpoint.tmp")) > 0) {
			return
		}
		if time.Now().After(deadline) {
			k.t.Fatalf("not within %v: a checkpoint is being written: %t", patience, writing)
		}
	}
}

// load has the ballast counted: conversations that are opened, with ids as long
// as they may be. They fill the log, which grows by whatever is sent, also
// by what is sent again, until there is a checkpoint.
func (k *killer) load() {
	const events = 10_000
	var all []scriptedEvent
	for i := range events {
		all = append(all, scriptedEvent{line: fmt.Sprintf(`{"conversation_id": "%0255d", "id": "%0128d"}`, i, i)})
	}
	k.ballast = newBatch(all)
	k.ballast.effects = []effect{{openSeries, events}}
	unlabelled := script{labels: []string{"intent", "unknown", "language", "unknown", "tier", "unknown"}}
	abandoned := unlabelled.count("support_conversations_total", "outcome", "abandoned")
	k.traffic.idle.add([]effect{{openSeries, -events}, {abandoned.series, events}})
	k.traffic.deliver(-1, k.ballast, time.Now())
}

// fill sends the ballast again and again, beside the traffic, until the exporter
// ends: the log reaches the length at which a checkpoint is written.
func (k *killer) fill(e *exporter) *sync.WaitGroup {
	var clients sync.WaitGroup
	for range 2 {
		clients.Go(func() {
			for {
				a, err := e.tryPush(k.ballast.body)
				if err != nil || a.status == http.StatusServiceUnavailable {
					return
				}
				if a.status != http.StatusOK || a.Duplicates != k.ballast.events {
					k.t.Errorf("the ballast again: %s", a.counts())
				}
			}
		})
	}
	return &clients
}
