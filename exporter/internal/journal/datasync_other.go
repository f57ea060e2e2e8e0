//go:build !linux

package journal

import "os"

// datasync is fsync where there is no fdatasync, or none that can be relied on.
func datasync(f *os.File) error { return f.Sync() }
