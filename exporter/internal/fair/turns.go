package fair

import (
	"context"
	"slices"
	"sync"
)

// Turns lets so many work at the same time, and clients take turns: whose turn
// it is goes round among those that wait, however many each of them is.
//
// It is for work that keeps a processor busy. More of it at once would not be
// done sooner, but would keep everybody else waiting for a processor.
type Turns struct {
	mu      sync.Mutex
	free    int
	waiting map[string][]chan struct{} // by client, in order of arrival
	order   []string                   // of the clients that wait
}

// NewTurns makes turns for so many at the same time.
func NewTurns(n int) *Turns {
	return &Turns{free: n, waiting: map[string][]chan struct{}{}}
}

// Wait returns nil when it is the caller's turn, which End ends, or why ctx has
// ended before.
func (t *Turns) Wait(ctx context.Context, client string) error {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	if len(t.waiting[client]) == 0 {
		t.order = append(t.order, client)
	}
	t.waiting[client] = append(t.waiting[client], turn)
	t.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	if !t.leave(client, turn) {
		t.End() // it was just given
	}
	return context.Cause(ctx)
}

// leave takes back a wish for a turn, unless it was fulfilled.
func (t *Turns) leave(client string, turn chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.waiting[client], turn)
	if i < 0 {
		return false
	}
	t.waiting[client] = slices.Delete(t.waiting[client], i, i+1)
	if len(t.waiting[client]) == 0 {
		delete(t.waiting, client)
		t.order = slices.DeleteFunc(t.order, func(c string) bool { return c == client })
	}
	return true
}

// End gives the turn to the next client.
func (t *Turns) End() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.order) == 0 {
		t.free++
		return
	}
	client := t.order[0]
	t.order = t.order[1:]
	queue := t.waiting[client]
	close(queue[0])
	if len(queue) == 1 {
		delete(t.waiting, client)
		return
	}
	t.waiting[client] = queue[1:]
	t.order = append(t.order, client)
}
