package backfill

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// killed makes this program a child that backfills into a folder and kills
// itself at a share of the work: "dir share".
const killed = "BACKFILL_TEST_KILLED"

func TestMain(m *testing.M) {
	dir, share, ok := strings.Cut(os.Getenv(killed), " ")
	if !ok {
		os.Exit(m.Run())
	}
	at, err := strconv.ParseFloat(share, 64)
	if err == nil {
		o := resumable(dir)
		o.Progress = func(share float64, _ time.Time) {
			if share >= at {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		}
		_, err = Run(context.Background(), o)
	}
	fmt.Println("not killed:", err)
	os.Exit(1)
}

// resumable are the options of one and the same backfill, into different folders.
func resumable(dir string) Options {
	var all []happened
	b, err := os.ReadFile(filepath.Join(dir, "events.json"))
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		panic(err)
	}
	o := options(all)
	o.Prometheus, o.Storage = filepath.Join(dir, "prometheus"), filepath.Join(dir, "data")
	shippedRules(&o)
	return o
}

// resumableFolder has the events of seven days, which are four periods.
func resumableFolder(t *testing.T) string {
	dir := t.TempDir()
	b, err := json.Marshal(simulated(t, 7, 20, noon))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "events.json"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// tree is a hash of every file below dir.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir)] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Killed at any share of the work, again and again, it ends with the very files
// of a run that was left alone.
func TestKilledAndStartedAgain(t *testing.T) {
	shares := []string{"0.001", "0.4", "0.41", "0.7", "1"}
	if testing.Short() {
		shares = []string{"0.4"}
	}
	alone, full := resumable(resumableFolder(t)), 0
	alone.Progress = func(float64, time.Time) { full++ }
	want := mustRun(t, alone)
	dir := resumableFolder(t)
	for _, share := range shares {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), killed+"="+dir+" "+share)
		out, err := child.CombinedOutput()
		if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
			t.Fatalf("at %s: %v\n%s", share, err, out)
		}
		if blocks := blocksIn(t, filepath.Join(dir, "prometheus")); len(blocks) > 0 {
			t.Errorf("at %s Prometheus has the blocks %v of half a history", share, blocks)
		}
	}
	o := resumable(dir)
	steps := 0
	o.Progress = func(float64, time.Time) { steps++ }
	got := mustRun(t, o)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alone, killed (-/+):\n%s", diff)
	}
	if diff := cmp.Diff(tree(t, alone.Prometheus), tree(t, o.Prometheus)); diff != "" {
		t.Errorf("alone, killed (-/+):\n%s", diff)
	}
	if !testing.Short() && steps > full/2 {
		t.Errorf("%d steps of work after the kills, %d without: what was there was made again", steps, full)
	}
	wantStore(t, alone.Storage, o.Storage)

	again := mustRun(t, o)
	if !again.Before || !again.End.Equal(want.End) || again.Samples != want.Samples {
		t.Errorf("a third run did %+v", again)
	}
	if diff := cmp.Diff(tree(t, alone.Prometheus), tree(t, o.Prometheus)); diff != "" {
		t.Errorf("after a third run (-/+):\n%s", diff)
	}
}

// wantStore compares two stores by what an exporter shows of them.
func wantStore(t *testing.T, want, got string) {
	t.Helper()
	if diff := cmp.Diff(shown(t, want, noon), shown(t, got, noon)); diff != "" {
		t.Errorf("store in %s, in %s (-/+):\n%s", want, got, diff)
	}
}

func blocksIn(t *testing.T, dir string) []string {
	t.Helper()
	blocks, err := filepath.Glob(filepath.Join(dir, "*", "meta.json"))
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

// A store that cannot be written comes when it can, and Prometheus may have
// taken the blocks by then.
func TestStoreComesLater(t *testing.T) {
	o := inNewFolders(t, simulated(t, 3, 20, noon))
	good := o.Storage
	o.Storage = filepath.Join(t.TempDir(), "file", "data")
	if err := os.Mkdir(filepath.Dir(o.Storage), 0o700); err != nil {
		t.Fatal(err)
	}
	open := o.Open
	o.Open = func(now time.Time) (Source, error) { // after it was looked for, before it is made
		if err := os.RemoveAll(filepath.Dir(o.Storage)); err != nil {
			return Source{}, err
		}
		if err := os.WriteFile(filepath.Dir(o.Storage), nil, 0o600); err != nil {
			return Source{}, err
		}
		return open(now)
	}
	if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), "writing the store in "+o.Storage) {
		t.Fatalf("got %v", err)
	}
	published := blocksIn(t, o.Prometheus)
	for _, b := range published[1:] {
		if err := os.RemoveAll(filepath.Dir(b)); err != nil { // compacted into others
			t.Fatal(err)
		}
	}
	o.Storage, o.Open = good, open
	if r := mustRun(t, o); r.Samples == 0 || r.Series == 0 || r.Blocks != len(published) {
		t.Errorf("got %+v of %d blocks", r, len(published))
	}
	if now := blocksIn(t, o.Prometheus); len(now) != 1 || now[0] != published[0] {
		t.Errorf("the blocks are %v, want %s alone", now, published[0])
	}
	if len(shown(t, good, noon)) == 0 {
		t.Error("the store is empty")
	}
}

// A folder remembers what was asked for.
func TestOtherArguments(t *testing.T) {
	o := inNewFolders(t, simulated(t, 3, 20, noon))
	ctx, cancel := context.WithCancel(context.Background())
	o.Progress = func(float64, time.Time) { cancel() }
	if _, err := Run(ctx, o); err == nil {
		t.Fatal("it was not canceled")
	}
	refused := func(want string, change func(*Options)) {
		t.Helper()
		other := o
		change(&other)
		if _, err := Run(context.Background(), other); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	arguments := func(o *Options) { o.Arguments = map[string]string{"simulate": "csat-regression"} }
	refused(`/support_backfill is of an unfinished backfill with simulate "healthy", not "csat-regression": take that folder away to begin anew`, arguments)
	refused(`/support_backfill is of an unfinished backfill with other rules or another configuration: take that folder away to begin anew`, shippedRules)
	mustRun(t, o)
	refused(`/support_backfill is of a finished backfill with simulate "healthy", not "csat-regression": another one needs new folders`, arguments)
	other := o
	shippedRules(&other)
	if r := mustRun(t, other); !r.Before {
		t.Errorf("newer rules made it anew: %+v", r)
	}
}
