package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
)

// exposing serves the metrics of testdata/experiments.prom, and answers what is
// asked of Prometheus from them, as if an exporter were scraped.
func exposing(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/experiments.prom")
	if err != nil {
		t.Fatal(err)
	}
	series, err := parseExperiments(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(text) // the command fails, and the test with it
	})
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html></html>")
	})
	mux.HandleFunc("POST /api/v1/query", func(w http.ResponseWriter, r *http.Request) {
		var answer model.Vector
		switch query := r.FormValue("query"); query {
		case `{__name__=~"support_experiment_.+"}`:
			answer = series
		case limitsQuery:
			answer = model.Vector{{Metric: model.Metric{"__name__": "support:threshold:experiment_min_samples"}, Value: 20}}
		case perDayQuery:
			answer = model.Vector{
				{Metric: model.Metric{"experiment": "greeting", "variant": "short"}, Value: 40},
				{Metric: model.Metric{"experiment": "greeting", "variant": "warm"}, Value: 50},
			}
		default:
			t.Errorf("asked %s", query)
		}
		body, err := json.Marshal(map[string]any{"status": "success", "data": map[string]any{"resultType": "vector", "result": answer}})
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // the command fails, and the test with it
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestExperiment(t *testing.T) {
	url := exposing(t)
	tests := []struct{ name, args string }{
		{"list", "list --url=" + url},
		{"list-json", "list --format=json --prometheus.url=" + url},
		{"show", "show greeting --prometheus.url=" + url},
		{"show-json", "show greeting --format=json --prometheus.url=" + url},
		{"show-exporter", "show greeting --url=" + url},
		{"show-per-day", "show greeting --per-day=900 --power=0.5 --url=" + url},
		{"show-undeclared", "show casual --url=" + url},
		{"plan", "plan --kpi=csat --baseline=4.2 --stddev=1.0 --lift=0.1 --samples-per-conversation=0.35 --per-day=400"},
		{"plan-rate", "plan --kpi=escalation_rate --baseline=0.12 --lift=-0.2 --treatments=2"},
		{"plan-json", "plan --kpi=cost_usd --baseline=0.25 --stddev=0.25 --lift=-0.1 --format=json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PROMETHEUS_URL", "")
			got := invoke(t.Context(), nil, append([]string{"experiment"}, strings.Fields(tt.args)...)...)
			if got.code != exitOK || got.stderr != "" {
				t.Fatalf("exit code %d, stderr %q", got.code, got.stderr)
			}
			golden(t, "experiment-"+tt.name+".txt", longNumber.ReplaceAllStringFunc(got.stdout, rounded))
		})
	}
}

var longNumber = regexp.MustCompile(`\d+\.\d{6,}(e-\d+)?`)

// rounded leaves of a number what is the same on all processors.
func rounded(number string) string {
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return err.Error()
	}
	return strconv.FormatFloat(v, 'g', 9, 64)
}

func TestExperimentProblems(t *testing.T) {
	t.Setenv("PROMETHEUS_URL", "")
	url := exposing(t)
	nobody := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nobody.Close)
	tests := []struct{ args, want string }{
		{"show greting --url=" + url, `no experiment "greting": there are "casual", "greeting"`},
		{"list --url=" + nobody.URL, "read metrics: " + nobody.URL + "/metrics: 404 Not Found"},
		{"list --metrics-path=/page --url=" + url, `/page has no metrics, but "text/html; charset=utf-8"`},
		{"list --prometheus.url=" + nobody.URL, "ask Prometheus: "},
		{"list --prometheus.config=/nope --prometheus.url=" + url, "http config /nope: "},
		{"list --prometheus.url=:", "--prometheus.url: "},
	}
	for _, tt := range tests {
		got := invoke(t.Context(), nil, append([]string{"experiment"}, strings.Fields(tt.args)...)...)
		if got.code != exitProblems || got.stdout != "" || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("%s: got %+v, want %q", tt.args, got, tt.want)
		}
	}
}

func TestExperimentUsage(t *testing.T) {
	tests := []struct{ args, want string }{
		{"", "required argument 'action' not provided"},
		{"nope", "action: enum value must be one of list,show,plan, got 'nope'"},
		{"show", "show needs the name of an experiment"},
		{"list x", `list takes no name, got "x"`},
		{"list --power=1", "--power must be between 0 and 1, got 1"},
		{"list --per-day=-1", "--per-day must not be negative, got -1"},
		{"list --timeout=0s", "--timeout must be more than 0, got 0s"},
		{"plan", "plan needs --kpi"},
		{"plan --kpi=csat", "plan needs a --baseline of more than 0, got 0"},
		{"plan --kpi=csat --baseline=4", "plan needs a --stddev of more than 0 for csat, got 0"},
		{"plan --kpi=csat --baseline=4 --stddev=NaN", "plan needs a --stddev of more than 0 for csat, got NaN"},
		{"plan --kpi=csat --baseline=9 --stddev=1 --lift=0.1", "--baseline of csat must be from 1 to 5, got 9"},
		{"plan --kpi=csat --baseline=0.9 --stddev=1 --lift=0.1", "--baseline of csat must be from 1 to 5, got 0.9"},
		{"plan --kpi=csat --baseline=4.2 --stddev=1 --lift=0.2", "--lift must leave csat from 1 to 5, got 0.2 on 4.2"},
		{"plan --kpi=csat --baseline=2 --stddev=1 --lift=-0.6", "--lift must leave csat from 1 to 5, got -0.6 on 2"},
		{"plan --kpi=turns --baseline=0.5 --stddev=1 --lift=0.1", "--baseline of turns must be at least 1, got 0.5"},
		{"plan --kpi=turns --baseline=1.2 --stddev=1 --lift=-0.5", "--lift must leave turns at least 1, got -0.5 on 1.2"},
		{"plan --kpi=turns --baseline=4 --stddev=1", "plan needs a --lift of more than -1, at most 100, and not 0, got 0"},
		{"plan --kpi=turns --baseline=4 --stddev=1 --lift=0.05", "--min-lift must be at least 0 and less than the effect, 0.05, got 0.05"},
		{"plan --kpi=escalation_rate --baseline=1.2", "--baseline of a rate must be less than 1, got 1.2"},
		{"plan --kpi=escalation_rate --baseline=0.5 --stddev=1", "--stddev must not be given for a rate, got 1"},
		{"plan --kpi=escalation_rate --baseline=0.5 --lift=1", "--lift must leave a rate below 1, got 1 on 0.5"},
		{"plan --kpi=escalation_rate --baseline=0.5 --lift=0.1 --alpha=0", "--alpha must be from 0.0001 to 0.5, got 0"},
		{"plan --kpi=escalation_rate --baseline=0.5 --lift=0.1 --treatments=0", "--treatments must be from 1 to 19, got 0"},
		{"plan --kpi=escalation_rate --baseline=0.5 --lift=0.1 --samples-per-conversation=2", "--samples-per-conversation must be more than 0 and at most 1, got 2"},
	}
	for _, tt := range tests {
		got := invoke(t.Context(), nil, append([]string{"experiment"}, strings.Fields(tt.args)...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("%s: got %+v, want %q", tt.args, got, tt.want)
		}
	}
}

// Without any experiment there is something to say, too.
func TestNoExperiments(t *testing.T) {
	t.Setenv("PROMETHEUS_URL", "")
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	}))
	t.Cleanup(empty.Close)
	for args, want := range map[string]invocation{
		"list":               {stdout: "There are no experiments.\n"},
		"list --format=json": {stdout: "[]\n"},
		"show greeting":      {code: exitProblems, stderr: "supportctl: error: no experiment \"greeting\": there are none\n"},
	} {
		got := invoke(t.Context(), nil, append([]string{"experiment", "--url=" + empty.URL}, strings.Fields(args)...)...)
		if got != want {
			t.Errorf("%s: got %+v, want %+v", args, got, want)
		}
	}
}
