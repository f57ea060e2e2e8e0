package simulate

import "crypto/sha256"

// The experiment that every conversation is in. Both arms have the same weight.
const (
	Experiment = "greeting"
	Control    = "short"
	Treatment  = "warm"
)

// arm chooses the variant of a conversation. It depends on the id alone, so
// that whoever asks, and whenever, gets the same.
func arm(conversationID string) string {
	if sha256.Sum256([]byte(conversationID))[0]&1 == 0 {
		return Control
	}
	return Treatment
}
