package e2e

import "testing"

// Agents get their variants while the store is recovered: the configuration is
// all that these depend on, and conversations do not wait.
func TestVariantWhileRecovering(t *testing.T) {
	t.Parallel()
	e, release := stalledExporter(t, "--config.file="+writeFile(t, "config.yml", declared))
	wantVariant(t, e, "greeting", "c-1", "warm")
	release()
	e.awaitReady()
	wantVariant(t, e, "greeting", "c-1", "warm")
	e.stop()
}
