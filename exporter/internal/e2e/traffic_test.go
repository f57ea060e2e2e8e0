package e2e

import (
	"math/rand/v2"
	"net/http"
	"testing"
)

// wantBetween checks that all is counted that was acknowledged, and nothing that
// was not sent.
func (f *traffic) wantBetween(t *testing.T, e *exporter) {
	t.Helper()
	least := f.acked.series()
	got := e.metrics().counted()
	most := f.sent.series()
	for name, v := range got {
		if v < least[name] || v > most[name] {
			t.Errorf("%s: got %v after a restart, want %v to %v", name, v, least[name], most[name])
		}
		delete(least, name)
	}
	for name, v := range least {
		t.Errorf("%s: missing after a restart, want at least %v", name, v)
	}
}

// resend pushes some batches again that were acknowledged before, in no order.
func (f *traffic) resend(t *testing.T, e *exporter, rng *rand.Rand, n int) {
	t.Helper()
	batches := f.acknowledged()
	for _, i := range rng.Perm(len(batches))[:min(n, len(batches))] {
		a := e.push(string(batches[i]))
		if a.status != http.StatusOK || a.Accepted > 0 {
			t.Errorf("resending a batch: %s, want duplicates only:\n%s", a.counts(), batches[i])
		}
	}
}
