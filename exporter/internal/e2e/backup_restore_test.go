package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// A restored backup is the store it was made of: it exposes the same, takes
// what was pushed before for duplicates, and goes on.
func TestRestoredBackup(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	e := startExporter(t, store)
	file, want := generateAirline(t)
	lines := strings.Count(readFile(t, file), "\n")
	wantPushed(t, e, file, lines, 0)
	restored := wantRestored(t, store, e)
	wantAirline(t, "restored", restored, want)
	wantPushed(t, restored, file, 0, lines)
	restored.mustPush(`{"conversation_id": "after the restore", "csat": 5}`)

	// What came to the first one since is missing from the copy, and counts there
	// when it is sent again.
	const later = `{"conversation_id": "after the backup", "csat": 4}`
	e.mustPush(later)
	restored.mustPush(later)
	e.mustPush(`{"conversation_id": "after the restore", "csat": 5}`)
	wantSeries(t, "when both were told the same", restored.metrics().counted(), e.metrics().counted())

	restored.stop()
	e.stop()
	output := filepath.Join(t.TempDir(), "backup")
	backup(t, store, output) // of a store that nobody uses
	e, restored = startExporter(t, store), startExporter(t, output)
	wantSeries(t, "backed up after a stop", restored.metrics(), e.metrics())
}

// A store that can take no more, as on a full disk, can be backed up to one where
// it can: nothing that was answered is missing, and pushes go on there.
func TestBackupOfFailingStore(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	e := startExporter(t, store)
	e.expectError("Events cannot be made durable")
	block(t, store)
	h := &heavy{t: t}
	for h.push(e) == nil {
	}
	output := filepath.Join(t.TempDir(), "backup")
	backup(t, store, output)
	e.kill()
	restored := startExporter(t, output)
	h.want(restored)
	if err := h.push(restored); err != nil {
		t.Errorf("the batch that was refused before: %v", err)
	}
	h.wantExactly(restored)
}
