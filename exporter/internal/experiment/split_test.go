package experiment_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/experiment"
)

// declaration is an experiment that runs in March.
func declaration() config.Experiment {
	return config.Experiment{
		Name:     "greeting",
		Variants: []config.Variant{{Name: "warm", Weight: 3}, {Name: "plain", Weight: 1}},
		Control:  "plain",
		Salt:     "s",
		Start:    time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		End:      time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
	}
}

func split(t *testing.T, x config.Experiment) *experiment.Split {
	t.Helper()
	all, err := experiment.NewSplits([]config.Experiment{{Name: "other", Variants: x.Variants}, x})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[x.Name] == nil {
		t.Fatalf("got %v", all)
	}
	return all[x.Name]
}

// Whoever knows the salt and the weights comes to the same variants, in
// whatever order they are declared, while the experiment runs; before and
// after, everybody gets the control.
func TestSplit(t *testing.T) {
	x := declaration()
	reordered := x
	reordered.Variants = slices.Clone(x.Variants)
	slices.Reverse(reordered.Variants)
	endless := x
	endless.Start, endless.End = time.Time{}, time.Time{}
	own, err := client.NewAssignment("greeting", "s", map[string]float64{"plain": 1, "warm": 3})
	if err != nil {
		t.Fatal(err)
	}
	declared, other, always := split(t, x), split(t, reordered), split(t, endless)
	warm := 0
	for i := range 1000 {
		id := fmt.Sprint("c-", i)
		want := own.Variant(id)
		if want == "warm" {
			warm++
		}
		for _, running := range []time.Time{x.Start, x.End.Add(-1)} {
			if a, b, c := declared.Variant(id, running), other.Variant(id, running), always.Variant(id, running); a != want || b != want || c != want {
				t.Fatalf("conversation %s at %s: declared %s, reordered %s, endless %s, the client's %s", id, running, a, b, c, want)
			}
		}
		for _, over := range []time.Time{x.Start.Add(-1), x.End, x.End.Add(time.Hour)} {
			if got := declared.Variant(id, over); got != "plain" {
				t.Fatalf("conversation %s at %s gets %s", id, over, got)
			}
		}
	}
	if warm < 700 || warm > 800 {
		t.Errorf("%d of 1000 conversations got the variant of weight 3 in 4", warm)
	}
}

func TestSplitClaims(t *testing.T) {
	x := declaration()
	s := split(t, x)
	const id = "c-1"
	got := s.Variant(id, x.Start)
	contrary := "plain"
	if got == contrary {
		contrary = "warm"
	}
	for _, tt := range []struct {
		variant string
		at      time.Time
		want    bool
	}{
		{got, x.Start, false},
		{contrary, x.Start, true},
		{contrary, x.End.Add(-1), true},
		{contrary, x.Start.Add(-1), false},
		{contrary, x.End, false},
		{got, x.End, false},
	} {
		if is := s.Contradicts(id, tt.variant, tt.at); is != tt.want {
			t.Errorf("%s at %s: contradicts %t, want %t", tt.variant, tt.at, is, tt.want)
		}
	}
	if !s.Has("plain") || !s.Has("warm") || s.Has("Warm") || s.Has("") {
		t.Error("it does not have its own variants, or has others")
	}
	if names := s.Variants(); !slices.Equal(names, []string{"plain", "warm"}) {
		t.Errorf("variants %v", names)
	}
}

func TestSplitRefused(t *testing.T) {
	for _, x := range []config.Experiment{{}, {Name: "x"}, {Name: "x", Variants: []config.Variant{{Name: "a"}}}} {
		if all, err := experiment.NewSplits([]config.Experiment{x}); err == nil {
			t.Errorf("%v: got %v, want an error", x, all)
		}
	}
}
