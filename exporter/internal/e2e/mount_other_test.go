//go:build !linux

package e2e

import "testing"

func mountDisk(t *testing.T, _ string) string {
	t.Skip("only Linux has file systems in memory that a test can mount")
	return ""
}

func makeReadOnly(*testing.T, string) {}

func roomOn(*testing.T, string) int64 { return 0 }
