package event

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestDecodeKeeps copies events shallowly, as a caller that collects a request
// does, and looks at them when the whole body has been read.
func TestDecodeKeeps(t *testing.T) {
	var lines []string
	for i := range 300 {
		lines = append(lines, fmt.Sprintf(`{"conversation_id":"c\u002d%d","intent":"\u00e9%d","cost":{"usd":9,"detail":{"m\u002f%d":%d,"n":1}}}`, i, i, i, i%7))
	}
	for name, body := range map[string]string{"lines": strings.Join(lines, "\n"), "array": "[" + strings.Join(lines, ",") + "]"} {
		f := JSON
		if name == "lines" {
			f = NDJSON
		}
		var (
			d    Decoder
			kept []Event
		)
		if err := d.Decode([]byte(body), f, func(_ int, e *Event, err error) bool {
			kept = append(kept, *e)
			return err == nil
		}); err != nil {
			t.Fatal(err)
		}
		for i := range lines {
			want := event(func(e *Event) {
				e.ConversationID, e.Intent, e.Facts = fmt.Sprintf("c-%d", i), fmt.Sprintf("é%d", i), Cost
				e.Cost = Money{9, []Component{{fmt.Sprintf("m/%d", i), float64(i % 7)}, {"n", 1}}}
			})
			if d := diff(want, kept[i]); d != "" {
				t.Fatalf("%s: event %d (-want +got):\n%s", name, i, d)
			}
		}
	}
}

// TestDecodeReuse decodes bodies of every kind with one Decoder, in any order:
// no body may show in the next.
func TestDecodeReuse(t *testing.T) {
	bodies := []string{
		`{"conversation_id":"a","id":"1","customer_id":"u","time":"2026-03-14T09:26:53Z","intent":"i","resolution":{"resolved":true,"seconds":1,"confirmed":true}}`,
		`{"conversation_id":"b","episode":3,"escalation":{"escalated":true,"reason":"r"},"cost":{"usd":1,"detail":{"x":1}}}`,
		`[{"conversation_id":"c"},{"conversation_id":"d","csat":9},{"conversation_id":"e","csat":1}]`,
		`[{"conversation_id":"\u0063"},7`,
		`{"resolution":{"resolved":true}}`,
		`{"conversation_id":"f"}`,
		``,
	}
	rapid.Check(t, func(r *rapid.T) {
		var d Decoder
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(bodies)-1), 1, 8).Draw(r, "bodies") {
			f := rapid.SampledFrom([]Format{JSON, NDJSON}).Draw(r, "format")
			want, wantErr := decode(t, bodies[i], f)
			got, gotErr := decodeWith(t, &d, bodies[i], f)
			if d := diff(want, got); d != "" || fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
				r.Fatalf("%s: %v, want %v (-want +got):\n%s", bodies[i], gotErr, wantErr, d)
			}
		}
	})
}

// TestDecodeFormatsAgree reads the same events one by one, as an array and as
// lines.
func TestDecodeFormatsAgree(t *testing.T) {
	events := []string{
		`{"conversation_id":"a","turns":3}`, `{ "conversation_id" : "b" , "csat" : 5 }`, `{}`, `{"conversation_id":7}`,
		`{"conversation_id":"c","x":{"y":[1,2,{"z":"]}\""}]}}`, `null`, `"text"`, `-1.5e3`, `[[],{}]`,
		`{"conversation_id":"\u00e9","cost":{"usd":1,"detail":{"a":0.5}}}`, `{"conversation_id":"a","conversation_id":"a"}`,
		"{\"conversation_id\":\"a\x02\"}", "{\"conversation_id\":\"\xff\"}", `{"conversation_id":"\ud800"}`,
		`{"conversation_id":"d","escalation":{"escalated":true,"reason":"\"quoted\""}}`,
	}
	rapid.Check(t, func(r *rapid.T) {
		drawn := rapid.SliceOfN(rapid.SampledFrom(events), 1, 12).Draw(r, "events")
		array, err := decode(t, "["+strings.Join(drawn, ",")+"]", JSON)
		if err != nil {
			r.Fatal(err)
		}
		lines, err := decode(t, strings.Join(drawn, "\n"), NDJSON)
		if err != nil {
			r.Fatal(err)
		}
		if d := diff(array, lines); d != "" {
			r.Fatalf("%q (-array +lines):\n%s", drawn, d)
		}
		for i, one := range drawn {
			single, err := decode(t, "["+one+"]", JSON)
			if strings.HasPrefix(one, "{") {
				single, err = decode(t, one, JSON)
			}
			if d := diff(array[i:i+1], single); err != nil || d != "" {
				r.Fatalf("%s: %v (-array +single):\n%s", one, err, d)
			}
		}
	})
}

// TestNoAllocations holds the decoder and the codec to what they are for.
func TestNoAllocations(t *testing.T) {
	body := slices.Concat(sample(50), []byte(`{"conversation_id":"\u0063\"1\"","intent":"\u00e9","time":"2026-03-14T09:26:53+01:00"}`))
	var (
		d   Decoder
		log []byte
		e   Event
	)
	pass := func() {
		log = log[:0]
		if err := d.Decode(body, NDJSON, func(_ int, e *Event, err error) bool {
			log = Append(log, e)
			return err == nil
		}); err != nil {
			t.Fatal(err)
		}
		for rest := log; len(rest) > 0; {
			var err error
			if rest, err = e.Parse(rest); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := testing.AllocsPerRun(10, pass); n != 0 {
		t.Errorf("%v allocations a body, want none", n)
	}
}
