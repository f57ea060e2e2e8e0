package conversation

import (
	"bytes"
	"testing"
)

// Hashes of conversations and customers are a function of the store's secret:
// who does not have it can neither aim at a collision nor compare two stores.
func TestHashesAreKeyed(t *testing.T) {
	ours, others := make([]byte, SecretBytes), bytes.Repeat([]byte{1}, SecretBytes)
	a, again, b := New(ours, 0, Settings{}), New(ours, 0, Settings{}), New(others, 0, Settings{})
	for _, id := range []string{"c", "c-1", "customer-4711"} {
		if a.key(id) != again.key(id) {
			t.Errorf("%s: one secret gives two hashes", id)
		}
		if x, y := a.key(id), b.key(id); x == y || x[0] == y[0] || x[1] == y[1] {
			t.Errorf("%s: two secrets give the key %x", id, x)
		}
		if CustomerHash(ours, id) == CustomerHash(others, id) {
			t.Errorf("%s: two secrets give one hash of a customer", id)
		}
	}
}
