package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// weighing declares an experiment whose second variant has this weight.
func weighing(t *testing.T, weight float64, more map[string]any) string {
	x := map[string]any{"variants": []any{map[string]any{"name": "plain"}, map[string]any{"name": "warm", "weight": weight}}}
	for field, value := range more {
		x[field] = value
	}
	return declaration(t, x)
}

// What was declared is frozen with the start: a reload and a restart refuse
// other weights with the reason, also after the experiment was taken out, and
// all that was in force stays so.
func TestExperimentIsFrozen(t *testing.T) {
	t.Parallel()
	const refusal = `experiments: "greeting" has started and keeps what was declared, because its counts cannot be split again: ` +
		`weight of variant "warm" was 1, got 9; declare a new experiment under another name`
	const weight = `support_experiment_variant_weight{experiment="greeting", role="treatment", variant="warm"}`
	logged := strings.ReplaceAll(refusal, `"`, `\"`)
	store, config := t.TempDir(), writeFile(t, "config.yml", weighing(t, 1, nil))
	flags := []string{"--config.file=" + config, "--web.enable-lifecycle"}
	e := startExporter(t, store, flags...)
	e.expectError("The configuration was not reloaded")
	// c-1 has plain under equal weights, and would have warm under 1 to 9.
	const conversation = "c-1"
	wantVariant(t, e, "greeting", conversation, "plain")

	refused := func() {
		t.Helper()
		rewrite(t, config, weighing(t, 9, nil))
		r := e.wantStatus(http.StatusInternalServerError, http.MethodPost, reloadPath)
		wantText(t, string(r.body), refusal)
		wantReload(t, e, 0)
	}
	refused()
	wantVariant(t, e, "greeting", conversation, "plain")
	if got := e.metrics()[weight]; got != 1 {
		t.Errorf("%s is %v", weight, got)
	}

	rewrite(t, config, weighing(t, 1, map[string]any{"end": "2100-01-01T00:00:00Z"})) // may be moved
	e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
	rewrite(t, config, "")
	e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
	e.wantStatus(http.StatusNotFound, http.MethodGet, variantOf("greeting", conversation))
	if _, exposed := e.metrics()[weight]; exposed {
		t.Errorf("%s is exposed after the experiment was taken out", weight)
	}
	refused()
	e.kill()
	wantFailure(t, launchExporter(t, store, flags...), logged)

	rewrite(t, config, weighing(t, 1, nil))
	e = startExporter(t, store, flags...)
	wantVariant(t, e, "greeting", conversation, "plain")
	e.stop()
	rewrite(t, config, weighing(t, 9, nil))
	wantFailure(t, launchExporter(t, store, flags...), logged)
}
