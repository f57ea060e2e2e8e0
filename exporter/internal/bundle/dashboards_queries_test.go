package bundle

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"supportexporter/exporter/internal/program"
)

// slowest is how long a panel may take to ask.
const slowest = 500 * time.Millisecond

// passes are what is chosen at the top of the dashboards.
var passes = []struct {
	name string
	with choices
}{
	{"as opened", nil},
	{"one intent, longer", choices{"intent": "intent-03", "window": "7d", "period": "28d"}},
}

// Every panel's query has an answer on a real Prometheus with two months of
// history, and takes less than half a second.
func TestDashboardQueriesReturnDataQuickly(t *testing.T) {
	queries := boardQueries(t)
	end := time.Now().Truncate(time.Hour)
	var read []*parser.VectorSelector
	for _, pass := range passes {
		for _, q := range queries {
			read = append(read, selectorsOf(t, q.board.chosen(t, time.Minute, pass.with).fill(t, q.Expr))...)
		}
	}
	// 10,010 series of an exporter, or a few.
	p := newPopulation(time.Now(), 11, 2, 5)
	if testing.Short() {
		p = newPopulation(time.Now(), 4, 2, 1)
	}
	series := slices.Concat(recordedNow(t, p), later(), ofTheExporter(t))
	series = readBy(read, series)
	s, samples := withHistory(t, end, series)

	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ms\tseries\tdashboard\tpanel and query\tchosen")
	for _, pass := range passes {
		for _, q := range queries {
			took, n, err := s.ask(t, q, pass.with, end)
			switch {
			case err != nil:
				t.Errorf("%s: %s (%s): %v", q.board.UID, q.where, pass.name, err)
			case n == 0:
				t.Errorf("%s: %s (%s) returns nothing:\n%s", q.board.UID, q.where, pass.name, q.board.chosen(t, time.Minute, pass.with).fill(t, q.Expr))
			case took >= slowest:
				t.Errorf("%s: %s (%s) takes %v, want less than %v", q.board.UID, q.where, pass.name, took, slowest)
			}
			fmt.Fprintf(w, "%.1f\t%d\t%s\t%s\t%s\n", took.Seconds()*1000, n, q.board.UID, q.where, pass.name)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Run("states", func(t *testing.T) { tellStates(t, s, end) })
	t.Logf("%d queries on %d series with %d samples; the fastest of up to ten tries:\n%s", len(queries)*len(passes), len(series), samples, table.String())
}

// withHistory starts a Prometheus that has two months of series, and tells how
// many samples that is.
func withHistory(tb testing.TB, end time.Time, series []promSample) (*promServer, int) {
	tb.Helper()
	dir := tb.TempDir()
	samples := spread(tb, filepath.Join(dir, "data"), end, series)
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte("global: {scrape_interval: 15s}\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	p := program.Start(tb, program.Tool(tb, "prometheus"), "--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--storage.tsdb.retention.time=400d", "--web.listen-address=127.0.0.1:0")
	return &promServer{url: p.URL}, samples
}

// ask asks as Grafana does: a range over the dashboard's time, with about one
// step for each pixel, or an instant. It gives the fastest of up to ten tries.
func (s *promServer) ask(tb testing.TB, q boardQuery, with choices, end time.Time) (fastest time.Duration, series int, err error) {
	tb.Helper()
	length, step := q.times(tb)
	path, params := "/api/v1/query_range", url.Values{
		"query": {q.board.chosen(tb, step, with).fill(tb, q.Expr)},
		"start": {unixText(end.Add(-length))}, "end": {unixText(end)}, "step": {strconv.Itoa(int(step.Seconds()))},
	}
	if q.Instant {
		path, params["time"] = "/api/v1/query", []string{unixText(end)}
	}
	for try := 0; try < 3 || try < 10 && fastest > slowest; try++ {
		began := time.Now()
		data, err := s.get(path, params)
		took := time.Since(began)
		if err != nil {
			return 0, 0, err
		}
		if try == 0 || took < fastest {
			fastest = took
		}
		var answer struct{ Result []json.RawMessage }
		if err := json.Unmarshal(data, &answer); err != nil {
			return 0, 0, err
		}
		series = len(answer.Result)
	}
	return fastest, series, nil
}

func unixText(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// times gives how long a panel looks back, and its step on a screen that is
// 1600 pixels wide.
func (q boardQuery) times(tb testing.TB) (length, step time.Duration) {
	tb.Helper()
	text := strings.TrimPrefix(q.board.Time.From, "now-")
	if q.panel.TimeFrom != "" {
		text = q.panel.TimeFrom
	}
	length = span(tb, text)
	points := max(1, 1600*q.panel.GridPos.W/24)
	if q.panel.MaxDataPoints > 0 {
		points = q.panel.MaxDataPoints
	}
	step = max(15*time.Second, (length / time.Duration(points)).Truncate(15*time.Second))
	if q.panel.Interval != "" {
		step = max(step, span(tb, q.panel.Interval))
	}
	return length, step
}

func span(tb testing.TB, text string) time.Duration {
	tb.Helper()
	n, err := strconv.Atoi(text[:len(text)-1])
	unit, ok := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[text[len(text)-1]]
	if err != nil || !ok {
		tb.Fatalf("%q is no duration that this test knows", text)
	}
	return time.Duration(n) * unit
}
