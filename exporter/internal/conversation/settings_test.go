package conversation_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
)

// declare gives settings with experiments that have two variants, one of which
// has a weight of 1.
func declare(experiments ...config.Experiment) conversation.Settings {
	s := settings()
	s.Experiments = experiments
	return s
}

func split(name string, weight float64) config.Experiment {
	return config.Experiment{Name: name, Variants: []config.Variant{{Name: "a", Weight: 1}, {Name: "b", Weight: weight}}}
}

// A declaration is frozen when its experiment starts, and taking it out of the
// file does not thaw it.
func TestDeclarationsAreFrozen(t *testing.T) {
	now := time.UnixMilli(start)
	future := split("x", 1)
	future.Start = now.Add(time.Hour)
	follow := func(before, next conversation.Settings, at time.Time) conversation.Settings {
		t.Helper()
		got, err := next.Following(before, at)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	refused := func(before, next conversation.Settings, at time.Time) {
		t.Helper()
		const want = `experiments: "x" has started and keeps what was declared, because its counts cannot be split again: weight of variant "b" was 1, got 3`
		if _, err := next.Following(before, at); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	first := follow(settings(), declare(split("x", 1)), now)
	if got := first.Experiments[0].Start; !got.Equal(now) {
		t.Errorf("an experiment without a start begins at %s, declared at %s", got, now)
	}
	if again := follow(first, declare(split("x", 1)), now.Add(time.Hour)); !cmp.Equal(first, again) {
		t.Error(cmp.Diff(first, again))
	}
	refused(first, declare(split("x", 3)), now)
	withdrawn := follow(first, declare(split("y", 5)), now.Add(time.Minute))
	refused(withdrawn, declare(split("x", 3)), now.Add(time.Hour))
	refused(follow(withdrawn, settings(), now.Add(time.Hour)), declare(split("x", 3)), now.Add(2*time.Hour))
	if back := follow(withdrawn, declare(split("x", 1)), now.Add(time.Hour)); !cmp.Equal(back.Experiments, first.Experiments) {
		t.Error(cmp.Diff(back.Experiments, first.Experiments))
	}

	planned := follow(settings(), declare(future), now)
	changed := split("x", 3)
	changed.Start = future.Start
	follow(planned, declare(changed), future.Start.Add(-1))
	refused(planned, declare(changed), future.Start)
	if gone := follow(planned, settings(), now); len(gone.Withdrawn) > 0 {
		t.Errorf("an experiment that never started is remembered: %v", gone.Withdrawn)
	}
}

// Whatever is declared in whatever order, with time going by and restarts
// between: an experiment that has started has the weights that it started with.
func TestDeclarationsStayFrozen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.UnixMilli(start)
		in := settings()
		started := map[string]float64{}
		for range rapid.IntRange(1, 20).Draw(t, "reloads") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "hours")) * time.Hour)
			var next []config.Experiment
			for _, name := range []string{"x", "y"} {
				if rapid.Bool().Draw(t, name) {
					x := split(name, float64(rapid.IntRange(1, 3).Draw(t, "weight")))
					if rapid.Bool().Draw(t, "starts later") {
						x.Start = time.UnixMilli(start).Add(5 * time.Hour)
					}
					next = append(next, x)
				}
			}
			if set, err := declare(next...).Following(in, now); err == nil {
				in = stored(t, set)
			}
			for _, x := range in.Experiments {
				if !x.Started(now) {
					continue
				}
				weight := x.Variants[1].Weight
				if was, known := started[x.Name]; known && was != weight {
					t.Fatalf("%s started with weight %v and has %v", x.Name, was, weight)
				}
				started[x.Name] = weight
			}
		}
	})
}

// stored gives settings as they come back from the store.
func stored(t *rapid.T, s conversation.Settings) (back conversation.Settings) {
	b, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(b, &back)
	}
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// Conversations join a declared experiment while it runs; who has joined goes
// on counting after its end. One whose declaration is gone is still over.
func TestJoiningAnExperiment(t *testing.T) {
	x := split("x", 1)
	x.Start = time.UnixMilli(start).Add(time.Hour)
	x.End = x.Start.Add(time.Hour)
	declared, withdrawn := declare(x), settings()
	withdrawn.Withdrawn = declared.Experiments
	for _, set := range []conversation.Settings{declared, withdrawn} {
		s := conversation.New(bytes.Repeat([]byte{7}, conversation.SecretBytes), start, set)
		say := func(conversation string, facts event.Fact, at time.Time) {
			e := ev(facts, arm("x", "b"), csat(4)).event
			e.ConversationID = conversation
			s = restarted(t, s)
			s.Advance(at.UnixMilli())
			if !s.Apply(&e) {
				t.Errorf("%s at %s is a duplicate", conversation, at)
			}
		}
		say("early", 0, x.Start.Add(-time.Millisecond))
		if got := ignored(s); !cmp.Equal(got, []string{"experiment not_running 1"}) {
			t.Errorf("ignored %v", got)
		}
		say("first", 0, x.Start)
		say("last", 0, x.End.Add(-time.Millisecond))
		say("late", event.CSAT, x.End)
		if got := ignored(s); !cmp.Equal(got, []string{"experiment not_running 1"}) {
			t.Errorf("ignored %v", got)
		}
		say("last", event.CSAT, x.End.Add(time.Minute))
		want := []string{
			"support_experiment_assigned_total{experiment=x,variant=b} 2",
			"support_experiment_conversations_total{experiment=x,outcome=abandoned,variant=b} 1", // the first, gone idle
			"support_experiment_values_squares_total{experiment=x,kpi=csat,variant=b} 16",
			"support_experiment_values_sum_total{experiment=x,kpi=csat,variant=b} 4",
			"support_experiment_values_total{experiment=x,kpi=csat,variant=b} 1",
		}
		if diff := cmp.Diff(want, raw(t, s, []string{"support_experiment"})); diff != "" {
			t.Error(diff)
		}
	}
}

// Declared arms leave the others their room.
func TestRoomForUndeclaredArms(t *testing.T) {
	c := config.Default()
	c.Experiments, c.MaxExperimentArms = []config.Experiment{split("x", 1), split("y", 1)}, 1
	s := conversation.New(bytes.Repeat([]byte{7}, conversation.SecretBytes), start, conversation.Configured(c))
	for i, name := range []string{"x", "free", "other"} {
		e := ev(0, arm(name, "b")).event
		e.ConversationID = fmt.Sprint(i)
		s.Advance(start)
		s.Apply(&e)
	}
	want := []string{
		"support_experiment_assigned_total{experiment=free,variant=b} 1",
		"support_experiment_assigned_total{experiment=x,variant=b} 1",
	}
	if diff := cmp.Diff(want, raw(t, s, []string{"support_experiment"})); diff != "" {
		t.Error(diff)
	}
	if got := ignored(s); !cmp.Equal(got, []string{"experiment limit 1"}) {
		t.Errorf("ignored %v", got)
	}
}
