package dashboard

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// exporter answers whether the exporter does its work: takes events, makes
// them durable, and has room.
func exporter() *board {
	b := newBoard("support-exporter", "Support exporter",
		"Does the exporter take events, make them durable, and have room? From its own metrics.",
		"now-6h",
		labelVariable("job", "Job", "The scrape job of /metrics/exporter.", "label_values(support_exporter_build_info, job)", ".+", true),
		labelVariable("instance", "Instance", "The exporters.", `label_values(support_exporter_build_info{job=~"$job"}, instance)`, ".+", true))
	b.line(4, cell{4, reachable()}, cell{4, storeHealth()}, cell{4, acceptedNow()}, cell{4, rejectedShare()}, cell{4, queueFill()}, cell{4, seriesFill()})
	b.line(9, cell{12, events()}, cell{12, rejections()})
	b.line(9, cell{8, requestTime()}, cell{8, commitTime()}, cell{8, delay()})
	b.row("What was not counted, and why")
	b.line(8, cell{8, refusals()}, cell{8, ignored()}, cell{8, overflow()})
	b.row("Queue and store")
	b.line(8, cell{8, queue()}, cell{8, store()}, cell{8, failures()})
	b.row("What clients share")
	b.line(8, cell{12, inflight()}, cell{12, connections()})
	b.row("Series and memory")
	b.line(8, cell{8, series()}, cell{8, tracked()}, cell{8, process()})
	b.row("Requests, pushes and builds")
	b.line(8, cell{8, requests()}, cell{8, outgoing()}, cell{8, builds()})
	return b
}

// own selects one of the exporter's own metrics.
func own(metric string, matchers ...string) string {
	return sel(metric, append([]string{`job=~"$job"`, `instance=~"$instance"`}, matchers...)...)
}

func rate(by, metric string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s[$__rate_interval]))", by, own(metric))
}

// took is a histogram's quantiles and mean.
func took(metric string) []query {
	of := func(q string) string {
		return fmt.Sprintf("histogram_quantile(%s, %s)", q, rate("le", metric+"_bucket"))
	}
	return []query{over("p50", "%s", of("0.5")), over("p99", "%s", of("0.99")),
		over("mean", "%s / %s", rate("job", metric+"_sum"), rate("job", metric+"_count"))}
}

func reachable() cog.Builder[dashboard.Panel] {
	return tile(text{"Scraped", "short", "Whether Prometheus reaches the exporters; one of them down is enough for no."}, "No exporter is known",
		over("", "min(%s)", own("up"))).
		TextMode(common.BigValueTextModeValue).
		GraphMode(common.BigValueGraphModeNone).
		Thresholds(steps(neutral, from(0, bad), from(1, good))).
		Mappings(mapped(map[string]dashboard.ValueMappingResult{"1": shown("yes", good), "0": shown("no", bad)}))
}

func storeHealth() cog.Builder[dashboard.Panel] {
	return tile(text{"Events are durable", "short", "Whether events can be made durable. While they cannot, pushes are answered with 503 and counted later."}, "No exporter is known",
		over("", "min(%s)", own("support_exporter_store_healthy"))).
		TextMode(common.BigValueTextModeValue).
		GraphMode(common.BigValueGraphModeNone).
		Thresholds(steps(neutral, from(0, bad), from(1, good))).
		Mappings(mapped(map[string]dashboard.ValueMappingResult{"1": shown("yes", good), "0": shown("no", bad)}))
}

func acceptedNow() cog.Builder[dashboard.Panel] {
	return tile(text{"Events", "eps", "Events accepted a second."}, noEvents,
		over("", "sum(rate(%s[$__rate_interval]))", own("support_exporter_events_accepted_total"))).
		TextMode(common.BigValueTextModeValue).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor(measured))
}

// SupportEventsRejected alerts at 1 %.
func rejectedShare() cog.Builder[dashboard.Panel] {
	const sums = "sum(increase(%s[1h]))"
	rejected := fmt.Sprintf(sums, own("support_exporter_events_rejected_total"))
	all := fmt.Sprintf(sums+" + "+sums, own("support_exporter_events_accepted_total"), own("support_exporter_events_duplicate_total"))
	return tile(text{"Rejected", "percentunit", "Share of the last hour's events that broke the contract, and are lost. More than 1% alerts."}, noEvents,
		over("", "(%s or vector(0)) / (%s + (%s or vector(0)) > 0)", rejected, all, rejected)).
		Decimals(2).
		TextMode(common.BigValueTextModeValue).
		Thresholds(steps(neutral, from(0, good), from(0.01, bad)))
}

// full is how much of a limit is used.
func full(title, about, used, limit string) cog.Builder[dashboard.Panel] {
	return tile(text{title, "percentunit", about}, "No exporter is known",
		over("", "max(%s / %s)", own(used), own(limit))).
		Decimals(0).
		Min(0).Max(1).
		TextMode(common.BigValueTextModeValue).
		Thresholds(steps(neutral, from(0, good), from(0.5, warning), from(0.9, bad)))
}

func queueFill() cog.Builder[dashboard.Panel] {
	return full("Queue", "How full the queue of events is that wait to be committed. Full, pushes are answered with 429.",
		"support_exporter_queue_events", "support_exporter_queue_limit_events")
}

func seriesFill() cog.Builder[dashboard.Panel] {
	return full("Series budget", "How much of the budget of time series is used. Beyond it, new label sets are counted as other.",
		"support_exporter_series", "support_exporter_series_limit")
}

func events() cog.Builder[dashboard.Panel] {
	return stacked(text{"Events", "eps", "Events a second: accepted ones said something new, duplicates nothing, and rejected ones broke the contract."}, noEvents,
		over("accepted", "sum(rate(%s[$__rate_interval]))", own("support_exporter_events_accepted_total")),
		over("duplicate", "sum(rate(%s[$__rate_interval]))", own("support_exporter_events_duplicate_total")),
		over("rejected", "sum(rate(%s[$__rate_interval])) or vector(0)", own("support_exporter_events_rejected_total")),
	).
		OverrideByName("accepted", []dashboard.DynamicConfigValue{painted(good)}).
		OverrideByName("duplicate", []dashboard.DynamicConfigValue{painted(faint)}).
		OverrideByName("rejected", []dashboard.DynamicConfigValue{painted(bad)})
}

func rejections() cog.Builder[dashboard.Panel] {
	return stacked(text{"Rejected events by reason", "eps", "Events a second that broke the contract, by what was wrong with them. They are lost; the clients' answers name the fields."}, "No event was rejected in this time",
		over("{{reason}}", rate("reason", "support_exporter_events_rejected_total")))
}
