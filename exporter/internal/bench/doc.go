// Package bench measures the program as a whole, and beside others. It holds
// tests only.
//
//	make bench
//	go test -short -run '^$' -bench . -benchtime 1x ./exporter/internal/bench
//
// The first takes minutes and gets the peers; the second takes half a minute, and does
// with those that are there. Both end in a table, in Markdown, that says which targets
// are met (rows_test.go has them).
//
// One iteration of a benchmark is one round, so -benchtime says how many rounds
// there are; -short makes each of them small. What is reported is the median of
// the rounds.
//
// # Ingest
//
// BenchmarkIngest and BenchmarkIngestSingle push the same events to servers
// that are processes of their own, each started anew for its turn. The servers
// take turns, and a ratio is that of two neighbouring turns: what else the
// machine does then touches both sides alike. TestSameTotals sees to it that
// they do the same work. The servers are
//
//   - exporter: this program, built from this tree, with its defaults and its
//     store on a real file system.
//   - plain: what one would write in an afternoon. net/http, encoding/json into
//     a struct, client_golang's vectors with the same names, labels and buckets,
//     classic and native; no exemplars, nothing durable, and an event that is sent
//     twice counts twice.
//   - empty: net/http and a handler that reads the body and answers. No server on
//     net/http costs less.
//   - durable: the exporter's HTTP server for small pushes and its log. A body is
//     appended as it came, pushes that wait share a sync, and nothing is read of it or
//     counted.
//   - statsd: statsd_exporter v0.31.0, .bin/statsd_exporter at the module's root,
//     which gets the same facts as StatsD lines over TCP, a thousand events a
//     write, and keeps them in histograms with the same classic buckets.
//   - collector: the OpenTelemetry collector v0.155.0, .bin/otelcol at the module's
//     root, built of collector.yaml. It gets the same facts as log records of
//     OTLP/HTTP, a thousand a request, and keeps them in histograms with the same
//     classic buckets; collector_test.go has its configuration.
//
// Without their binaries the numbers of the last two are left out, and the output
// says so. They answer before they have counted: what they still do then counts too.
//
// The CPU time is that of the server's process, user and system, from the first
// byte sent until everything is counted. The load comes from the benchmark's own
// process, ready-made before the clock starts. exporter-cpu-s/Mevent-to-exit
// goes on to the end of the process, and so holds a whole checkpoint too.
//
// In BenchmarkOpenLoop requests are due by the clock, 20,000 events a second as one a
// request and as ten, and a latency is that from when a request was due. The load
// shares the processors with the server: where they cannot carry it, both columns are
// about the queue and not about the server, and the rate that is reported shows it.
//
// # The rest
//
// BenchmarkGrowth takes the CPU time of an event of exporters that know few and many
// conversations, and BenchmarkCheckpoint how long commits wait beside a checkpoint.
// BenchmarkScrape takes the CPU time of a scrape of the exporter, and of
// client_golang's vectors which hold the same. BenchmarkConversationMemory and
// BenchmarkSeriesMemory measure the live heap, BenchmarkRestart the time to open a
// store, and BenchmarkCommit the time from a batch to its answer.
package bench
