package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// assignments are the test vectors of how experiments split conversations.
const assignments = "examples/experiments/assignments.json"

// vectors are those of one experiment.
type vectors struct {
	Experiment  string             `json:"experiment"`
	Salt        string             `json:"salt"`
	Weights     map[string]float64 `json:"weights"`
	Assignments []struct {
		ConversationID string `json:"conversation_id"`
		Variant        string `json:"variant"`
	} `json:"assignments"`
}

func readVectors(t *testing.T) []vectors {
	t.Helper()
	var all []vectors
	if err := json.Unmarshal([]byte(readFile(t, filepath.Join(root, assignments))), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// declaration is the configuration of one experiment, which JSON is YAML for.
func declaration(t *testing.T, more map[string]any) string {
	t.Helper()
	x := map[string]any{"name": "greeting", "primary": "csat", "planned_conversations": 1000}
	for field, value := range more {
		x[field] = value
	}
	b, err := json.Marshal(map[string]any{"experiments": []any{x}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func variants(weights map[string]float64) []any {
	var all []any
	for name, weight := range weights { // in any order: it must not matter
		all = append(all, map[string]any{"name": name, "weight": weight})
	}
	return all
}

// wantVariant asks which variant a conversation gets.
func wantVariant(t *testing.T, e *exporter, experiment, conversation, want string) {
	t.Helper()
	r := e.wantStatus(http.StatusOK, http.MethodGet, variantOf(experiment, conversation))
	wantBody, err := json.Marshal(map[string]string{"experiment": experiment, "variant": want})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(r.body)); got != string(wantBody) || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("%s, conversation %q: got %s (%s), want %s", experiment, conversation, got, r.header.Get("Content-Type"), wantBody)
	}
}

func variantOf(experiment, conversation string) string {
	return "/api/v1/experiments/" + url.PathEscape(experiment) + "/variant?conversation_id=" + url.QueryEscape(conversation)
}

// What the exporter answers is what everybody else works out.
func TestVariantVectors(t *testing.T) {
	t.Parallel()
	config := writeFile(t, "config.yml", "")
	e := startExporter(t, t.TempDir(), "--config.file="+config, "--web.enable-lifecycle")
	names := map[string]bool{}
	for _, x := range readVectors(t) {
		if names[x.Experiment] { // one experiment cannot have another salt
			continue
		}
		names[x.Experiment] = true
		rewrite(t, config, declaration(t, map[string]any{"name": x.Experiment, "salt": x.Salt, "variants": variants(x.Weights)}))
		e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
		for _, a := range x.Assignments {
			wantVariant(t, e, x.Experiment, a.ConversationID, a.Variant)
		}
	}
	if len(names) < 5 {
		t.Errorf("only %d experiments", len(names))
	}
}

// The reproductions in other languages come to the same, which is what they are
// there for.
func TestVariantInOtherLanguages(t *testing.T) {
	t.Parallel()
	for _, command := range [][]string{
		{"python3", "examples/experiments/assign.py"},
		{"node", "examples/experiments/assign.mjs"},
	} {
		t.Run(command[0], func(t *testing.T) {
			out := runClient(t, "", append(command, assignments)...)
			if !strings.HasSuffix(out, " assignments, 0 wrong\n") || strings.HasPrefix(out, "0 ") {
				t.Error(out)
			}
			cmd := clientCommand(t, "", command...)
			usage, err := cmd.CombinedOutput()
			want := "usage: " + command[0] + " " + filepath.Base(command[1]) + " assignments.json\n"
			if cmd.ProcessState.ExitCode() != 2 || string(usage) != want {
				t.Errorf("without an argument: %v, %q, want %q", err, usage, want)
			}
		})
	}
}

// Before an experiment starts and once it has ended, all get the control.
func TestVariantOutsideOfTheExperiment(t *testing.T) {
	t.Parallel()
	both := variants(map[string]float64{"a control": 0.001, "warm": 1e6}) // nobody gets the control by chance
	begin := time.Now().Truncate(time.Second)
	config := writeFile(t, "config.yml", "")
	e := startExporter(t, t.TempDir(), "--config.file="+config, "--web.enable-lifecycle")
	for i, tc := range []struct {
		start, end time.Duration
		want       string
	}{
		{-time.Hour, time.Hour, "warm"},
		{time.Hour, 2 * time.Hour, "a control"},
		{-2 * time.Hour, -time.Hour, "a control"},
	} {
		name := fmt.Sprint("x/", i) // a path can have any name
		rewrite(t, config, declaration(t, map[string]any{
			"name": name, "variants": both, "control": "a control", "start": begin.Add(tc.start), "end": begin.Add(tc.end),
		}))
		e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
		wantVariant(t, e, name, "c-1", tc.want)
	}
}

func TestVariantErrors(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml", declared))
	const path = "/api/v1/experiments/greeting/variant"
	for _, tc := range []struct {
		path    string
		status  int
		field   string
		message string
	}{
		{path, 400, "conversation_id", "must be given once, as in ?conversation_id=c-1; got it 0 times"},
		{path + "?conversation=c-1", 400, "conversation_id", "must be given once, as in ?conversation_id=c-1; got it 0 times"},
		{path + "?conversation_id=", 400, "conversation_id", "must be 1 to 255 bytes long, got 0"},
		{path + "?conversation_id=" + strings.Repeat("x", 256), 400, "conversation_id", "must be 1 to 255 bytes long, got 256"},
		{path + "?conversation_id=a&conversation_id=b", 400, "conversation_id", "must be given once, as in ?conversation_id=c-1; got it 2 times"},
		{path + "?conversation_id=a%00b", 400, "conversation_id", `must be UTF-8 without control characters, got "a\x00b"`},
		{path + "?conversation_id=%ff", 400, "conversation_id", `must be UTF-8 without control characters, got "\xff"`},
		{path + "?conversation_id=%zz", 400, "conversation_id", `must be escaped as a query is: invalid URL escape "%zz"`},
		{"/api/v1/experiments/Greeting/variant?conversation_id=c-1", 404, "experiment", `must be one that the configuration declares, got "Greeting"`},
	} {
		r := e.wantStatus(tc.status, http.MethodGet, tc.path)
		want, err := json.Marshal(map[string]any{"errors": []map[string]string{{"field": tc.field, "message": tc.message}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(strings.TrimSpace(string(r.body)), `\u0026`, "&"); got != string(want) {
			t.Errorf("%s: got %s, want %s", tc.path, got, want)
		}
	}
	e.wantStatus(http.StatusMethodNotAllowed, http.MethodPost, path+"?conversation_id=c-1")
	wantVariant(t, e, "greeting", strings.Repeat("x", 255), "short")
}

// Asking needs what scraping needs.
func TestVariantWithBasicAuth(t *testing.T) {
	t.Parallel()
	e := launchExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml", declared),
		"--web.config.file="+writeFile(t, "web.yml", basicUsers))
	plain := e.client
	e.client = &http.Client{Transport: basicAuth{plain.Transport}}
	e.awaitReady()
	e.wantStatus(http.StatusOK, http.MethodGet, variantOf("greeting", "c-1"))
	e.client = plain
	e.wantStatus(http.StatusUnauthorized, http.MethodGet, variantOf("greeting", "c-1"))
}
