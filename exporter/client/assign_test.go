package client_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"supportexporter/exporter/client"
)

// assignmentFile holds what every implementation must come to. It was written
// by the one in Python beside it.
const assignmentFile = "../../examples/experiments/assignments.json"

func TestAssignmentVectors(t *testing.T) {
	content, err := os.ReadFile(filepath.FromSlash(assignmentFile))
	if err != nil {
		t.Fatal(err)
	}
	var experiments []struct {
		Experiment, Salt string
		Weights          map[string]float64
		Assignments      []struct {
			ConversationID string `json:"conversation_id"`
			FirstBytes     string `json:"first_8_bytes"`
			Point          float64
			Variant        string
		}
	}
	if err := json.Unmarshal(content, &experiments); err != nil {
		t.Fatal(err)
	}
	variants := map[string]bool{}
	for _, x := range experiments {
		a := assignment(t, x.Experiment, x.Salt, x.Weights)
		for _, v := range x.Assignments {
			if got := a.Variant(v.ConversationID); got != v.Variant {
				t.Errorf("%s, salt %q: conversation %q gets %q, want %q", x.Experiment, x.Salt, v.ConversationID, got, v.Variant)
			}
			variants[v.Variant] = true

			// What stands there for those who look for their mistake.
			sum := sha256.Sum256([]byte(x.Salt + "\x00" + x.Experiment + "\x00" + v.ConversationID))
			if got := hex.EncodeToString(sum[:8]); got != v.FirstBytes {
				t.Errorf("%s, conversation %q: the hash begins with %s, the file has %s", x.Experiment, v.ConversationID, got, v.FirstBytes)
			}
			if got := float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53); got != v.Point {
				t.Errorf("%s, conversation %q: the point is %v, the file has %v", x.Experiment, v.ConversationID, got, v.Point)
			}
		}
	}
	if len(variants) < 15 {
		t.Errorf("only %d variants are ever given", len(variants))
	}
}

func assignment(t interface{ Fatal(...any) }, experiment, salt string, weights map[string]float64) *client.Assignment {
	a, err := client.NewAssignment(experiment, salt, weights)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAssignmentRefused(t *testing.T) {
	for want, x := range map[string]struct {
		experiment, salt string
		weights          map[string]float64
	}{
		"the experiment has no name":              {"", "", map[string]float64{"a": 1}},
		"without NUL":                             {"x", "a\x00b", map[string]float64{"a": 1}},
		`"x\x00", salt "": must be without NUL`:   {"x\x00", "", map[string]float64{"a": 1}},
		"must have a variant":                     {"x", "", nil},
		`weight of variant "b" must be more`:      {"x", "", map[string]float64{"a": 1, "b": 0}},
		"more than 0, got -1":                     {"x", "", map[string]float64{"a": -1}},
		"more than 0, got NaN":                    {"x", "", map[string]float64{"a": math.NaN()}},
		"the sum of all weights must be finite":   {"x", "", map[string]float64{"a": math.MaxFloat64, "b": math.MaxFloat64}},
		`of experiment "x": the sum of all weigh`: {"x", "", map[string]float64{"a": math.Inf(1)}},
	} {
		a, err := client.NewAssignment(x.experiment, x.salt, x.weights)
		if a != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v; want an error with %q", a, err, want)
		}
	}
}

// Any declaration gives each conversation one of its variants, the same one
// however the declaration is made and whoever asks.
func TestAssignmentIsSticky(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[^\x00]{1,20}`)
		weights := rapid.MapOfN(name, rapid.Float64Range(0.001, 1e6), 1, 20).Draw(t, "weights")
		experiment, salt := name.Draw(t, "experiment"), rapid.StringMatching(`[^\x00]{0,20}`).Draw(t, "salt")
		ids := rapid.SliceOfN(rapid.String(), 1, 20).Draw(t, "ids")
		a := assignment(t, experiment, salt, weights)
		twin := assignment(t, experiment, salt, maps.Clone(weights))
		for _, id := range ids {
			v := a.Variant(id)
			if weights[v] == 0 {
				t.Fatalf("conversation %q gets %q, which is no variant", id, v)
			}
			if again := twin.Variant(id); again != v {
				t.Fatalf("conversation %q gets %q, then %q", id, v, again)
			}
		}
	})
}

// conversations are as many ids as a busy month has of one intent.
const conversations = 200_000

func conversation(i int) string { return fmt.Sprintf("conv-%08d", i) }

// The shares are the weights', as nearly as chance allows: the ids are fixed,
// so this comes out the same every time. p < 0.001 would be once in a thousand
// hashes.
func TestAssignmentShares(t *testing.T) {
	for _, weights := range []map[string]float64{
		{"a": 1, "b": 1},
		{"a": 9, "b": 1},
		{"a": 0.99, "b": 0.01},
		{"a": 1, "b": 1, "c": 1},
		{"a": 2, "b": 3, "c": 5, "d": 0.5},
		{"control": 50, "v1": 12.5, "v2": 12.5, "v3": 12.5, "v4": 12.5},
	} {
		for _, experiment := range []string{"greeting", "prompt v2", "größe"} {
			a := assignment(t, experiment, "", weights)
			counts := map[string]float64{}
			for i := range conversations {
				counts[a.Variant(conversation(i))]++
			}
			total := 0.0
			for _, w := range weights {
				total += w
			}
			chi2 := 0.0
			for v, w := range weights {
				expected := conversations * w / total
				chi2 += (counts[v] - expected) * (counts[v] - expected) / expected
				if d := math.Abs(counts[v] - expected); d > 5*math.Sqrt(expected) {
					t.Errorf("%s %v: %v conversations get %s, want about %v", experiment, weights, counts[v], v, expected)
				}
			}
			if p := pValue(chi2, len(weights)-1); p < 0.001 {
				t.Errorf("%s %v: %v, p = %v", experiment, weights, counts, p)
			}
		}
	}
}

func pValue(chi2 float64, freedom int) float64 {
	return distuv.ChiSquared{K: float64(freedom)}.Survival(chi2)
}

// What a conversation gets in one experiment says nothing about what it gets in
// another one, or in the same one under another salt.
func TestAssignmentIndependence(t *testing.T) {
	three := map[string]float64{"a": 1, "b": 1, "c": 2}
	greeting := assignment(t, "greeting", "", three)
	for name, other := range map[string]*client.Assignment{
		"another experiment":         assignment(t, "greeting2", "", three),
		"another one, other weights": assignment(t, "tone", "", map[string]float64{"x": 9, "y": 1}),
		"another salt":               assignment(t, "greeting", "2", three),
		"salt and name exchanged":    assignment(t, "2", "greeting", three),
	} {
		pairs, rows, columns := map[[2]string]float64{}, map[string]float64{}, map[string]float64{}
		for i := range conversations {
			id := conversation(i)
			row, column := greeting.Variant(id), other.Variant(id)
			pairs[[2]string{row, column}]++
			rows[row]++
			columns[column]++
		}
		chi2 := 0.0
		for row, r := range rows {
			for column, c := range columns {
				expected := r * c / conversations
				d := pairs[[2]string{row, column}] - expected
				chi2 += d * d / expected
			}
		}
		if p := pValue(chi2, (len(rows)-1)*(len(columns)-1)); p < 0.001 {
			t.Errorf("%s: %v, p = %v", name, pairs, p)
		}
	}
}

// Assigning is cheap enough to be done for every event.
func BenchmarkAssignment(b *testing.B) {
	a := assignment(b, "greeting", "", map[string]float64{"short": 1, "warm": 1})
	b.ReportAllocs()
	for b.Loop() {
		a.Variant("9f1c2d34-5b6a-4c7d-8e9f-0a1b2c3d4e5f")
	}
}

func TestAssignmentDoesNotAllocate(t *testing.T) {
	long := strings.Repeat("x", 64)
	a := assignment(t, long, long, map[string]float64{"short": 1, "warm": 1})
	id := strings.Repeat("c", 255)
	if n := testing.AllocsPerRun(100, func() { a.Variant(id) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func TestAssignmentIsConcurrent(t *testing.T) {
	a := assignment(t, "greeting", "", map[string]float64{"short": 1, "warm": 1})
	want := a.Variant("c-1")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				if got := a.Variant("c-1"); got != want {
					t.Errorf("got %q, then %q", want, got)
					return
				}
			}
		})
	}
	all.Wait()
}
