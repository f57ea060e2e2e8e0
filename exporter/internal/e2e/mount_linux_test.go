package e2e

import (
	"testing"

	"golang.org/x/sys/unix"
)

// mountDisk gives a disk of this size, in memory, that is unmounted when the test
// ends. Who may not mount skips the test.
func mountDisk(t *testing.T, size string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NODEV|unix.MS_NOSUID, "mode=0700,size="+size); err != nil {
		t.Skipf("a disk of its own must be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmounting %s: %v", dir, err)
			_ = unix.Unmount(dir, unix.MNT_DETACH) // whatever holds it
		}
	})
	return dir
}

// makeReadOnly has a disk take no more writes.
func makeReadOnly(t *testing.T, dir string) {
	t.Helper()
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}

// roomOn gives the bytes that are free on a disk.
func roomOn(t *testing.T, dir string) int64 {
	t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize
}
