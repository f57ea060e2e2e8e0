package bench

import "fmt"

// rows are the lines of the table.
func rows() []row {
	all := []row{
		{
			bench: "Ingest", what: "NDJSON, 1,000 events a request, 8 connections: CPU-s a million events",
			cells:  each("{%s-cpu-s/Mevent}", "exporter", "plain", "", "statsd", "collector"),
			ratios: []string{"{ratio-to-plain} of plain", "{ratio-to-statsd} of statsd_exporter", "{ratio-to-collector} of the collector"},
			targets: []target{
				{metric: "exporter-cpu-s/Mevent", bound: 1.8},
				{metric: "ratio-to-statsd", bound: 0.5, of: "of statsd_exporter"},
				{metric: "ratio-to-collector", bound: 0.167, of: "of the collector"},
			},
		},
		{bench: "Ingest", what: "the same: events/s", cells: each("{%s-events/s}", "exporter", "plain")},
		{
			bench: "IngestSingle", what: "one event a request, 64 connections: requests/s",
			cells:   each("{%s-events/s}", "exporter", "plain", "empty"),
			ratios:  []string{"{rate-ratio-to-plain} of plain", "{rate-ratio-to-empty} of empty"},
			targets: []target{{metric: "rate-ratio-to-empty", least: true, bound: 0.85, of: "of empty"}},
		},
		{
			bench: "IngestSingle", what: "the same, beside a server that only makes each push durable",
			cells:  each("{%s-events/s}", "exporter"),
			ratios: []string{"{rate-ratio-to-durable} of its {durable-events/s}", "which are {durable-rate-ratio-to-empty} of empty"},
		},
		{
			bench: "IngestSingle", what: "the same: CPU-µs a request",
			cells:  each("{%s-cpu-s/Mevent}", "exporter", "plain", "empty"),
			ratios: []string{"{cpu-ratio-to-plain} of plain", "{cpu-ratio-to-empty} of empty"},
		},
	}
	all = append(all, openLoopRows()...)
	all = append(all, storeRows()...)
	return append(all, scrapeRows()...)
}

// each gives the cells of a row in which the servers differ by name only.
func each(text string, names ...string) (cells [numColumns]string) {
	for i, name := range names {
		if name != "" {
			cells[i] = fmt.Sprintf(text, name)
		}
	}
	return cells
}

func openLoopRows() []row {
	var all []row
	for _, batch := range []int{1, 10} {
		all = append(all, row{
			bench:   fmt.Sprintf("OpenLoop/events=%d", batch),
			what:    fmt.Sprintf("20,000 events/s by the clock, %d a request: p50 / p99 / p99.9 ms", batch),
			cells:   each("{%[1]s-p50-ms} / {%[1]s-p99-ms} / {%[1]s-p99.9-ms}", "exporter", "plain"),
			ratios:  []string{"p99 {p99-ratio-to-plain} of plain"},
			targets: []target{{metric: "p99-ratio-to-plain", bound: 1.5, of: "of plain"}},
		})
	}
	return all
}

func storeRows() []row {
	one := func(bench, what, text, metric string, bound float64) row {
		r := row{bench: bench, what: what, cells: [numColumns]string{exporter: text}}
		if metric != "" {
			r.targets = []target{{metric: metric, bound: bound}}
		}
		return r
	}
	growth := func(kind, what string) row {
		r := one("Growth", what+", 10,000 / 5 million conversations: CPU-s a million events",
			"{"+kind+"-few} / {"+kind+"-many}", kind+"-growth", 1.25)
		r.ratios = []string{"{" + kind + "-growth} of few"}
		return r
	}
	late := growth("late", "the worst: all events about any of them")
	late.targets = nil
	all := []row{
		growth("mixed", "a tenth of the events about any conversation"), late,
		one("Checkpoint", "100 events beside a checkpoint of a million conversations: p50 / longest ms",
			"{beside-p50-ms} / {beside-worst-ms}", "beside-worst-ms", 50),
		one("Checkpoint", "the same without a checkpoint", "{without-p50-ms} / {without-max-ms}", "", 0),
		one("Checkpoint", "to fix what the checkpoint holds: ms", "{freeze-ms}", "freeze-ms", 50),
		one("Commit/events=1", "from an event to its answer, one client: p50 / p99 ms", "{p50-ms} / {p99-ms}", "", 0),
		one("Commit/events=1000", "from 1,000 events to their answer, one client: p50 / p99 ms", "{p50-ms} / {p99-ms}", "", 0),
		one("Restart", "recovery from the log: s a million events", "{log-s/Mevent} ({log-cpu-s/Mevent} of CPU)", "log-s/Mevent", 1),
		one("Restart", "recovery from a checkpoint: s a million events", "{checkpoint-s/Mevent} ({checkpoint-cpu-s/Mevent} of CPU)", "checkpoint-s/Mevent", 0.2),
		one("ConversationMemory", "a closed conversation: bytes", "{B/conversation}", "B/conversation", 160),
	}
	for _, values := range []string{"10", "100", "1000"} {
		all = append(all, one("SeriesMemory/values="+values, "a histogram series of "+values+" values: bytes", "{B/histogram}", "B/histogram", 700))
	}
	return all
}

func scrapeRows() []row {
	var all []row
	for _, format := range scrapeFormats {
		for _, encoding := range scrapeEncodings {
			bound := 60.0
			if encoding == "identity" {
				bound = 30
			}
			all = append(all, row{
				bench:   "Scrape/format=" + format.name + "/encoding=" + encoding,
				what:    fmt.Sprintf("scrape of 10,000 histogram series, %s, %s: CPU-ms", format.name, encoding),
				cells:   [numColumns]string{exporter: "{histograms-cpu-ms} ({exporter-cpu-ms} with their label sets' counters)"},
				ratios:  []string{"{ratio-to-vectors} of client_golang's vectors"},
				targets: []target{{metric: "histograms-cpu-ms", bound: bound}},
			})
		}
	}
	return all
}
