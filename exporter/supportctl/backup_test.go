package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"supportexporter/exporter/internal/journal"
)

// storeOf makes a folder with a checkpoint of three frames and a log of two
// more, which this process holds until the test ends.
func storeOf(t *testing.T, dir string) {
	t.Helper()
	fs, err := journal.OS(dir)
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(fs, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range 5 {
		if i == 3 {
			c, err := j.StartCheckpoint()
			if err == nil {
				err = c.Write(func(w io.Writer) error { return nil })
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Append([]byte("frame")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBackup(t *testing.T) {
	storage, output := t.TempDir(), filepath.Join(t.TempDir(), "new", "backup")
	storeOf(t, storage) // held while it is backed up
	got := invoke(t.Context(), nil, "backup", "--storage.path="+storage, "--output="+output)
	if got.code != exitOK || got.stderr != "" {
		t.Fatalf("exit code %d, stderr %q", got.code, got.stderr)
	}
	if want := regexp.MustCompile(`^files +2\nbytes +\d+\nduration +0s\n$`); !want.MatchString(got.stdout) {
		t.Errorf("stdout %q, want %s", got.stdout, want)
	}
	// 24 bytes of a checkpoint's header, 40 of a segment's, 16 of a frame's: an empty
	// checkpoint, and two frames behind it.
	if want := "\nbytes     122\n"; !strings.Contains(got.stdout, want) {
		t.Errorf("stdout %q, want %q", got.stdout, want)
	}
	again := invoke(t.Context(), nil, "backup", "--storage.path="+output, "--output="+filepath.Join(t.TempDir(), "copy"))
	if again != got {
		t.Errorf("a backup of the backup: %+v, want %+v", again, got)
	}
	for _, name := range []string{"00000000000000000003.checkpoint", "00000000000000000004.log"} {
		info, err := os.Stat(filepath.Join(output, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, error %v; want one that only its owner reads", name, info, err)
		}
	}
}

func TestBackupThatCannotBe(t *testing.T) {
	storage := t.TempDir()
	storeOf(t, storage)
	file := write(t, "file", "")
	for _, tt := range []struct{ name, storage, output, want string }{
		{"no folder", filepath.Join(storage, "missing"), t.TempDir(), "--storage.path: opening the store's folder: "},
		{"no store", t.TempDir(), t.TempDir(), "backing up the store: the folder holds no store"},
		{"output is a file", storage, file, "--output: making the store's folder: "},
		{"output is not empty", storage, filepath.Dir(file), "the folder to back up to is not empty: it holds file"},
		{"output is the store", storage, storage, "--output: locking the store's folder "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := invoke(t.Context(), nil, "backup", "--storage.path="+tt.storage, "--output="+tt.output)
			if got.code != exitProblems || got.stdout != "" || !strings.HasPrefix(got.stderr, "supportctl: error: "+tt.want) {
				t.Errorf("got %+v, want %s", got, tt.want)
			}
		})
	}
	got := invoke(t.Context(), nil, "backup", "--output=")
	if want := "supportctl: error: --output must not be empty, try --help\n"; got.code != exitUsage || got.stderr != want {
		t.Errorf("got %+v, want %s", got, want)
	}
}

func TestBackupInterrupted(t *testing.T) {
	storage, output := t.TempDir(), t.TempDir()
	storeOf(t, storage)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := invoke(ctx, nil, "backup", "--storage.path="+storage, "--output="+output)
	if got.code != exitProblems || !strings.Contains(got.stderr, "context canceled") {
		t.Errorf("got %+v", got)
	}
	got = invoke(t.Context(), nil, "backup", "--storage.path="+storage, "--output="+output)
	if got.code != exitOK {
		t.Errorf("into the same folder: %+v", got)
	}
}

// A backup that begins anew shows it so.
func TestBackupProgress(t *testing.T) {
	var stderr strings.Builder
	clock := time.Unix(1_700_000_000, 0)
	p := backupProgress{env: &environment{stderr: &stderr, now: func() time.Time {
		clock = clock.Add(plainInterval)
		return clock
	}}}
	for _, at := range [][2]int64{{3, 10}, {7, 10}, {2, 20}, {20, 20}} {
		p.show(at[0], at[1])
	}
	p.finish()
	if want := "3 of 10 bytes read\n7 of 10 bytes read\n2 of 20 bytes read\n20 of 20 bytes read\n"; stderr.String() != want {
		t.Errorf("got %q, want %q", stderr.String(), want)
	}
}
