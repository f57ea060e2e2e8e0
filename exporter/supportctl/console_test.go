package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestConsolePlain(t *testing.T) {
	var stderr strings.Builder
	now := time.Unix(0, 0)
	env := &environment{stderr: &stderr, now: func() time.Time { return now }}
	for _, total := range []int64{1000, -1} {
		c := newConsole(env, total)
		c.advance(100)
		fmt.Fprintln(c, "a message")
		now = now.Add(plainInterval)
		c.advance(200)
		c.advance(50)
		now = now.Add(plainInterval)
		c.advance(50)
		c.finish()
	}
	want := `a message
300 of 1000 bytes read
400 of 1000 bytes read
a message
300 bytes read
400 bytes read
`
	if stderr.String() != want {
		t.Errorf("got\n%s\nwant\n%s", stderr.String(), want)
	}
}

// Messages stand on lines of their own, and nothing of the bar is left.
func TestConsoleBar(t *testing.T) {
	for _, total := range []int64{1000, -1, 0} {
		var stderr strings.Builder
		env := &environment{stderr: &stderr, now: time.Now}
		c := newConsole(env, total)
		c.bar = newBar(&stderr, total)
		c.advance(500)
		fmt.Fprintln(c, "a message")
		c.advance(500)
		c.advance(10) // a file that grew
		c.finish()
		if total > 0 && !strings.Contains(stderr.String(), "50%") {
			t.Errorf("total %d: no bar in %q", total, stderr.String())
		}
		shown := onScreen(stderr.String())
		if len(shown) != 2 || shown[0] != "a message" || shown[1] != "" {
			t.Errorf("total %d: screen shows %q", total, shown)
		}
	}
}

// onScreen plays a terminal: what each line shows in the end.
func onScreen(s string) []string {
	var shown []string
	for line := range strings.SplitSeq(s, "\n") {
		var cells []rune
		for part := range strings.SplitSeq(line, "\r") {
			written := []rune(part)
			if len(written) < len(cells) {
				written = append(written, cells[len(written):]...)
			}
			cells = written
		}
		shown = append(shown, strings.TrimRight(string(cells), " "))
	}
	return shown
}

func TestIsTerminal(t *testing.T) {
	file, err := os.Create(write(t, "file", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if isTerminal(file) || isTerminal(&strings.Builder{}) || !isTerminal(null) {
		t.Error("want character devices alone")
	}
	if c := newConsole(&environment{stderr: null, now: time.Now}, 10); c.bar == nil {
		t.Error("no bar on a terminal")
	}
}
