package event

import (
	"errors"
	"strings"
	"testing"
)

func TestDecodeBody(t *testing.T) {
	good := func(id string) result {
		return result{Event: event(func(e *Event) { e.ConversationID = id })}
	}
	bad := func(err string) result { return result{Err: err} }
	for name, c := range map[string]struct {
		body   string
		format Format
		want   []result
	}{
		"empty array":           {" [ ] ", JSON, nil},
		"array":                 {`[{"conversation_id":"a"},{"conversation_id":"b"}]`, JSON, []result{good("a"), good("b")}},
		"array with bad events": {`[{"conversation_id":7,"x":[{},{"y":[[]]}]},null,"s",[{}],{"conversation_id":"b"},{}]`, JSON, []result{bad("conversation_id: must be a string, got number 7"), bad("must be an object, got null"), bad(`must be an object, got string "s"`), bad("must be an object, got an array"), good("b"), bad("conversation_id: required")}},
		"one bad object":        {`{"x":{"y":[1,2,"]}"]}}`, JSON, []result{bad("x: unknown field")}},
		"raw control character": {"[{\"conversation_id\":\"a\nb\"},{\"conversation_id\":\"b\"}]", JSON, []result{bad(`conversation_id: must be text, got control character U+000A in "a\nb"`), good("b")}},
		"lines":                 {"{\"conversation_id\":\"a\"}\n{\"conversation_id\":\"b\"}", NDJSON, []result{good("a"), good("b")}},
		"blank lines":           {"\n\r\n{\"conversation_id\":\"a\"}\r\n \t\n{\"conversation_id\":\"b\"} \n\n", NDJSON, []result{good("a"), good("b")}},
		"bad lines": {
			"{\"conversation_id\":\"a\"\n{\"conversation_id\":\"b\"}\n{\"conversation_id\":\"c\"}{}\n[]\n7\nx\n{\"y\":\n",
			NDJSON,
			[]result{
				bad("not JSON: want ',' or '}', got the end at offset 22"), good("b"),
				bad("not JSON: want the end, got '{' at offset 70"), bad("must be an object, got an array"),
				bad("must be an object, got number 7"), bad("not JSON: want a value, got 'x' at offset 78"),
				bad("y: unknown field"),
			},
		},
		"line broken in a string": {"{\"conversation_id\":\"a\nb\"}\n{\"conversation_id\":\"b\"}", NDJSON, []result{bad(`not JSON: want '"', got the end at offset 21`), bad("not JSON: want a value, got 'b' at offset 22"), good("b")}},
		"array on a line":         {`[{"conversation_id":"a"}]`, NDJSON, []result{bad("must be an object, got an array")}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(t, c.body, c.format)
			if err != nil {
				t.Fatal(err)
			}
			if d := diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestDecodeNotJSON(t *testing.T) {
	const one = `{"conversation_id":"c"}`
	for _, c := range []struct {
		body  string
		index int
		want  string
	}{
		{one + "x", 1, "not JSON: want the end, got 'x' at offset 23"},
		{one + "\n" + one, 1, "not JSON: want the end, got '{' at offset 24"},
		{"[" + one, 1, "not JSON: want ',' or ']', got the end at offset 24"},
		{"[" + one + ",]", 1, "not JSON: want a value, got ']' at offset 25"},
		{"[" + one + " " + one + "]", 1, "not JSON: want ',' or ']', got '{' at offset 25"},
		{"[" + one + "]]", 1, "not JSON: want the end, got ']' at offset 25"},
		{"[]1", 0, "not JSON: want the end, got '1' at offset 2"},
		{"[", 0, "not JSON: want a value, got the end at offset 1"},
		{"[,", 0, "not JSON: want a value, got ',' at offset 1"},
		{"{", 0, "not JSON: want a field name, got the end at offset 1"},
		{"{,", 0, "not JSON: want a field name, got ',' at offset 1"},
		{`{"tier"}`, 0, "not JSON: want ':', got '}' at offset 7"},
		{`{"tier":}`, 0, "not JSON: want a value, got '}' at offset 8"},
		{`{"tier":"a",}`, 0, "not JSON: want a field name, got '}' at offset 12"},
		{`{"tier":"a"]`, 0, "not JSON: want ',' or '}', got ']' at offset 11"},
		{`{"tier":"a" "b"}`, 0, "not JSON: want ',' or '}', got '\"' at offset 12"},
		{`{"tier":"a}`, 0, "not JSON: want '\"', got the end at offset 11"},
		{`{"tier":"a\`, 0, "not JSON: want an escape sequence, got the end at offset 11"},
		{`{"tier":"\x"}`, 0, "not JSON: want an escape sequence, got 'x' at offset 10"},
		{`{"tier":"\u12g4"}`, 0, "not JSON: want a hexadecimal digit, got 'g' at offset 13"},
		{`{"tier":"\u12`, 0, "not JSON: want a hexadecimal digit, got the end at offset 13"},
		{`{tier:"a"}`, 0, "not JSON: want a field name, got 't' at offset 1"},
		{`{"survey_sent":tru}`, 0, `not JSON: want "true", got '}' at offset 18`},
		{`{"survey_sent":truex}`, 0, "not JSON: want ',' or '}', got 'x' at offset 19"},
		{`{"turns":01}`, 0, "not JSON: want ',' or '}', got '1' at offset 10"},
		{`{"turns":+1}`, 0, "not JSON: want a value, got '+' at offset 9"},
		{`{"turns":.5}`, 0, "not JSON: want a value, got '.' at offset 9"},
		{`{"turns":5.}`, 0, "not JSON: want a digit, got '}' at offset 11"},
		{`{"turns":-}`, 0, "not JSON: want a digit, got '}' at offset 10"},
		{`{"turns":5e}`, 0, "not JSON: want a digit, got '}' at offset 11"},
		{`{"turns":5e+}`, 0, "not JSON: want a digit, got '}' at offset 12"},
		{`{"cost":{"usd":1.}}`, 0, "not JSON: want a digit, got '}' at offset 17"},
		{`{"cost":{"detail":{"a":-}}}`, 0, "not JSON: want a digit, got '}' at offset 24"},
		{`{"survey_sent":falsy}`, 0, `not JSON: want "false", got 'y' at offset 19`},
		{`{"turns":NaN}`, 0, "not JSON: want a value, got 'N' at offset 9"},
		{"\ufeff{}", 0, `not JSON: want a value, got '\ufeff' at offset 0`},
		{"\xff", 0, "not JSON: want a value, got byte 0xff at offset 0"},
		{"\x00", 0, `not JSON: want a value, got '\x00' at offset 0`},
		// Behind an error of the event, an error of the grammar still sinks the body.
		{`{"x":1,"y":}`, 0, "not JSON: want a value, got '}' at offset 11"},
		{`[{"x":[1,}],` + one + `]`, 0, "not JSON: want a value, got '}' at offset 9"},
		{`[{"x":[1 2]}]`, 0, "not JSON: want ',' or ']', got '2' at offset 9"},
		{`{"x":{"y" 1}}`, 0, "not JSON: want ':', got '1' at offset 10"},
		{`{"x":{1:2}}`, 0, "not JSON: want a field name, got '1' at offset 6"},
		{`{"x":{"a`, 0, "not JSON: want '\"', got the end at offset 8"},
		{"{\"tier\":\"\x01", 0, "not JSON: want '\"', got the end at offset 10"},
		{"{\"tier\":\"\x01\\q\"}", 0, "not JSON: want an escape sequence, got 'q' at offset 11"},
		{`{"tier":"\ud800\u12"}`, 0, "not JSON: want a hexadecimal digit, got '\"' at offset 19"},
		{"{\"x\x01", 0, "not JSON: want '\"', got the end at offset 4"},
		// A body of one value that can hold no event.
		{"7", 0, "want an object or an array, got number at offset 0"},
		{" null", 0, "want an object or an array, got null at offset 1"},
		{`"{}"`, 0, "want an object or an array, got string at offset 0"},
		{"true", 0, "want an object or an array, got true at offset 0"},
		{"fals", 0, `not JSON: want "false", got the end at offset 4`},
	} {
		_, err := decode(t, c.body, JSON)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: error %v, want a *SyntaxError", c.body, err)
			continue
		}
		if syntax.Index != c.index || syntax.Error() != c.want {
			t.Errorf("%s: error %q behind %d events, want %q behind %d", c.body, syntax, syntax.Index, c.want, c.index)
		}
	}
}

func TestDecodeEmpty(t *testing.T) {
	for _, body := range []string{"", " ", "\n", "\r\n\t \n"} {
		for _, f := range []Format{JSON, NDJSON} {
			if got, err := decode(t, body, f); err != ErrEmpty || got != nil {
				t.Errorf("%q, format %d: %v, %v, want ErrEmpty", body, f, got, err)
			}
		}
	}
}

func TestDecodeDepth(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		body, want string
	}{
		{`{"x":` + nested(31) + `}`, "x: unknown field"},
		{`{"x":` + nested(32) + `}`, "not JSON: more than 32 levels of arrays and objects at offset 36"},
		{`[{"x":` + nested(30) + `}]`, "x: unknown field"},
		{`[{"x":` + nested(31) + `}]`, "not JSON: more than 32 levels of arrays and objects at offset 36"},
		{nested(32), "must be an object, got an array"},
		{nested(33), "not JSON: more than 32 levels of arrays and objects at offset 32"},
		{strings.Repeat(`[{"x":`, 1e6), "not JSON: more than 32 levels of arrays and objects at offset 96"},
	} {
		results, err := decode(t, c.body, JSON)
		got := ""
		if err != nil {
			got = err.Error()
		} else if len(results) == 1 {
			got = results[0].Err
		}
		if got != c.want {
			t.Errorf("%.80s: %q, want %q", c.body, got, c.want)
		}
	}
}

func TestDecodeStops(t *testing.T) {
	for _, c := range []struct {
		body   string
		format Format
	}{
		{`[{"conversation_id":"a"},{"conversation_id":"b"}, not JSON`, JSON},
		{`{"conversation_id":"a"} not JSON`, JSON},
		{"{\"conversation_id\":\"a\"}\n{\"conversation_id\":\"b\"}", NDJSON},
	} {
		var d Decoder
		calls := 0
		err := d.Decode([]byte(c.body), c.format, func(int, *Event, error) bool { calls++; return false })
		if err != nil || calls != 1 {
			t.Errorf("%s: %d events, %v, want one and nil", c.body, calls, err)
		}
	}
}
