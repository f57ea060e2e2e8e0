package label

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
)

func TestLanguages(t *testing.T) {
	reduced := NewPolicy(config.Default().Labels)
	l := config.Default().Labels
	l.Language.Base = false
	whole := NewPolicy(l)

	for _, c := range []struct {
		pushed, base, tag string
		overflow          int
	}{
		{"", "", "", 0},
		{"en", "en", "en", 0},
		{"EN", "en", "en", 0},
		{" en ", "en", "en", 0},
		{"en-US", "en", "en-us", 0},
		{"EN-us", "en", "en-us", 0},
		{"en_US", "en", "en-us", 0},
		{"en-UK", "en", "en-gb", 0}, // an old name of the region
		{"en-EN", "en", "en", 0},    // no such region
		{"pt-BR", "pt", "pt-br", 0},
		{"es-419", "es", "es-419", 0},
		{"zh-Hant-TW", "zh", "zh-hant-tw", 0},
		{"zh-cmn-Hans-CN", "zh", "zh-hans-cn", 0},
		{"cmn", "zh", "zh", 0}, // Mandarin, a member of Chinese
		{"cmn-EN", "zh", "zh", 0},
		{"sl-rozaj-biske-1994", "sl", "sl-rozaj-biske-1994", 0},
		{"sl-biske-1994-biske-1-19", "sl", "sl-biske", 0}, // a variant twice, and pieces of none
		{"iw", "he", "he", 0},                             // an old name of Hebrew
		{"deu", "de", "de", 0},                            // three letters where two will do
		{"und", "", "", 0},                                // undetermined: as if not pushed
		{"und-US", "", "", 0},
		{"  ", "", "", 0},
		{"unknown", Unknown, Unknown, 0},
		{"Other", Other, Other, 0},
		{"english", Other, Other, 1},
		{"Français", Other, Other, 1},
		{"no idea", Other, Other, 1},
		{"zz", Other, Other, 1},
		{"*", Other, Other, 1},
		{"-", Other, Other, 1},
		{"en-US,en;q=0.9", Other, Other, 1},
	} {
		for _, p := range []struct {
			name   string
			policy *Policy
			want   string
		}{{"base", reduced, c.base}, {"tag", whole, c.tag}} {
			for _, time := range []string{"first", "second"} { // parsed, then remembered
				e := event.Event{Language: c.pushed}
				o := p.policy.Apply(&e)
				if e.Language != p.want || o != (Overflow{Language: c.overflow}) {
					t.Errorf("%q as %s, %s time: got %q and overflow %v, want %q and %d",
						c.pushed, p.name, time, e.Language, o, p.want, c.overflow)
				}
			}
		}
	}
}

// An event's strings are overwritten by the next one; what is remembered must
// not be among them.
func TestRememberedLanguagesAreCopies(t *testing.T) {
	for pushed, want := range map[string]string{"en-US": "en", "unknown": Unknown} {
		p := NewPolicy(config.Default().Labels)
		buffer := []byte(pushed)
		e := event.Event{Language: unsafe.String(&buffer[0], len(buffer))}
		p.Apply(&e)
		clear(buffer)
		if e.Language != want {
			t.Errorf("%s: got %q once the buffer was used again, want %s", pushed, e.Language, want)
		}
		if known := *p.language.known.Load(); known[pushed].value != want {
			t.Errorf("remembers %v, want %s to be %s", known, pushed, want)
		}
	}
}

func TestRememberedLanguagesAreBounded(t *testing.T) {
	p := NewPolicy(config.Default().Labels)
	for i := range 2 * maxKnown {
		e := event.Event{Language: fmt.Sprintf("en-x-%d", i)}
		if p.Apply(&e); e.Language != "en" {
			t.Fatalf("en-x-%d: got %q, want en", i, e.Language)
		}
	}
	if n := len(*p.language.known.Load()); n != maxKnown {
		t.Errorf("remembers %d spellings, want %d", n, maxKnown)
	}
	e := event.Event{Language: "pt-BR"}
	if p.Apply(&e); e.Language != "pt" {
		t.Errorf("a language met too late: got %q, want pt", e.Language)
	}
}

// FuzzLanguage holds any pushed language to this: what it becomes is within
// the event's limit, is lower case, and becomes itself.
func FuzzLanguage(f *testing.F) {
	for _, s := range []string{"en-US", "zh-cmn-Hans-CN", "en-US-posix", "x-private", "de-DE-u-co-phonebk", "i-klingon", "\u212a"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, pushed string, base bool) {
		if len(pushed) > event.MaxLabel {
			return
		}
		p := NewPolicy(config.Labels{Language: config.Language{Label: config.Label{MaxValues: 1}, Base: base}})
		e := event.Event{Language: pushed}
		p.Apply(&e)
		got := e.Language
		if len(got) > event.MaxLabel || got != strings.ToLower(got) || (base && strings.Contains(got, "-")) {
			t.Errorf("%q became %q", pushed, got)
		}
		if o := p.Apply(&e); e.Language != got || o != (Overflow{}) {
			t.Errorf("%q became %q, and that %q with overflow %v", pushed, got, e.Language, o)
		}
	})
}
