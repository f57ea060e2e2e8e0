package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"supportexporter/exporter/internal/program"
)

// randomEvents draws conversations of all kinds and gives their events, in an
// order in which only a conversation's first event, which has its intent, has
// to be its first. The truth is by intent, with "" for all of them.
func randomEvents(r *rand.Rand, conversations int) (events []string, truth map[string]*counted) {
	type placed struct {
		at    float64
		event string
	}
	var all []placed
	truth = map[string]*counted{"": {}}
	for i := range conversations {
		intent := fmt.Sprintf("intent-%d", r.IntN(5))
		if truth[intent] == nil {
			truth[intent] = &counted{}
		}
		at := r.Float64()
		all = append(all, placed{at, fmt.Sprintf(`{"conversation_id":"c-%d","id":"first","intent":%q,"tier":"free","language":"en"}`, i, intent)})
		for k, facts := range drawFacts(r, truth[""], truth[intent]) {
			at += r.Float64() * (1 - at)
			all = append(all, placed{at, fmt.Sprintf(`{"conversation_id":"c-%d","id":"%d",%s}`, i, k, facts)})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return int(math.Copysign(1, a.at-b.at)) })
	for _, p := range all {
		events = append(events, p.event)
	}
	return events, truth
}

// counted is what conversations come to, counted without the exporter.
type counted struct {
	resolved, unresolved, escalated                  float64 // net
	reported, reportedResolved, takenOver, reopened  float64
	confirmed, surveys, answers, topTwo, detractors  float64
	score, timed, seconds, turned, turns, costs, usd float64
}

// drawFacts draws the rest of a conversation, an event each, and counts it.
func drawFacts(r *rand.Rand, scopes ...*counted) (facts []string) {
	count := func(add func(*counted)) {
		for _, c := range scopes {
			add(c)
		}
	}
	say := func(format string, args ...any) { facts = append(facts, fmt.Sprintf(format, args...)) }
	resolve := func(episode int) {
		seconds := float64(r.IntN(900))
		confirmed := r.IntN(3) == 0
		say(`"episode":%d,"resolution":{"resolved":true,"seconds":%g,"confirmed":%v}`, episode, seconds, confirmed)
		count(func(c *counted) {
			c.resolved, c.reported, c.reportedResolved = c.resolved+1, c.reported+1, c.reportedResolved+1
			c.timed, c.seconds = c.timed+1, c.seconds+seconds
			if confirmed {
				c.confirmed++
			}
		})
	}
	escalate := func() {
		say(`"escalation":{"escalated":true,"reason":"asked"}`)
		count(func(c *counted) { c.escalated++ })
	}
	switch r.IntN(6) {
	case 0:
		say(`"resolution":{"resolved":false}`)
		count(func(c *counted) { c.unresolved, c.reported = c.unresolved+1, c.reported+1 })
	case 1:
		escalate()
	case 2: // a human had to take over
		resolve(1)
		escalate()
		count(func(c *counted) { c.resolved, c.takenOver = c.resolved-1, c.takenOver+1 })
	case 3: // the customer came back
		resolve(1)
		resolve(2)
		count(func(c *counted) { c.resolved, c.reopened = c.resolved-1, c.reopened+1 })
	case 4:
		resolve(1)
	case 5: // still open
	}
	turns, cents := float64(1+r.IntN(12)), float64(r.IntN(100))
	say(`"turns":%g,"cost":{"usd":%g}`, turns, cents/64)
	count(func(c *counted) {
		c.turned, c.turns, c.costs, c.usd = c.turned+1, c.turns+turns, c.costs+1, c.usd+cents/64
	})
	if r.IntN(2) == 0 {
		say(`"survey_sent":true`)
		count(func(c *counted) { c.surveys++ })
		if score := r.IntN(9); 1 <= score && score <= 5 {
			say(`"csat":%d`, score)
			count(func(c *counted) {
				c.answers, c.score = c.answers+1, c.score+float64(score)
				if score >= 4 {
					c.topTwo++
				}
				if score <= 2 {
					c.detractors++
				}
			})
		}
	}
	return facts
}

// kpis are the values and samples of all KPIs.
func (c *counted) kpis() (values, samples map[string]float64) {
	outcomes, lasting := c.resolved+c.unresolved+c.escalated, c.reportedResolved-c.takenOver
	values, samples = map[string]float64{}, map[string]float64{}
	for kpi, of := range map[string][2]float64{
		"resolution_rate":          {c.resolved, outcomes},
		"reported_resolution_rate": {c.reportedResolved, c.reported},
		"durable_resolution_rate":  {lasting - c.reopened, lasting},
		"confirmed_share":          {c.confirmed, c.reportedResolved},
		"escalation_rate":          {c.escalated, outcomes},
		"abandonment_rate":         {0, outcomes},
		"csat":                     {c.score, c.answers},
		"csat_top_two_rate":        {c.topTwo, c.answers},
		"csat_detractor_rate":      {c.detractors, c.answers},
		"csat_response_rate":       {c.answers, c.surveys},
		"resolution_seconds":       {c.seconds, c.timed},
		"turns":                    {c.turns, c.turned},
		"cost_usd":                 {c.usd, c.costs},
		"cost_per_resolution_usd":  {c.usd, c.resolved},
	} {
		values[kpi], samples[kpi] = of[0]/of[1], of[1]
	}
	return values, samples
}

// restless is an exporter and a Prometheus that are killed and come back while
// events are pushed.
type restless struct {
	t                    *testing.T
	dir, binary          string
	exporter, prometheus *program.Program
}

func (s *restless) startExporter(address string) {
	s.exporter = program.Start(s.t, s.binary, "--storage.path="+filepath.Join(s.dir, "store"), "--web.listen-address="+address)
}

func (s *restless) startPrometheus() {
	s.prometheus = program.Start(s.t, program.Tool(s.t, "prometheus"), "--config.file="+filepath.Join(s.dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(s.dir, "tsdb"), "--web.listen-address=127.0.0.1:0")
}

func (s *restless) push(events []string) (accepted, duplicates int) {
	s.t.Helper()
	body, err := read(http.Post(s.exporter.URL+"/api/v1/events", "application/x-ndjson", strings.NewReader(strings.Join(events, "\n"))))
	var answer struct{ Accepted, Duplicates, Rejected int }
	if err == nil {
		err = json.Unmarshal(bytes.TrimSpace(body), &answer)
	}
	if err != nil || answer.Rejected > 0 {
		s.t.Fatalf("a push: %s, %v", body, err)
	}
	return answer.Accepted, answer.Duplicates
}

// compare says where Prometheus differs from the truth.
func (s *restless) compare(truth map[string]*counted) error {
	server := &promServer{url: s.prometheus.URL}
	for scope, c := range truth {
		name, labels := "support:kpi:", ""
		if scope != "" {
			name, labels = "intent:support_kpi:", fmt.Sprintf(",intent=%q", scope)
		}
		values, samples := c.kpis()
		for _, w := range windows {
			for series, want := range map[string]map[string]float64{"value": values, "samples": samples} {
				expr := fmt.Sprintf(`%s%s{window=%q,kpi!="csat_weighted"%s}`, name, series, w.name, labels)
				got, _, err := server.query(expr)
				if err != nil {
					return err
				}
				if len(got) != len(want) {
					return fmt.Errorf("%s: %d series, want %d", expr, len(got), len(want))
				}
				for _, g := range got {
					if w := want[g.labels["kpi"]]; math.Abs(g.value-w) > 1e-12*math.Abs(w) {
						return fmt.Errorf("%s: %s is %v, want %v", expr, g.labels["kpi"], g.value, w)
					}
				}
			}
		}
	}
	return nil
}

// Five thousand random conversations, an exporter that is killed three times, a
// Prometheus that is restarted, and clients that send again what they have no
// answer for: the KPIs are those of the conversations.
func TestKPIsAreTheTruthOfRandomConversations(t *testing.T) {
	t.Parallel()
	const conversations, chunk = 5000, 250
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	events, truth := randomEvents(r, conversations)

	s := &restless{t: t, dir: t.TempDir()}
	s.binary = filepath.Join(s.dir, "support_exporter")
	build := exec.Command("go", "build", "-o", s.binary, "./exporter")
	build.Dir = program.Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	s.startExporter("127.0.0.1:0")
	address := strings.TrimPrefix(s.exporter.URL, "http://")
	writeRules(t, s.dir, 1e9)
	config := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules/*.yml]\n"+
		"scrape_configs: [{job_name: support, static_configs: [{targets: [%q], labels: {instance: support}}]}]\n", address)
	if err := os.WriteFile(filepath.Join(s.dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s.startPrometheus()

	chunks := slices.Collect(slices.Chunk(events, chunk))
	accepted, resent := 0, 0
	for i, c := range chunks {
		n, _ := s.push(c)
		accepted += n
		switch {
		case i%(len(chunks)/4) == len(chunks)/4-1 && i < len(chunks)-len(chunks)/4:
			_ = s.exporter.Cmd.Process.Kill()
			<-s.exporter.Exited
			s.startExporter(address)
			_, d := s.push(c) // its answer might have been lost
			resent += d
		case i == len(chunks)/2:
			s.prometheus.Stop(t)
			s.startPrometheus()
		case r.IntN(4) == 0:
			_, d := s.push(chunks[r.IntN(i+1)])
			resent += d
		}
	}
	if accepted != len(events) || resent < 3*chunk {
		t.Errorf("%d of %d events accepted, %d known when they came again", accepted, len(events), resent)
	}
	program.Eventually(t, "the KPIs are the truth", func() error { return s.compare(truth) })
}
