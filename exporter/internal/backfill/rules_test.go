package backfill

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ruleFile writes a rule file whose groups are given as lines "group: record =
// expression", and gives its path.
func ruleFile(t *testing.T, lines ...string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("groups:\n")
	last := ""
	for _, line := range lines {
		group, rule, _ := strings.Cut(line, ": ")
		record, expr, _ := strings.Cut(rule, " = ")
		name, label, hasLabel := strings.Cut(record, "/")
		if group != last {
			fmt.Fprintf(&b, "  - name: %s\n    rules:\n", group)
			last = group
		}
		fmt.Fprintf(&b, "      - {record: %q, expr: %q", name, expr)
		if hasLabel {
			fmt.Fprintf(&b, ", labels: {which: %q}", label)
		}
		b.WriteString("}\n")
	}
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func names(rules []*rule) string {
	var all []string
	for _, r := range rules {
		all = append(all, r.name)
	}
	return strings.Join(all, " ")
}

func TestOrderOfRules(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"a group behind what it reads", []string{"late: c = b + a", "late: d = c", "early: a = x", "early: b = a"}, "a b c d"},
		{"with offsets, too", []string{"late: c = last_over_time(a[1h] offset 28d)", "early: a = x"}, "a c"},
		{"by a pattern of names", []string{"late: c = sum({__name__=~'a|b'})", "early: a = x"}, "a c"},
		{"a rule may read the ones before it that have its name", []string{"g: a/1 = x", "g: a = sum(a{which='1'})"}, "a a"},
		{"what nobody reads stays", []string{"one: a = x", "two: b = x"}, "a b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := loadRules([]string{ruleFile(t, tt.lines...)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(rules); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestBadRules(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yml")
	if err := os.WriteFile(bad, []byte("groups: [{name: g, rules: [{record: a, expr: 'x +'}]}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ file, want string }{
		{ruleFile(t, "one: a = b", "two: b = a"), "rules: the groups one, two read each other in a circle"},
		{bad, "bad.yml: "},
		{"[", `rules "[": syntax error in pattern`},
		{"nothing.yml", `rules "nothing.yml": no such file`},
	} {
		if _, err := loadRules([]string{tt.file}, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

func TestLeftOutGroups(t *testing.T) {
	file := ruleFile(t, "one: a = x", "two: b = x")
	rules, err := loadRules([]string{file}, []string{"one"})
	if err != nil || names(rules) != "b" {
		t.Errorf("got %s, %v", names(rules), err)
	}
}

// Alerts are for people who are awake.
func TestAlertsAreNotRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.yml")
	text := "groups: [{name: g, labels: {team: a}, rules: [{alert: Down, expr: up == 0}, {record: a, expr: up, labels: {b: c}}]}]"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, err := loadRules([]string{path}, nil)
	if err != nil || len(rules) != 1 || rules[0].String() != `g/a{b="c", team="a"}` {
		t.Errorf("got %v, %v", rules, err)
	}
}

// No rule of a wave reads another of it, and none a later wave; nothing is lost.
func TestWavesOfTheShippedRules(t *testing.T) {
	rules, err := loadRules([]string{"../../../recording-rules/*.yml"}, []string{"support_history"})
	if err != nil {
		t.Fatal(err)
	}
	var flat []*rule
	all := waves(rules)
	for i, wave := range all {
		for _, r := range wave {
			for _, other := range slices.Concat(all[i:]...) {
				if other != r && r.readsName(other.name) && !sameName(all[:i], other.name) {
					t.Errorf("%s is in a wave no later than %s, which it reads", r, other)
				}
			}
		}
		flat = append(flat, wave...)
	}
	if !slices.Equal(flat, rules) || len(all) >= len(rules)/2 {
		t.Errorf("%d rules are %d in %d waves", len(rules), len(flat), len(all))
	}
}

// sameName says whether a rule of these waves records that name, of which others
// come later.
func sameName(waves [][]*rule, name string) bool {
	return slices.ContainsFunc(slices.Concat(waves...), func(r *rule) bool { return r.name == name })
}
