package conversation_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
)

// busy applies n events to as many conversations, some with many events.
func busy(s *conversation.State, from, n int) {
	for i := from; i < from+n; i++ {
		s.Apply(&event.Event{
			ConversationID: fmt.Sprintf("c%d", i/3), ID: fmt.Sprint(i), Episode: 1 + i%2, Intent: "refund",
			Facts: event.CostDelta | event.CSAT, CSAT: 1 + i%5, CostDelta: event.Money{USD: 0.25}, Seconds: event.NoSeconds,
		})
		s.Apply(&event.Event{
			ConversationID: "the one everybody uses", ID: fmt.Sprint(i), Episode: 1,
			Facts: event.TurnsDelta, TurnsDelta: 1, Seconds: event.NoSeconds,
		})
	}
}

// A frozen state is written while the state goes on, and reads back as it was
// when it was frozen.
func TestFrozenStateIsWrittenBesideTheTraffic(t *testing.T) {
	s := newState()
	busy(s, 0, 3000)
	want := series(t, s)
	f, err := s.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	var wg sync.WaitGroup
	wg.Go(func() { err = f.Write(&b) })
	busy(s, 2000, 3000)
	s.Advance(start + idleTimeout.Milliseconds())
	s.Advance(start + retention.Milliseconds())
	wg.Wait()
	s.Thaw()
	if err != nil {
		t.Fatal(err)
	}
	old, err := conversation.Load(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, series(t, old)); diff != "" {
		t.Errorf("the state as it was frozen (-want +got):\n%s", diff)
	}
	busy(old, 2000, 3000)
	old.Advance(start + idleTimeout.Milliseconds())
	old.Advance(start + retention.Milliseconds())
	if diff := cmp.Diff(series(t, s), series(t, old)); diff != "" {
		t.Errorf("the same events afterwards (-live +restarted):\n%s", diff)
	}
	if old.Tracked() != 0 {
		t.Errorf("%d conversations are left after their retention", old.Tracked())
	}
}

// Order in time survives a restart: who goes idle when.
func TestIdlenessAfterARestart(t *testing.T) {
	s := newState()
	for i := range 5 {
		s.Advance(start + int64(i)*time.Minute.Milliseconds())
		s.Apply(&event.Event{ConversationID: fmt.Sprint(i), Episode: 1, Seconds: event.NoSeconds})
	}
	s = restarted(t, s)
	for i := range 5 {
		now := start + int64(i)*time.Minute.Milliseconds() + idleTimeout.Milliseconds()
		if s.Due(now - 1) {
			t.Errorf("conversation %d is due too early", i)
		}
		if !s.Due(now) {
			t.Errorf("conversation %d is not due in time", i)
		}
		s.Advance(now)
		if got := s.Snapshot().Open; got != 4-i {
			t.Errorf("%d conversations are open, want %d", got, 4-i)
		}
		s = restarted(t, s)
	}
	if s.Due(start + retention.Milliseconds() - 1) {
		t.Error("something is due before the retention ends")
	}
	if !s.Due(start + retention.Milliseconds()) {
		t.Error("nothing is due when the retention ends")
	}
}

func TestConversationWithManyEvents(t *testing.T) {
	s := newState()
	send := func(n int) bool {
		return s.Apply(&event.Event{ConversationID: "c", ID: fmt.Sprint(n), Episode: 1, Facts: event.TurnsDelta, TurnsDelta: 1, Seconds: event.NoSeconds})
	}
	for n := range 200 {
		if n == 100 {
			s = restarted(t, s)
		}
		if !send(n) {
			t.Fatalf("event %d is called a duplicate", n)
		}
		if send(n/2) || send(n) {
			t.Fatalf("after event %d a repetition is not called a duplicate", n)
		}
	}
}

// Damage that a checksum would have found gives an error, never a panic.
func TestLoadOfDamagedStates(t *testing.T) {
	s := newState()
	busy(s, 0, 30)
	f, err := s.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()
	for n := range good {
		if _, err := conversation.Load(bytes.NewReader(good[:n])); err == nil {
			t.Fatalf("the first %d of %d bytes load", n, len(good))
		}
		bad := bytes.Clone(good)
		bad[n] ^= 0xff
		if s, err := conversation.Load(bytes.NewReader(bad)); err == nil {
			s.Advance(start + retention.Milliseconds())
		}
	}
	if _, err := conversation.Load(bytes.NewReader(append(good, 0))); err == nil || !strings.Contains(err.Error(), "more follows") {
		t.Errorf("with a byte more: %v", err)
	}
	if _, err := conversation.Load(strings.NewReader("\x63")); err == nil || err.Error() != "state has version 99, this program reads 1" {
		t.Errorf("of a later version: %v", err)
	}
}

// What no state has is refused, even where every field alone is right: it would
// break a promise later, or a scrape.
func TestLoadRefusesWhatNoStateHas(t *testing.T) {
	s := newState()
	s.Advance(start + 1)
	empty := written(t, s)
	const lists = 8 // five tables of label values, label sets, arms and conversations, all empty
	front, zeros := string(empty[:len(empty)-lists]), strings.Repeat("\x00", lists)
	untilSettings := bytes.Index(empty, []byte(`{"idle_timeout"`)) - 2 // without their length
	s = newState()
	s.Apply(&event.Event{ConversationID: "a", Episode: 1, Seconds: event.NoSeconds})
	one := string(written(t, s)[len(empty):])
	s.Advance(start + 1)
	s.Apply(&event.Event{ConversationID: "b", Episode: 1, Seconds: event.NoSeconds})
	other := string(written(t, s)[len(empty)+len(one):])
	for _, tt := range []struct{ name, state, want string }{
		{"settings longer than the file", string(empty[:untilSettings]) + "\xff\xff\xff\xff\x07{}", "reading the state: unexpected EOF"},
		{"a label value twice", front + "\x02\x01a\x01a" + zeros[1:], `reading the state: label value "a" is there twice, or empty`},
		{"one of those there always are", front + "\x01\x05other" + zeros[1:], `reading the state: label value "other" is there twice, or empty`},
		{"a label value that is no text", front + "\x01\x01\xff" + zeros[1:], `reading the state: want text, got invalid UTF-8 in "\xff"`},
		{"a conversation twice", front + zeros[1:] + "\x02" + one + one, "reading conversation 2: it is there twice"},
		{"conversations out of order", front + zeros[1:] + "\x02" + other + one, "reading conversation 2: it is not in the order of last arrivals"},
		{"two conversations", front + zeros[1:] + "\x02" + one + other, ""},
	} {
		_, err := conversation.Load(strings.NewReader(tt.state))
		if got := fmt.Sprint(err); err != nil && got != tt.want || err == nil && tt.want != "" {
			t.Errorf("%s: got error %q, want %q", tt.name, got, tt.want)
		}
	}
}
