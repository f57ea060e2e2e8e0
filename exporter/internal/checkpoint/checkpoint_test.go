package checkpoint_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"supportexporter/exporter/internal/checkpoint"
)

func TestRoundTrip(t *testing.T) {
	long := strings.Repeat("x", 3<<20) // longer than the buffer
	var b bytes.Buffer
	w := checkpoint.NewWriter(&b)
	w.Uint(0)
	w.Uint(math.MaxUint64)
	w.Int(-5)
	w.Fixed(math.Float64bits(0.42))
	w.String("")
	w.String(long)
	w.String("end")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	r := checkpoint.NewReader(iotest.OneByteReader(bytes.NewReader(b.Bytes())))
	if r.Uint() != 0 || r.Uint() != math.MaxUint64 || r.Int() != -5 || math.Float64frombits(r.Fixed()) != 0.42 {
		t.Error("numbers differ from those written")
	}
	if r.String(10) != "" || r.String(len(long)) != long || r.String(10) != "end" {
		t.Error("strings differ from those written")
	}
	if err := r.End(); err != nil {
		t.Error(err)
	}
}

func TestReaderErrors(t *testing.T) {
	tests := []struct {
		name string
		in   string
		read func(*checkpoint.Reader)
		want string
	}{
		{"number cut off", "\xff", func(r *checkpoint.Reader) { r.Uint() }, "unexpected EOF"},
		{"signed number absent", "", func(r *checkpoint.Reader) { r.Int() }, "unexpected EOF"},
		{"fixed number cut off", "1234567", func(r *checkpoint.Reader) { r.Fixed() }, "unexpected EOF"},
		{"string cut off", "\x05abc", func(r *checkpoint.Reader) { r.String(5) }, "unexpected EOF"},
		{"string too long", "\x05abcde", func(r *checkpoint.Reader) { r.String(4) }, "a string's length: want at most 4, got 5"},
		{"string longer than the file", "\xff\xff\xff\xff\x07abc", func(r *checkpoint.Reader) { r.String(math.MaxInt32) }, "unexpected EOF"},
		{"text that is none", "\x01\xff", func(r *checkpoint.Reader) { r.Text(5) }, `want text, got invalid UTF-8 in "\xff"`},
		{"things cut off", "\xff\xff\xff\xff\x07\x01", func(r *checkpoint.Reader) {
			for n := range r.Each("things", math.MaxInt32) {
				if r.Uint(); n > 1 {
					t.Error("reading goes on after an error")
					return
				}
			}
		}, "unexpected EOF"},
		{"count too large", "\x09", func(r *checkpoint.Reader) { r.Count("arms", 8) }, "arms: want at most 8, got 9"},
		{"more than was read", "\x01\x01", func(r *checkpoint.Reader) { r.Uint() }, "more follows where the state should end"},
		{"the first error stays", "", func(r *checkpoint.Reader) { r.Fixed(); r.Fail(errors.New("second")) }, "unexpected EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := checkpoint.NewReader(strings.NewReader(tt.in))
			tt.read(r)
			if err := r.End(); err == nil || err.Error() != tt.want {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestWriterKeepsTheFirstError(t *testing.T) {
	want := errors.New("disk full")
	w := checkpoint.NewWriter(failing{want})
	w.String(strings.Repeat("x", 3<<20))
	w.Uint(1)
	if err := w.Close(); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

var _ io.Writer = failing{}
