package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// However a sequence of events is laid out, the same events are read, each in
// its line.
func TestLayoutDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		space := rapid.SampledFrom([]string{"", " ", "\n", "\r\n", "\t", "\n\n"})
		events := rapid.SliceOfN(rapid.SampledFrom([]string{
			`{}`, `{"a":1}`, `{"a":"\n]"}`, `{"a":{"b":[1,2.50]}}`,
		}), 1, 20).Draw(t, "events")
		var content strings.Builder
		var want []string
		pad := func() { content.WriteString(space.Draw(t, "space")) }
		array := rapid.Bool().Draw(t, "array")
		pad()
		if array {
			content.WriteString("[")
		}
		for i, e := range events {
			if i > 0 && array {
				content.WriteString(",")
			} else if i > 0 {
				content.WriteString("\n")
			}
			if array {
				pad()
			}
			want = append(want, fmt.Sprintf("%d %s", 1+strings.Count(content.String(), "\n"), e))
			if array && rapid.Bool().Draw(t, "indent") {
				v := jsontext.Value(e)
				if err := v.Indent(); err != nil {
					t.Fatal(err)
				}
				e = string(v)
			}
			content.WriteString(e)
			pad()
		}
		if array {
			content.WriteString("]")
			pad()
		}
		got, err := read(iotest.HalfReader(strings.NewReader(content.String())))
		if err != nil {
			t.Fatalf("%q: %v", content.String(), err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q: events (-want +got):\n%s", content.String(), diff)
		}
	})
}
