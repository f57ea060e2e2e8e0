package event

import (
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestAppendGolden pins the bytes of the journal: a program must read what an
// older one wrote, so a change here is a change of the format.
func TestAppendGolden(t *testing.T) {
	const golden = "testdata/journal.golden"
	body, err := os.ReadFile("testdata/events.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var (
		d   Decoder
		got strings.Builder
	)
	if err := d.Decode(body, NDJSON, func(index int, e *Event, err error) bool {
		if err != nil {
			t.Fatalf("event %d: %v", index, err)
		}
		if e.CustomerID != "" {
			e.Customer = 0x0123456789abcdef
		}
		b := Append(nil, e)
		fmt.Fprintf(&got, "%s, %d bytes\n%s", e.ConversationID, len(b), hex.Dump(b))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(string(want), got.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestAppendComment checks the example in the comment on the format.
func TestAppendComment(t *testing.T) {
	e := event(func(e *Event) { e.ConversationID, e.Facts, e.Turns, e.CSAT = "c-1", Turns|CSAT, 3, 5 })
	if got := hex.EncodeToString(Append(nil, &e)); got != "808401"+"03632d31"+"03"+"05" {
		t.Errorf("got %s", got)
	}
}

// TestCustomerStaysOffDisk is a promise of the contract.
func TestCustomerStaysOffDisk(t *testing.T) {
	e := event(func(e *Event) { e.ConversationID, e.CustomerID, e.Customer = "c", "jane@example.com", 7 })
	if b := Append(nil, &e); strings.Contains(string(b), "jane") {
		t.Errorf("%q holds the customer's id", b)
	}
}

func TestParseErrors(t *testing.T) {
	fact := func(f Fact) string { return string(binary.AppendUvarint(nil, uint64(f)*maskFacts)) + "\x01c" }
	float := func(v float64) string { return string(appendFloat(nil, v)) }
	for _, c := range []struct {
		in, want string
	}{
		{"", "mask: cut short"},
		{"\x80", "mask: cut short"},
		{"\x80\x80\x02", "mask: must be from 0 to 32767, got 32768"},
		{strings.Repeat("\xff", 10) + "\x01", "mask: not an integer of 64 bits"},
		{"\x00", "conversation_id: cut short"},
		{"\x00\x00", "conversation_id: must be from 1 to 255, got 0"},
		{"\x00\x02c", "conversation_id: cut short"},
		{"\x00\x80\x02" + strings.Repeat("c", 256), "conversation_id: must be from 1 to 255, got 256"},
		{"\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "conversation_id: must be from 1 to 255, got 18446744073709551615"},
		{"\x00\x01\xff", `conversation_id: must be text, got "\xff"`},
		{"\x00\x02c\n", `conversation_id: must be text, got "c\n"`},
		{"\x01\x01c\x00", "id: must be from 1 to 128, got 0"},
		{"\x02\x01c1234567", "customer_id: cut short"},
		{"\x04\x01c\x00", "intent: must be from 1 to 64, got 0"},
		{"\x08\x01c\x41", "tier: must be from 1 to 64, got 65"},
		{"\x10\x01c\x01\x7f", `language: must be text, got "\x7f"`},
		{"\x20\x01c\x00", "experiment: must be from 1 to 64, got 0"},
		{"\x20\x01c\x01e\x00", "variant: must be from 1 to 64, got 0"},
		{"\x40\x01c\x01", "episode: must be from 2 to 1000, got 1"},
		{"\x40\x01c\xe9\x07", "episode: must be from 2 to 1000, got 1001"},
		{fact(Resolution) + "\x0c", "resolution: must be from 0 to 11, got 12"},
		{fact(Resolution) + "\x02" + float(math.Inf(1)), "resolution.seconds: must be a number >= 0, got +Inf"},
		{fact(Resolution) + "\x02" + float(NoSeconds), "resolution.seconds: must be a number >= 0, got -1"},
		{fact(Resolution) + "\x02" + float(math.Copysign(0, -1)), "resolution.seconds: must be a number >= 0, got -0"},
		{fact(Escalation) + "\x80\x02" + strings.Repeat("r", 256), "escalation.reason: must be from 0 to 255, got 256"},
		{fact(Turns) + "\x00", "turns: must be from 1 to 9007199254740992, got 0"},
		{fact(TurnsDelta) + "\x01", "id: required beside turns_delta and cost_delta"},
		{fact(Cost) + float(math.NaN()) + "\x00", "cost.usd: must be a number >= 0, got NaN"},
		{fact(Cost) + float(1), "cost.detail: cut short"},
		{fact(Cost) + float(1) + "\x41", "cost.detail: must be from 0 to 64, got 65"},
		{fact(Cost) + float(1) + "\x01\x00" + float(1), "cost.detail: must be from 1 to 64, got 0"},
		{fact(Cost) + float(1) + "\x01\x01m" + float(2), "cost.detail: components add up to 2, more than usd 1"},
		{fact(Cost) + float(1) + "\x02\x01m" + float(0) + "\x01m" + float(0), `cost.detail: "m" given twice`},
		{fact(Cost) + float(1) + "\x02\x01m" + float(0), "cost.detail: cut short"},
		{fact(CostDelta) + float(-1) + "\x00", "cost_delta.usd: must be a number >= 0, got -1"},
		{fact(CSAT) + "\x06", "csat: must be from 1 to 5, got 6"},
	} {
		var e Event
		rest, err := e.Parse([]byte(c.in))
		if err == nil || err.Error() != "parse event: "+c.want || rest != nil {
			t.Errorf("%.40q: got %v, want %s", c.in, err, c.want)
		}
	}
}

// Components that were merged once they were decoded add up in another order. The
// journal may hold what a Decoder would refuse by that.
func TestParseMergedComponents(t *testing.T) {
	for _, m := range []Money{
		{15.491732078521476, []Component{{"llm", 4.377141871869802 + 6.868230728671094}, {"tools", 4.246374970712657}}},
		{math.MaxFloat64, []Component{{"a", 7.48e291 * 2}, {"b", math.MaxFloat64}}},
	} {
		if sum := m.sum(); m.covers(sum) {
			t.Fatalf("%v covers %v", m.USD, sum)
		}
		checkRoundTrip(t, &Event{ConversationID: "c", Episode: 1, Seconds: NoSeconds, Facts: Cost, Cost: m})
	}
}

// TestParseCutShort cuts an event with everything in it at every byte.
func TestParseCutShort(t *testing.T) {
	var e Event
	b := Append(nil, fullest())
	for n := range b {
		if rest, err := e.Parse(b[:n:n]); err == nil {
			t.Errorf("%d of %d bytes: no error, %d left", n, len(b), len(rest))
		}
	}
	checkRoundTrip(t, fullest())
}

// TestCodecRoundTrip writes several events one behind the other and reads them
// back with one Event.
func TestCodecRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(drawEvent), 0, 5).Draw(r, "events")
		var b []byte
		for i := range events {
			b = Append(b, &events[i])
		}
		var (
			got  Event
			err  error
			rest = b
		)
		for i := range events {
			if rest, err = got.Parse(rest); err != nil {
				r.Fatal(err)
			}
			if d := diff(events[i], got); d != "" {
				r.Fatalf("event %d (-want +got):\n%s", i, d)
			}
		}
		if len(rest) != 0 {
			r.Fatalf("%d bytes are left", len(rest))
		}
	})
}
