package e2e

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// settle checks, while the clients are held, that an exporter counts what was
// acknowledged and, of what was not, whole batches: those that are duplicates
// when they are sent again, as all pending ones are. Then it counts every batch
// that was ever sent, once. All series are compared, to the last digit.
// It returns how many were too low and too high.
func (f *traffic) settle(t *testing.T, e *exporter) (low, high int) {
	t.Helper()
	found := e.metrics().counts()
	var lost []*batch
	var answers []answer
	for _, b := range f.unanswered() {
		a := e.push(string(b.body))
		if a.Duplicates > 0 {
			f.answered(b, a)
			continue
		}
		lost, answers = append(lost, b), append(answers, a)
	}
	want := f.acked.series()
	wantSeries(t, "as it is found", found, want)
	low, high = found.differing(want)
	for i, b := range lost {
		f.answered(b, answers[i])
	}
	found, want = e.metrics().counts(), f.acked.series()
	wantSeries(t, "when all is sent again", found, want)
	for _, err := range f.errs {
		t.Error(err)
	}
	moreLow, moreHigh := found.differing(want)
	return low + moreLow, high + moreHigh
}

// awaitIdle waits until all conversations have gone idle, which is the truth
// from then on. If it is not within patience, the next comparison tells what differs.
func (f *traffic) awaitIdle(e *exporter) {
	f.acked.merge(f.idle)
	want := f.acked.series()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if maps.Equal(e.metrics().counts(), want) {
			return
		}
	}
}

// resend pushes some batches again that were acknowledged before, in no order.
func (f *traffic) resend(t *testing.T, e *exporter, rng *rand.Rand, n int) {
	t.Helper()
	batches := f.acknowledged()
	order := rng.Perm(len(batches))[:min(n, len(batches))]
	var clients errgroup.Group
	var next atomic.Int64
	for range 4 {
		clients.Go(func() error {
			for i := next.Add(1); i <= int64(len(order)); i = next.Add(1) {
				body := batches[order[i-1]]
				a, err := e.tryPush(body)
				if err != nil {
					return err
				}
				if a.status != http.StatusOK || a.Accepted > 0 {
					t.Errorf("resending a batch: %s, want duplicates only:\n%s", a.counts(), body)
				}
			}
			return nil
		})
	}
	if err := clients.Wait(); err != nil {
		t.Fatal(err)
	}
}
