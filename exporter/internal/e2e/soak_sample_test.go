package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/prometheus/common/expfmt"
)

// sample is what an exporter says about itself at one moment.
type sample struct {
	exporter                   int     // counted from 1
	rss, heap, log, checkpoint float64 // MiB
	conversations              float64
	goroutines                 float64
	files                      float64 // open; 0 where the system does not say
}

// progress is how far the clients are.
type progress struct {
	began time.Time
	calm  []time.Duration // until an answer, while no restart was near

	sampled int // answers, at the last sample
	lined   int // at the last line
	events  int // at the last line
	at      time.Time
}

// sample takes a sample, and for every second one writes a line.
func (s *soak) sample() {
	const mib = 1 << 20
	own := s.e.own()
	n := sample{
		exporter:      len(s.starts),
		rss:           own["process_resident_memory_bytes"] / mib,
		heap:          own["go_memstats_heap_inuse_bytes"] / mib,
		log:           own["support_exporter_store_log_bytes"] / mib,
		checkpoint:    own["support_exporter_store_checkpoint_bytes"] / mib,
		conversations: own["support_exporter_conversations_tracked"],
		goroutines:    own["go_goroutines"],
	}
	if files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.e.cmd.Process.Pid)); err == nil {
		n.files = float64(len(files))
	}
	if took := s.traffic.answeredSince(&s.sampled); len(s.samples) > 1 && s.samples[len(s.samples)-2].exporter == n.exporter {
		s.calm = append(s.calm, took...)
	}
	if s.samples = append(s.samples, n); len(s.samples)%2 == 0 {
		s.line(n)
	}
}

// line says how the exporter is, and what the clients saw since the last line.
func (s *soak) line(n sample) {
	w := s.t.Output()
	if len(s.samples)%40 == 2 {
		fmt.Fprintln(w, "     time events/s   p50 ms   p99 ms   max ms  RSS MiB heap MiB conversations  log MiB checkpoint scrape ms")
	}
	took, events, now := s.traffic.answeredSince(&s.lined), s.traffic.eventsSince(&s.events), time.Now()
	since := now.Sub(s.at)
	s.at = now
	fmt.Fprintf(w, "%9s %8.0f %8s %8s %8s %8.1f %8.1f %13.0f %8.1f %10.1f %9s\n",
		now.Sub(s.began).Round(time.Second), float64(events)/since.Seconds(),
		millis(quantile(took, 0.5)), millis(quantile(took, 0.99)), millis(quantile(took, 1)),
		n.rss, n.heap, n.conversations, n.log, n.checkpoint, millis(s.scrapes[len(s.scrapes)-1]))
}

// scraper is what somebody sees who scrapes.
type scraper struct {
	scrapes  []time.Duration // what each took
	counters series          // of the last scrape that was parsed
}

// scrape asks for one format after the other. What was shown once is durable:
// no counter goes back, whatever happens to the exporter.
func (s *soak) scrape() {
	accept := []string{acceptProtobuf, acceptOpenMetrics, acceptText}[len(s.scrapes)%3]
	began := time.Now()
	r := s.e.get("/metrics", "Accept", accept)
	s.scrapes = append(s.scrapes, time.Since(began))
	if r.status != http.StatusOK {
		s.t.Fatalf("a scrape: %d: %s", r.status, r.body)
	}
	if accept == acceptOpenMetrics { // for which expfmt has no parser
		if !bytes.HasSuffix(r.body, []byte("\n# EOF\n")) {
			s.t.Error("a scrape does not end with # EOF")
		}
		return
	}
	now := parseSeries(s.t, bytes.NewReader(r.body), expfmt.ResponseFormat(r.header)).counted()
	for name, before := range s.counters {
		if now[name] < before {
			s.t.Errorf("%s went back from %v to %v", name, before, now[name])
		}
	}
	s.counters = now
}

// answeredSince gives how long the answers took that came since there were n,
// and sets n.
func (f *traffic) answeredSince(n *int) []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	took := slices.Clone(f.took[*n:])
	*n = len(f.took)
	return took
}

// eventsSince gives how many events were acknowledged since there were n, and
// sets n.
func (f *traffic) eventsSince(n *int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := f.events - *n
	*n = f.events
	return events
}

// quantile gives what a share of all does not exceed; it sorts them.
func quantile(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[int(share*float64(len(all)-1))]
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1000) }
