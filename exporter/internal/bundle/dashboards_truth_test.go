package bundle

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"
)

// tellStates checks what the overview's tiles are named, and so painted, by:
// what is wrong in later is told, and only that.
func tellStates(t *testing.T, s *promServer, end time.Time) {
	static := choices{"window": "1d", "baseline": "static"}
	for _, c := range []struct {
		tile, want string
		with       choices
	}{
		{"Cost A", "much worse", static},
		{"Turns A", "worse", static},
		{"CSAT A", "better", static},
		{"Resolution rate A", "as expected", static},
		{"Cost A", "not compared", choices{"window": "7d", "baseline": "seasonal"}}, // there is none of a week
	} {
		for _, q := range boardQueries(t) {
			if q.board.UID != "support-overview" || q.where != c.tile {
				continue
			}
			data, err := s.get("/api/v1/query_range", url.Values{
				"query": {q.board.chosen(t, time.Minute, c.with).fill(t, q.Expr)},
				"start": {unixText(end.Add(-24 * time.Hour))}, "end": {unixText(end)}, "step": {"600"},
			})
			if err != nil {
				t.Fatal(err)
			}
			var answer struct {
				Result []struct {
					Metric map[string]string
					Values [][2]any
				}
			}
			if err := json.Unmarshal(data, &answer); err != nil {
				t.Fatal(err)
			}
			if len(answer.Result) != 1 {
				t.Fatalf("%s, %v: %d series, want one", c.tile, c.with, len(answer.Result))
			}
			if r := answer.Result[0]; r.Metric["state"] != c.want || len(r.Values) < 100 {
				t.Errorf("%s, %v: %q with %d values, want %q with all", c.tile, c.with, r.Metric["state"], len(r.Values), c.want)
			}
		}
	}
}

// What the breakdown counts itself for one intent is, for all of them, what the
// rules record by tier and by language.
func TestBreakdownCountsAsTheRulesDo(t *testing.T) {
	s := withRules(t, newPopulation(time.Now(), 3, 2, 2))
	compared := 0
	for _, q := range boardQueries(t) {
		recorded, counted, both := strings.Cut(q.Expr, "\nor on () ")
		if q.board.UID != "support-intents" || !both {
			continue
		}
		for _, w := range windows {
			values := q.board.chosen(t, time.Minute, choices{"window": w.name})
			want, _, err := s.query(values.fill(t, recorded))
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := s.query(values.fill(t, counted))
			if err != nil {
				t.Fatal(err)
			}
			if len(want) != 2 {
				t.Fatalf("%s over %s: %d recorded, want 2", q.where, w.name, len(want))
			}
			compared++
			of := map[string]float64{}
			for _, g := range got {
				of[fmt.Sprint(g.labels)] = g.value
			}
			for _, r := range want {
				if value, ok := of[fmt.Sprint(r.labels)]; !ok || math.Abs(value-r.value) > 1e-9*math.Abs(r.value) {
					t.Errorf("%s over %s: %v is counted as %v (%v), recorded as %v", q.where, w.name, r.labels, value, ok, r.value)
				}
			}
		}
	}
	if want := 2 * 7 * len(windows); compared != want {
		t.Errorf("%d compared, want %d", compared, want)
	}
}
