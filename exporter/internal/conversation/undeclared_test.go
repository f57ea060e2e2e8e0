package conversation_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
)

// Arms that nobody declared, in order; those of an experiment that was declared
// once are not among them.
func TestUndeclaredArms(t *testing.T) {
	set := declare(split("declared", 1))
	set.Withdrawn = []config.Experiment{split("withdrawn", 1)}
	s := conversation.New(make([]byte, conversation.SecretBytes), start, set)
	for i, arm := range []conversation.Arm{{"z", "b"}, {"declared", "a"}, {"withdrawn", "a"}, {"y", "b"}, {"z", "a"}} {
		s.Apply(&event.Event{ConversationID: string(rune('a' + i)), Experiment: arm.Experiment, Variant: arm.Variant})
	}
	want := []conversation.Arm{{"y", "b"}, {"z", "a"}, {"z", "b"}}
	if diff := cmp.Diff(want, s.Undeclared()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
