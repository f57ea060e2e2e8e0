package event

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// result is one call of yield: an event of which the test may keep all, or why
// there is none.
type result struct {
	Event Event
	Err   string
}

// decode reads a body whole with a Decoder of its own.
func decode(t *testing.T, body string, f Format) ([]result, error) {
	t.Helper()
	var d Decoder
	return decodeWith(t, &d, body, f)
}

func decodeWith(t *testing.T, d *Decoder, body string, f Format) ([]result, error) {
	t.Helper()
	var results []result
	err := d.Decode([]byte(body), f, func(index int, e *Event, err error) bool {
		if index != len(results) {
			t.Errorf("event %d was yielded as %d", len(results), index)
		}
		if err != nil {
			if _, ok := err.(*FieldError); !ok {
				t.Errorf("event %d: error is a %T, want a *FieldError", index, err)
			}
			results = append(results, result{Err: err.Error()})
			return true
		}
		results = append(results, result{Event: clone(e)})
		return true
	})
	return results, err
}

// clone copies an event with all that it points to.
func clone(e *Event) Event {
	c := *e
	for _, s := range []*string{
		&c.ConversationID, &c.ID, &c.CustomerID, &c.Intent, &c.Tier, &c.Language, &c.Experiment, &c.Variant, &c.Reason,
	} {
		*s = strings.Clone(*s)
	}
	for _, m := range []*Money{&c.Cost, &c.CostDelta} {
		m.Detail = slices.Clone(m.Detail)
		for i := range m.Detail {
			m.Detail[i].Name = strings.Clone(m.Detail[i].Name)
		}
	}
	return c
}

// diff compares two values that hold events; no detail is an empty detail.
func diff(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// event makes an Event of episode 1 and no seconds, which set completes.
func event(set func(*Event)) Event {
	var e Event
	e.Reset()
	set(&e)
	return e
}

func TestResetKeepsMemory(t *testing.T) {
	e := Event{ConversationID: "c", Facts: CSAT, Cost: Money{USD: 1, Detail: make([]Component, 1, 8)}}
	e.Reset()
	if d := diff(event(func(*Event) {}), e); d != "" {
		t.Errorf("not an empty event (-want +got):\n%s", d)
	}
	if cap(e.Cost.Detail) != 8 {
		t.Errorf("capacity of the detail is %d, want 8", cap(e.Cost.Detail))
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&FieldError{Field: "csat", Message: "required"}, "csat: required"},
		{&FieldError{Message: "must be an object, got null"}, "must be an object, got null"},
		{&SyntaxError{Offset: 7, Message: "not JSON: no"}, "not JSON: no at offset 7"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
