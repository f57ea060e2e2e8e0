package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// read is what readFile yields for standard input, "line json" each.
func read(stdin io.Reader) ([]string, error) {
	var got []string
	err := readFile(&environment{stdin: stdin}, stdinName, nil, func(line int, raw []byte) error {
		got = append(got, fmt.Sprintf("%d %s", line, raw))
		return nil
	})
	return got, err
}

func TestReadFile(t *testing.T) {
	tests := []struct {
		name    string
		content string
		want    []string
		err     string
	}{
		{name: "empty"},
		{name: "blank", content: " \n\t\r\n"},
		{name: "one line", content: `{"a":1}`, want: []string{`1 {"a":1}`}},
		{name: "lines", content: "{\"a\":1}\n{\"a\": 2}\n", want: []string{`1 {"a":1}`, `2 {"a": 2}`}},
		{name: "blank lines count as lines", content: "\n \r\n{}\r\n\n{}\n\n", want: []string{"3 {}", "5 {}"}},
		{name: "lines are not judged", content: "{\"a\":1}\nnonsense\n{\"a\":\n{}\n",
			want: []string{`1 {"a":1}`, "2 nonsense", `3 {"a":`, "4 {}"}},
		{name: "nor is the first", content: "conversation_id,csat\nc,5\n", want: []string{"1 conversation_id,csat", "2 c,5"}},
		{name: "an object that is wrong, not cut", content: "{\"a\" 1}\n{}\n", want: []string{`1 {"a" 1}`, "2 {}"}},
		{name: "numbers and fields as written", content: `{"cost":{"usd":1.10e-2},"x":1,"x":"\u00e4\/"}`,
			want: []string{`1 {"cost":{"usd":1.10e-2},"x":1,"x":"\u00e4\/"}`}},
		{name: "only JSON's white space is blank", content: "\u00a0{}\n", want: []string{"1 \u00a0{}"}},
		{name: "array", content: `[{"a":1},{"a":2}]`, want: []string{`1 {"a":1}`, `1 {"a":2}`}},
		{name: "empty array", content: "[]\n"},
		{name: "array over lines", content: "\n[\n  {\n    \"a\": 1.0\n  }\n  ,\n  5, {\"b\":\n[1, 2]}\n]\n",
			want: []string{`3 {"a":1.0}`, `7 5`, `7 {"b":[1,2]}`}},
		{name: "what an array holds is not judged", content: "[{\"x\": 1, \"x\": \"\xff\"}, [1 ]]",
			want: []string{"1 {\"x\":1,\"x\":\"\xff\"}", "1 [1]"}},
		{name: "arrays", content: "[{}]\n[{},\n{}]", want: []string{"1 {}", "2 {}", "3 {}"}},
		{name: "an object over lines", content: "{\n  \"a\": 1\n}\n", want: []string{`1 {"a":1}`}},
		{name: "objects over lines", content: "\n{\n  \"a\": 1\n}\n{\n  \"a\": \"2 3\"\n}\n", want: []string{`2 {"a":1}`, `5 {"a":"2 3"}`}},
		{name: "not JSON in an array", content: "[{},\n\n nope]", want: []string{"1 {}"},
			err: "<stdin>:3: not JSON: invalid character 'o' in literal null (expecting 'u')"},
		{name: "a newline in a string", content: "\n[\"a\nb\"]", err: "<stdin>:2: not JSON: invalid character '\\n' in string (expecting non-control character)"},
		{name: "an array without its end", content: "[{},\n{}\n", want: []string{"1 {}", "2 {}"}, err: "<stdin>:3: not JSON: unexpected EOF"},
		{name: "an object cut off", content: "{\"a\":\n", err: "<stdin>:2: not JSON: unexpected EOF"},
		{name: "an object cut off, and another", content: "{\"a\":\n{\"b\":1}\n{}", err: "<stdin>:3: not JSON: invalid character '{' after object value (expecting ',' or '}')"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"plain":        strings.NewReader(tt.content),
				"byte by byte": iotest.OneByteReader(strings.NewReader(tt.content)),
				"gzip":         bytes.NewReader(gzipped(t, tt.content)),
				"zstd":         bytes.NewReader(zstdCompressed(t, tt.content)),
			} {
				got, err := read(r)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s: events (-want +got):\n%s", name, diff)
				}
				if errorText(err) != tt.err {
					t.Errorf("%s: error %q, want %q", name, errorText(err), tt.err)
				}
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func gzipped(t testing.TB, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	if _, err := io.WriteString(zip, content); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstdCompressed(t testing.TB, content string) []byte {
	t.Helper()
	zip, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer zip.Close()
	return zip.EncodeAll([]byte(content), nil)
}

func TestReadFails(t *testing.T) {
	broken := errors.New("disk on fire")
	long := strings.Repeat("x", maxEvent+1)
	cut := gzipped(t, "{}\n{}\n")
	tests := []struct {
		name  string
		stdin io.Reader
		want  []string
		err   string
	}{
		{"at once", iotest.ErrReader(broken), nil, "<stdin>: read: disk on fire"},
		{"among lines", io.MultiReader(strings.NewReader("{}\n{\"a\""), iotest.ErrReader(broken)), []string{"1 {}"}, "<stdin>:2: disk on fire"},
		{"while blank", io.MultiReader(strings.NewReader("\n    "), iotest.ErrReader(broken)), nil, "<stdin>:2: disk on fire"},
		{"gzip cut off", bytes.NewReader(cut[:len(cut)-4]), []string{"1 {}", "2 {}"}, "<stdin>:3: unexpected EOF"},
		{"gzip in name only", strings.NewReader("\x1f\x8bnope"), nil, "<stdin>: unexpected EOF"},
		{"zstd in name only", strings.NewReader("\x28\xb5\x2f\xfdnope"), nil, "<stdin>:1: "},
		{"a line beyond measure", strings.NewReader("{}\n" + long), []string{"1 {}"}, "<stdin>:2: line of more than 16777216 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := read(tt.stdin)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
				t.Errorf("error %v, want %s", err, tt.err)
			}
		})
	}
}

// A large array on one line is no long line.
func TestReadLargeArray(t *testing.T) {
	element := `{"conversation_id":"` + strings.Repeat("c", 200) + `"},`
	n := maxEvent/len(element) + 1000
	content := io.MultiReader(strings.NewReader("["), strings.NewReader(strings.Repeat(element, n)), strings.NewReader("{}]"))
	events := 0
	err := readFile(&environment{stdin: content}, stdinName, nil, func(int, []byte) error { events++; return nil })
	if err != nil || events != n+1 {
		t.Errorf("%d events, %v; want %d", events, err, n+1)
	}
}

func TestReadStopsWhenTold(t *testing.T) {
	enough := errors.New("enough")
	for _, content := range []string{"{}\n{}\n{}\n", "[{},{},{}]", "{\n}\n{}\n{}"} {
		events := 0
		err := readFile(&environment{stdin: strings.NewReader(content)}, stdinName, nil, func(int, []byte) error {
			if events++; events == 2 {
				return enough
			}
			return nil
		})
		if err != enough || events != 2 {
			t.Errorf("%q: %d events, error %v", content, events, err)
		}
	}
}

func TestReadObserves(t *testing.T) {
	content := gzipped(t, strings.Repeat("{}\n", 10_000))
	total := 0
	path := write(t, "events.gz", string(content))
	err := readFile(&environment{}, path, func(n int) { total += n }, func(int, []byte) error { return nil })
	if err != nil || total != len(content) {
		t.Errorf("observed %d bytes of %d, error %v", total, len(content), err)
	}
}
