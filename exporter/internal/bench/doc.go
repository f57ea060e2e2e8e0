// Package bench measures the program as a whole, and beside others. It holds
// tests only.
//
//	go test -run '^$' -bench . -benchtime 5x ./exporter/internal/bench
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
//     a struct, client_golang's vectors with the same names, labels and classic
//     buckets; no native histograms, no exemplars, nothing durable, and an event
//     that is sent twice counts twice.
//   - statsd: statsd_exporter v0.31.0, .bin/statsd_exporter at the module's root,
//     which gets the same facts as StatsD lines over TCP, a thousand events a
//     write, and keeps them in histograms with the same classic buckets. Without
//     the binary its numbers are left out, and the output says so.
//
// The CPU time is that of the server's process, user and system, from the first
// byte sent until everything is counted. The load comes from the benchmark's own
// process, ready-made before the clock starts. exporter-cpu-s/Mevent-to-exit
// goes on to the end of the process, and so holds a whole checkpoint too.
//
// # The rest
//
// BenchmarkConversationMemory and BenchmarkSeriesMemory measure the live heap,
// BenchmarkRestart the time to open a store, and BenchmarkCommit the time from a
// batch to its answer. BenchmarkScrape compares the CPU time of a scrape, in
// processes of their own, with that of client_golang's vectors which hold the
// same.
package bench
