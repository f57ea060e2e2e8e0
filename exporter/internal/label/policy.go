// Package label turns what agents push into label values.
//
// Agents disagree about spelling: "Refund ", "refund" and "REFUND" are one
// intent, "pt-BR" and "pt_PT" one language. Every spelling would be a time
// series of its own, so values are brought to one form, and those that are not
// on the label's allow-list, if it has one, become "other".
//
// The number of distinct values is limited elsewhere: it depends on what was
// seen before, and nothing here does.
package label

import (
	"strings"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
)

// Overflow counts, by Name, the values that became "other". One that was
// pushed as "other" is not among them.
type Overflow [NameCount]int

// Policy decides what becomes a label value. It is safe for concurrent use.
type Policy struct {
	intent, tier, reason, component rule
	language                        *languages
}

// NewPolicy makes a policy of a valid configuration.
func NewPolicy(c config.Labels) *Policy {
	return &Policy{
		intent:    newRule(c.Intent, event.MaxLabel, spelling),
		tier:      newRule(c.Tier, event.MaxLabel, spelling),
		language:  newLanguages(c.Language),
		reason:    newRule(c.Reason, event.MaxReason, spelling),
		component: newRule(c.Component, event.MaxComponent, spelling),
	}
}

// Apply rewrites the labels of e in place: intent, tier, language, the
// escalation's reason and the components of costs. A value of nothing but
// space becomes "", as if it had not been pushed. Components that come to have
// the same name become one, with their sum; one that comes to have none is
// dropped, which leaves its part of the cost without a component.
//
// Values stay within the event's limits, and a second Apply changes nothing.
// A value that was rewritten is a new string; others are as they came, in
// whatever memory they are.
func (p *Policy) Apply(e *event.Event) Overflow {
	var o Overflow
	e.Intent = p.intent.apply(e.Intent, &o[Intent])
	e.Tier = p.tier.apply(e.Tier, &o[Tier])
	e.Language = p.language.apply(e.Language, &o[Language])
	e.Reason = p.reason.apply(e.Reason, &o[Reason])
	e.Cost.Detail = p.components(e.Cost.Detail, &o[Component])
	e.CostDelta.Detail = p.components(e.CostDelta.Detail, &o[Component])
	return o
}

// components rewrites the names of detail, which are distinct, in its memory.
func (p *Policy) components(detail []event.Component, overflow *int) []event.Component {
	changed := false
	for i := range detail {
		c := &detail[i]
		name := p.component.apply(c.Name, overflow)
		changed = changed || name != c.Name || name == ""
		c.Name = name
	}
	if !changed {
		return detail
	}
	return merge(detail)
}

// merge adds up the components of the same name in the place of the first and
// drops those of no name. There are at most event.MaxComponents.
func merge(detail []event.Component) []event.Component {
	kept := detail[:0]
next:
	for _, c := range detail {
		if c.Name == "" {
			continue
		}
		for i := range kept {
			if kept[i].Name == c.Name {
				kept[i].USD += c.USD
				continue next
			}
		}
		kept = append(kept, c)
	}
	return kept
}

// rule is what one label's values must be.
type rule struct {
	allow    map[string]bool // by the value's one form; empty: any value
	maxBytes int             // a value's one form can be longer than the value
	form     func(string) (_ string, ok bool)
}

func newRule(c config.Label, maxBytes int, form func(string) (string, bool)) rule {
	r := rule{maxBytes: maxBytes, form: form, allow: make(map[string]bool, len(c.Allow))}
	for _, v := range c.Allow {
		if s, ok := form(v); ok {
			r.allow[s] = true
		}
	}
	return r
}

// apply is the label value for the pushed value v.
func (r *rule) apply(v string, overflow *int) string {
	if v == "" {
		return ""
	}
	s, ok := r.form(v)
	switch {
	case s == "" && ok, s == Unknown, s == Other:
		return s
	case !ok, len(s) > r.maxBytes, len(r.allow) > 0 && !r.allow[s]:
		*overflow++
		return Other
	}
	return s
}

// spelling is the form of all labels but languages: the value without space
// around it and in lower case. A value that is so already is not copied.
func spelling(v string) (string, bool) {
	return strings.ToLower(strings.TrimSpace(v)), true
}
