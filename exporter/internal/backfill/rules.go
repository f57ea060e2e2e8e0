package backfill

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// rule is one recording rule.
type rule struct {
	name   string // of what it records
	group  string
	labels map[string]string // that it sets; an empty value takes a label away
	expr   string
	reads  [][]*labels.Matcher // the selectors in the expression
}

// String names the rule for people.
func (r *rule) String() string {
	text := r.group + "/" + r.name
	if len(r.labels) > 0 {
		text += labels.FromMap(r.labels).String()
	}
	return text
}

// readsName says whether the expression may read a series of this name.
func (r *rule) readsName(name string) bool {
	return slices.ContainsFunc(r.reads, func(m []*labels.Matcher) bool { return matchesName(m, name) })
}

// readsSeries says whether the expression reads this series.
func (r *rule) readsSeries(l labels.Labels) bool {
	return slices.ContainsFunc(r.reads, func(m []*labels.Matcher) bool { return matches(m, l) })
}

// group is a group of rules, in the order in which they run.
type group struct {
	name  string
	rules []*rule
}

// loadRules reads the recording rules of the files that the patterns match,
// without the groups that are to be left out, in an order in which none comes
// before one that it reads. Within a group that is the group's own order.
func loadRules(patterns, leaveOut []string) ([]*rule, error) {
	var groups []*group
	p := parser.NewParser(parser.Options{})
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("rules %q: %w", pattern, err)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("rules %q: no such file", pattern)
		}
		for _, file := range files {
			parsed, errs := rulefmt.ParseFile(file, false, model.UTF8Validation, p, promslog.NewNopLogger())
			if len(errs) > 0 {
				return nil, fmt.Errorf("rules: %w", errors.Join(errs...))
			}
			for _, g := range parsed.Groups {
				if slices.Contains(leaveOut, g.Name) {
					continue
				}
				next, err := newGroup(p, g)
				if err != nil {
					return nil, fmt.Errorf("rules: %s: %w", file, err)
				}
				groups = append(groups, next)
			}
		}
	}
	return inOrder(groups)
}

// newGroup takes the recording rules of a group; alerts are not for the past.
func newGroup(p parser.Parser, g rulefmt.RuleGroup) (*group, error) {
	out := &group{name: g.Name}
	for _, r := range g.Rules {
		if r.Record == "" {
			continue
		}
		expr, err := p.ParseExpr(r.Expr)
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", g.Name, r.Record, err)
		}
		set := map[string]string{}
		for _, from := range []map[string]string{g.Labels, r.Labels} {
			for name, value := range from {
				set[name] = value
			}
		}
		out.rules = append(out.rules, &rule{
			name: r.Record, group: g.Name, labels: set, expr: r.Expr, reads: parser.ExtractSelectors(expr),
		})
	}
	return out, nil
}

// inOrder gives the rules of all groups, each group behind those that it reads.
// Prometheus needs no order: there a group reads what another recorded at its
// last turn. Here a group is evaluated for two days at a time.
func inOrder(groups []*group) ([]*rule, error) {
	var rules []*rule
	for len(groups) > 0 {
		at := slices.IndexFunc(groups, func(g *group) bool {
			return !slices.ContainsFunc(groups, func(other *group) bool { return other != g && g.reads(other) })
		})
		if at < 0 {
			names := make([]string, len(groups))
			for i, g := range groups {
				names[i] = g.name
			}
			return nil, fmt.Errorf("rules: the groups %s read each other in a circle", strings.Join(names, ", "))
		}
		rules = append(rules, groups[at].rules...)
		groups = slices.Delete(groups, at, at+1)
	}
	return rules, nil
}

// reads says whether a rule of the group may read what another group records.
func (g *group) reads(other *group) bool {
	return slices.ContainsFunc(g.rules, func(r *rule) bool {
		return slices.ContainsFunc(other.rules, func(o *rule) bool { return r.readsName(o.name) })
	})
}

// waves splits rules that are in order into runs of rules that do not read each
// other, so that the rules of a wave can be evaluated at the same time.
func waves(rules []*rule) [][]*rule {
	var all [][]*rule
	for begin := 0; begin < len(rules); {
		end := begin + 1
		for end < len(rules) && !slices.ContainsFunc(rules[begin:end], func(r *rule) bool { return rules[end].readsName(r.name) }) {
			end++
		}
		all = append(all, rules[begin:end])
		begin = end
	}
	return all
}
