package label

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/text/language"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
)

// languages is the rule of the label language. Parsing a tag takes longer than
// the rest of an event's labels together, so what a spelling came to is
// remembered, in a map that is copied to be extended: readers never wait.
type languages struct {
	rule   rule
	known  atomic.Pointer[map[string]outcome]
	extend sync.Mutex
}

// maxKnown bounds how many spellings are remembered. Later ones are parsed
// each time, which is slower and nothing worse; agents use a few dozen.
const maxKnown = 1000

// outcome is what a pushed language became.
type outcome struct {
	value    string
	overflow int // 1 if value is "other" for not being allowed
}

func newLanguages(c config.Language) *languages {
	form := func(v string) (string, bool) { return languageForm(v, c.Base) }
	l := &languages{rule: newRule(c.Label, event.MaxLabel, form)}
	l.known.Store(&map[string]outcome{})
	return l
}

// apply is the label value for the pushed language v.
func (l *languages) apply(v string, overflow *int) string {
	if v == "" {
		return ""
	}
	o, ok := (*l.known.Load())[v]
	if !ok {
		o.value = strings.Clone(l.rule.apply(v, &o.overflow))
		l.remember(v, o)
	}
	*overflow += o.overflow
	return o.value
}

func (l *languages) remember(v string, o outcome) {
	l.extend.Lock()
	defer l.extend.Unlock()
	known := *l.known.Load()
	if len(known) >= maxKnown {
		return
	}
	known = maps.Clone(known)
	known[strings.Clone(v)] = o
	l.known.Store(&known)
}

// languageForm is the form of a language: its canonical BCP 47 tag in lower
// case, or only the base of it. Old codes and members of a macrolanguage become
// the usual code ("iw" is "he", "cmn" is "zh"), and a subtag that is well-formed
// but does not exist is left out ("en-EN" is "en"), as is how to sort or to write
// numbers ("de-u-co-phonebk" is "de"), which is not the language. A tag without a language
// ("und") says nothing; what is no tag has no form.
func languageForm(v string, reduce bool) (_ string, ok bool) {
	v, _ = spelling(v)
	if v == "" || v == Unknown || v == Other {
		return v, true
	}
	tag, err := language.All.Parse(v)
	var unknownSubtag language.ValueError
	if errors.As(err, &unknownSubtag) {
		tag, _ = language.All.Canonicalize(tag) // Parse does so only without an error
	} else if err != nil {
		return "", false
	}
	base, script, region := tag.Raw()
	switch {
	case base == language.Base{}:
		return "", err == nil
	case reduce:
		return base.String(), true
	}
	// A tag that repeats a variant can keep pieces that are none.
	variants := slices.DeleteFunc(tag.Variants(), func(v language.Variant) bool {
		_, err := language.ParseVariant(v.String())
		return err != nil
	})
	plain, err := language.Raw.Compose(base, script, region, variants)
	return strings.ToLower(plain.String()), err == nil
}
