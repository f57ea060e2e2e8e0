package ingest

import (
	"io"
	"math"
	"net/http"
	"runtime"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/fair"
)

// admission is what all requests share, and what each client gets of it: memory,
// a place in the queue to the disk, and the processors.
type admission struct {
	bytes *fair.Budget // of bodies, from their first byte to their answer
	queue *fair.Budget // events that wait to be committed
	turns *fair.Turns  // to read large bodies; a processor is left for the rest
}

func newAdmission() admission {
	return admission{bytes: fair.NewBudget(0), queue: fair.NewBudget(0), turns: fair.NewTurns(max(1, runtime.GOMAXPROCS(0)-1))}
}

func (a *admission) configure(c config.Ingest) {
	a.bytes.SetLimit(int(c.MaxInflightBytes))
	a.queue.SetLimit(c.MaxQueueEvents)
}

// takeBytes makes room for n more bytes of the request. One that would not have
// half of all room for itself could come again for ever: it is too large.
func (d *desk) takeBytes(n int) error {
	all := d.admission.bytes
	if most := all.Limit() / 2; float64(d.bytes+n) > most {
		return refuse(http.StatusRequestEntityTooLarge, "too_large",
			"a request may take %.0f bytes, half of max_inflight_bytes, with its events and what is to be said about its errors; this one takes more", most)
	}
	if !all.Take(d.client, n) {
		return refuseFor(retryBusy, "inflight", "too much is being pushed: more than %.0f bytes, or this client's part of them, are in flight", all.Limit())
	}
	d.bytes += n
	return nil
}

// leave gives back what a request had, and its desk unless that grew large.
func (h *Handler) leave(d *desk) {
	bytes := d.bytes
	h.admission.bytes.Return(d.client, bytes)
	d.bytes, d.client = 0, ""
	if bytes <= maxKeptBytes {
		h.desks.Put(d)
	}
}

// quantum is how much of the bytes in flight a body takes at once, so as not to
// ask for every read.
const quantum = 64 << 10

// metered reads what the request has room for.
type metered struct {
	in   io.Reader
	desk *desk
	room int // bytes taken and not read yet
	left int // bytes that may still be taken: the body has no more
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	if m.room -= n; m.room < 0 {
		more := max(-m.room, min(quantum, m.left))
		if refused := m.desk.takeBytes(more); refused != nil {
			return 0, refused
		}
		m.room += more
		m.left -= more
	}
	return n, err
}

// enqueue gives the request's events places in the queue, if the rate allows. They
// are to be returned when the events are committed.
func (h *Handler) enqueue(d *desk, events int, rate *fair.Rate) error {
	if !h.admission.queue.Take(d.client, events) {
		return refuseFor(retryBusy, "queue", "too many events are waiting to be committed")
	}
	if rate == nil {
		return nil
	}
	if wait := rate.Take(d.client, events, h.now()); wait > 0 {
		h.admission.queue.Return(d.client, events)
		return refuseFor(int(math.Ceil(wait.Seconds())), "rate", "more than %v events a second", rate.PerSecond())
	}
	return nil
}
