package ledger_test

import (
	"context"
	"strings"
	"testing"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/journal/simdisk"
	"supportexporter/exporter/internal/ledger"
)

func splitting(weight float64) conversation.Settings {
	s := settings()
	s.Experiments = []config.Experiment{{
		Name: "greeting", Variants: []config.Variant{{Name: "short", Weight: 1}, {Name: "warm", Weight: weight}},
	}}
	return s
}

// Other weights than those an experiment started with are refused by a reload
// and by a restart, whether the store comes back from its log or from its
// checkpoint, and also if the experiment was not declared in between.
func TestOtherWeightsAreRefused(t *testing.T) {
	const want = `experiments: "greeting" has started and keeps what was declared, because its counts cannot be split again: weight of variant "warm" was 1, got 2`
	for name, declaredFirst := range map[string]bool{"declared when the store is made": true, "declared by a reload": false} {
		for end, checkpointed := range map[string]bool{"closed": true, "crashed": false} {
			t.Run(name+", "+end, func(t *testing.T) {
				disk := simdisk.New(nil)
				o := options()
				if declaredFirst {
					o.Settings = splitting(1)
				}
				l := open(t, disk, o)
				reload := func(s conversation.Settings) error { return l.Configure(context.Background(), s) }
				if err := reload(splitting(1)); err != nil {
					t.Fatal(err)
				}
				refused(t, reload(splitting(2)), want)
				if err := reload(settings()); err != nil {
					t.Fatal(err)
				}
				refused(t, reload(splitting(2)), want)
				if checkpointed {
					if err := l.Close(); err != nil {
						t.Fatal(err)
					}
				} else {
					t.Cleanup(func() { _ = l.Close() })
				}
				disk.Crash()
				o.Settings = splitting(2)
				_, err := ledger.Open(disk, o)
				refused(t, err, want)
				disk.Crash()
				o.Settings = splitting(1)
				if err := open(t, disk, o).Close(); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
