package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"supportexporter/exporter/internal/report"
)

// fakePrometheus knows one store that is a hundred days old, of which 60 % of
// 1,000 conversations were escalated in every period.
type fakePrometheus struct {
	targets string // the answer to what is asked about targets
	user    string // who may ask; anybody if empty
}

func (f *fakePrometheus) start(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return server.URL
}

func (f *fakePrometheus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if user, _, _ := r.BasicAuth(); user != f.user {
		http.Error(w, `{"status":"error","errorType":"unauthorized","error":"who are you"}`, http.StatusUnauthorized)
		return
	}
	const store = `"job":"support","instance":"one","store":"1.6e9"`
	query, now := r.FormValue("query"), 1_700_000_000
	result, kind := "", "vector"
	switch {
	case strings.HasSuffix(r.URL.Path, "/query_exemplars"):
		fmt.Fprint(w, `{"status":"success","data":[]}`)
		return
	case strings.HasSuffix(r.URL.Path, "/query_range"):
		kind = "matrix"
		var hours []string
		for t := now - 20*86400; t <= now; t += 3600 {
			hours = append(hours, fmt.Sprintf(`[%d,"%d"]`, t, now-100*86400))
		}
		result = fmt.Sprintf(`{"metric":{%s},"values":[%s]}`, store, strings.Join(hours, ","))
	case strings.Contains(query, "store:support_counters:sum"):
		var at float64
		fmt.Sscan(r.FormValue("time"), &at) //nolint:errcheck // 0 shows
		weeks := 100 - (float64(now)-at)/86400/7
		series := func(labels string, value float64) string {
			return fmt.Sprintf(`{"metric":{%s,%s},"value":[%f,"%f"]}`, store, labels, at, value)
		}
		intent := `"intent":"refund",`
		if strings.Contains(query, "without (intent)") {
			intent = ""
		}
		result = strings.Join([]string{
			series(`"counter":"ledger_start_timestamp_seconds"`, float64(now-100*86400)),
			series(intent+`"counter":"conversations","outcome":"resolved"`, weeks*400),
			series(intent+`"counter":"conversations","outcome":"escalated"`, weeks*600),
		}, ",")
	case strings.Contains(query, "support:baseline"):
		result = f.targets
	}
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":[%s]}}`, kind, result)
}

// targetSeries are the answer that has what a critical issue needs.
func targetSeries() string {
	var all []string
	for name, value := range map[string]string{
		`"__name__":"support:baseline:static","kpi":"escalation_rate"`:                                 "0.12",
		`"__name__":"support:baseline:direction","kpi":"escalation_rate"`:                              "-1",
		`"__name__":"support:threshold:zscore"`:                                                        "3.3",
		`"__name__":"support:threshold:deviation_ratio","kpi":"escalation_rate","severity":"critical"`: "0.25",
		`"__name__":"support:threshold:min_samples","kpi":"escalation_rate","severity":"critical"`:     "451",
	} {
		all = append(all, fmt.Sprintf(`{"metric":{%s},"value":[1700000000,"%s"]}`, name, value))
	}
	return strings.Join(all, ",")
}

func TestReport(t *testing.T) {
	url := (&fakePrometheus{targets: targetSeries()}).start(t)
	for format, want := range map[string]string{
		"text": "SUPPORT AGENT REPORT", "markdown": "# Support agent report", "json": `"name": "7d"`, "html": "<!DOCTYPE html>",
	} {
		got := invoke(t.Context(), nil, "report", "--prometheus.url="+url, "--format="+format)
		if got.code != exitOK || got.stderr != "" || !strings.Contains(got.stdout, want) {
			t.Errorf("%s: got %+v", format, got)
		}
	}
	var r report.Report
	got := invoke(t.Context(), nil, "report", "--prometheus.url="+url, "--format=json", "--roi.human-cost-base=11", "--sort-by=csat", "--grafana.url=http://grafana.test")
	d := json.NewDecoder(strings.NewReader(got.stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if *r.Summary.Conversations.Value != 1000 || r.ROI.Scenarios[1].HumanCostUSD != 11 || r.Breakdowns[0].SortedBy != "csat" ||
		!strings.HasPrefix(r.Issues[0].Evidence.DashboardURL, "http://grafana.test/d/") || r.GeneratedAt.Unix() != 1_700_000_000 {
		t.Errorf("got %s", got.stdout)
	}
}

// The exit code says whether there are issues of a severity.
func TestReportFailOn(t *testing.T) {
	with := (&fakePrometheus{targets: targetSeries()}).start(t)
	without := (&fakePrometheus{}).start(t) // only the quality line is left
	for _, tt := range []struct {
		url, failOn string
		code        int
		stderr      string
	}{
		{with, "critical", exitProblems, "critical: Escalation\n"},
		{with, "low", exitProblems, "critical: Escalation\nmedium: Escalation\n"},
		{without, "critical", exitOK, ""},
		{without, "warning", exitProblems, "medium: Escalation\n"},
	} {
		got := invoke(t.Context(), nil, "report", "--prometheus.url="+tt.url, "--fail-on="+tt.failOn)
		if got.code != tt.code || got.stderr != tt.stderr || !strings.Contains(got.stdout, "Issues found") {
			t.Errorf("%s: code %d, stderr %q", tt.failOn, got.code, got.stderr)
		}
	}
}

func TestReportToFiles(t *testing.T) {
	url := (&fakePrometheus{}).start(t)
	dir := t.TempDir()
	args := []string{"report", "--prometheus.url=" + url}
	var names strings.Builder
	for _, ending := range endings() {
		name := filepath.Join(dir, "weekly"+ending)
		args = append(args, "--output="+name)
		fmt.Fprintln(&names, name)
	}
	for range 2 { // the second replaces the first
		if got, want := invoke(t.Context(), nil, args...), (invocation{stdout: names.String()}); got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	for ending, want := range map[string]string{".txt": "SUPPORT", ".md": "# Support", ".json": "{\n", ".html": "<!DOCTYPE"} {
		b, err := os.ReadFile(filepath.Join(dir, "weekly"+ending))
		if err != nil || !strings.HasPrefix(string(b), want) {
			t.Errorf("%s: %v, %.20q", ending, err, b)
		}
	}
	if all, _ := os.ReadDir(dir); len(all) != len(endings()) {
		t.Errorf("there is more in the folder: %v", all)
	}
	got := invoke(t.Context(), nil, "report", "--prometheus.url="+url, "--output="+filepath.Join(dir, "no", "x.html"))
	if got.code != exitProblems || !strings.HasPrefix(got.stderr, "supportctl: error: write --output: ") {
		t.Errorf("no folder: got %+v", got)
	}
}

// Who asks Prometheus is what the configuration file says, and no password is
// shown.
func TestReportCredentials(t *testing.T) {
	url := (&fakePrometheus{user: "alice"}).start(t)
	file := write(t, "http.yml", "basic_auth: {username: alice, password: secret}\n")
	got := invoke(t.Context(), nil, "report", "--prometheus.url="+url, "--prometheus.config="+file)
	if got.code != exitOK {
		t.Errorf("got %+v", got)
	}
	got = invoke(t.Context(), nil, "report", "--prometheus.url="+url)
	if got.code != exitProblems || !strings.Contains(got.stderr, "ask Prometheus which exporters there were") {
		t.Errorf("without: got %+v", got)
	}
	within := strings.Replace(url, "http://", "http://alice:secret@", 1)
	got = invoke(t.Context(), nil, "report", "--prometheus.url="+within)
	if got.code != exitOK || strings.Contains(got.stdout, "secret") {
		t.Errorf("in the address: got %+v", got)
	}
	got = invoke(t.Context(), nil, "report", "--prometheus.url="+url, "--prometheus.config="+write(t, "bad.yml", "basic_auth: 3\n"))
	if got.code != exitProblems || !strings.Contains(got.stderr, "bad.yml") {
		t.Errorf("bad file: got %+v", got)
	}
}

func TestReportSchema(t *testing.T) {
	if got, want := invoke(t.Context(), nil, "report", "--schema"), (invocation{stdout: report.Schema}); got != want {
		t.Errorf("got %+v", got)
	}
	if !json.Valid([]byte(report.Schema)) {
		t.Error("the schema is not JSON")
	}
}

func TestReportErrors(t *testing.T) {
	for _, tt := range []struct {
		args   string
		code   int
		stderr string
	}{
		{"--period=week", exitUsage, `--period: must be as 7d, month or 2026-10-01..2026-10-15, got "week", try --help`},
		{"--period=30m", exitUsage, `--period: "30m" must last at least an hour, try --help`},
		{"--period=2023-02-02..2023-02-01", exitUsage, `--period: "2023-02-02..2023-02-01" must last at least an hour, try --help`},
		{"--prometheus.url=nowhere", exitUsage, "--prometheus.url must be an http or https address, try --help"},
		{"--timeout=soon", exitUsage, `--timeout: time: invalid duration "soon", try --help`},
		{"--format=pdf", exitUsage, "--format: enum value must be one of text,markdown,json,html, got 'pdf', try --help"},
		{"--fail-on=maybe", exitUsage, "--fail-on: enum value must be one of critical,high,medium,warning,low, got 'maybe', try --help"},
		{"--output=x.pdf", exitUsage, `--output: name must end in one of .txt, .md, .json, .html, got "x.pdf", try --help`},
		{"--timeout=0s", exitUsage, "--timeout must be more than 0, got 0s, try --help"},
		{"--roi.human-cost-low=11", exitUsage, "want 0 <= --roi.human-cost-low <= --roi.human-cost-base <= --roi.human-cost-high <= 1000000, got 11, 10 and 12, try --help"},
		{"--roi.human-minutes=NaN", exitUsage, "--roi.human-minutes must be from 0 to 1000000, got NaN, try --help"},
		{"--roi.human-csat=0", exitUsage, "--roi.human-csat must be from 1 to 5, got 0, try --help"},
		{"--roi.platform-cost=-1", exitUsage, "--roi.platform-cost must be from 0 to 1e12, got -1, try --help"},
	} {
		got := invoke(t.Context(), nil, "report", tt.args)
		if want := (invocation{code: tt.code, stderr: "supportctl: error: " + tt.stderr + "\n"}); got != want {
			t.Errorf("%s: got %+v, want %+v", tt.args, got, want)
		}
	}
}
