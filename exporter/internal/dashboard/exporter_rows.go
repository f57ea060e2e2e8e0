package dashboard

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The exporter's panels below its tiles and events.

func requestTime() cog.Builder[dashboard.Panel] {
	return timeline(text{"Time to answer a push", "s", "From a push's first byte to its answer, the sync to disk included."}, noEvents,
		took("support_exporter_request_duration_seconds")...).Min(0)
}

func commitTime() cog.Builder[dashboard.Panel] {
	return timeline(text{"Time to commit", "s", "To write and sync one group of events; dashed, how many events shared one sync, on the right."}, noEvents,
		append(took("support_exporter_commit_duration_seconds"), over("events in a group", "%s / %s",
			rate("job", "support_exporter_commit_events_sum"), rate("job", "support_exporter_commit_events_count")))...).
		Min(0).
		OverrideByName("events in a group", append(dashed(faint), set("unit", "short"), set("custom.axisPlacement", "right")))
}

func delay() cog.Builder[dashboard.Panel] {
	return timeline(text{"Delay of events", "s", "From when an event happened, if it says so, to its arrival. Late events count in the windows in which they arrive."}, noEvents,
		took("support_exporter_event_delay_seconds")...).Min(0)
}

func refusals() cog.Builder[dashboard.Panel] {
	return stacked(text{"Pushes refused as a whole", "reqps", "By reason. Those for the queue, the rate or the store are told to come again; nothing of them was counted."}, "No push was refused in this time",
		over("{{reason}}", rate("reason", "support_exporter_requests_refused_total")))
}

func ignored() cog.Builder[dashboard.Panel] {
	return stacked(text{"Facts ignored", "short", "Facts a second of accepted events that were not counted. Duplicates are harmless; a conflict says that two events disagree."}, "No fact was ignored in this time",
		over("{{fact}}: {{reason}}", rate("fact, reason", "support_exporter_facts_ignored_total")))
}

func overflow() cog.Builder[dashboard.Panel] {
	return stacked(text{"Labels counted as other", "short", "Values a second beyond a label's cap or off its list, by label; series is the budget of all series."}, "No value was counted as other in this time",
		over("{{label}}", rate("label", "support_exporter_label_overflow_total")))
}

func queue() cog.Builder[dashboard.Panel] {
	return timeline(text{"Queue", "short", "Events that wait to be committed; dashed, how many may."}, "No exporter is known",
		over("{{instance}}", own("support_exporter_queue_events")), over("limit", "max(%s)", own("support_exporter_queue_limit_events"))).
		Min(0).
		OverrideByName("limit", dashed(bad))
}

func inflight() cog.Builder[dashboard.Panel] {
	return timeline(text{"Pushes in flight", "bytes", "Bytes of pushes that are being received, read or committed; dashed, how many may be. Slow clients show here."}, "No exporter is known",
		over("{{instance}}", own("support_exporter_inflight_bytes")), over("limit", "max(%s)", own("support_exporter_inflight_limit_bytes"))).
		Min(0).
		OverrideByName("limit", dashed(bad))
}

func connections() cog.Builder[dashboard.Panel] {
	return timeline(text{"Connections", "short", "Open connections; dashed, how many there may be. On the right, how many a second were closed to make room for others."}, "No exporter is known",
		over("{{instance}}", own("support_exporter_connections")), over("limit", "max(%s)", own("support_exporter_connections_limit")),
		over("closed", "sum(rate(%s[$__rate_interval]))", own("support_exporter_connections_closed_total"))).
		Min(0).
		OverrideByName("limit", dashed(bad)).
		OverrideByName("closed", append(dashed(faint), set("custom.axisPlacement", "right")))
}

func store() cog.Builder[dashboard.Panel] {
	return stacked(text{"Store on disk", "bytes", "The log that a restart would read, and the checkpoint before it."}, "No exporter is known",
		over("{{instance}} log", own("support_exporter_store_log_bytes")),
		over("{{instance}} checkpoint", own("support_exporter_store_checkpoint_bytes")))
}

func failures() cog.Builder[dashboard.Panel] {
	return timeline(text{"Failures of the store", "short", "Within each step of the graph: attempts to make events durable and checkpoints that failed, and the time that a checkpoint took."}, "No exporter is known",
		over("failed commits", "sum(increase(%s[$__rate_interval]))", own("support_exporter_journal_failures_total")),
		over("failed checkpoints", "sum(increase(%s[$__rate_interval]))", own("support_exporter_checkpoint_failures_total")),
		over("bytes cut at start", "sum(%s)", own("support_exporter_journal_torn_bytes_total")),
		over("seconds a checkpoint", "sum(rate(%s[$__rate_interval])) / (sum(rate(%s[$__rate_interval])) > 0)",
			own("support_exporter_checkpoint_duration_seconds_sum"), own("support_exporter_checkpoint_duration_seconds_count")),
	).
		Min(0).
		OverrideByName("bytes cut at start", []dashboard.DynamicConfigValue{set("unit", "bytes")}).
		OverrideByName("seconds a checkpoint", append(dashed(faint), set("unit", "s"), set("custom.axisPlacement", "right")))
}

func series() cog.Builder[dashboard.Panel] {
	return timeline(text{"Time series", "short", "Time series about conversations; dashed, the budget."}, "No exporter is known",
		over("{{instance}}", own("support_exporter_series")), over("budget", "max(%s)", own("support_exporter_series_limit"))).
		Min(0).
		OverrideByName("budget", dashed(bad))
}

func tracked() cog.Builder[dashboard.Panel] {
	return timeline(text{"Conversations remembered", "short", "Conversations within their retention, for which a resent event is a duplicate."}, "No exporter is known",
		over("{{instance}}", own("support_exporter_conversations_tracked"))).Min(0)
}

func process() cog.Builder[dashboard.Panel] {
	return timeline(text{"Memory and processor", "bytes", "Resident memory; dashed, processor seconds a second, on the right."}, "No exporter is known",
		over("{{instance}} memory", own("process_resident_memory_bytes")),
		over("{{instance}} processor", "rate(%s[$__rate_interval])", own("process_cpu_seconds_total")),
	).
		Min(0).
		OverrideByQuery("B", append(dashed(faint), set("unit", "percentunit"), set("custom.axisPlacement", "right")))
}

func requests() cog.Builder[dashboard.Panel] {
	return stacked(text{"Pushes by answer", "reqps", "Pushes a second, by HTTP status code."}, noEvents,
		over("{{code}}", rate("code", "support_exporter_requests_total")))
}

func outgoing() cog.Builder[dashboard.Panel] {
	return timeline(text{"Pushes of all metrics", "short", "To --push.url, if there is one, within each step of the graph; and whether the last reload of the configuration succeeded (1)."}, "No exporter is known",
		over("pushed", "sum(increase(%s[$__rate_interval]))", own("support_exporter_pushes_total")),
		over("failed", "sum(increase(%s[$__rate_interval]))", own("support_exporter_push_failures_total")),
		over("configuration loaded", "min(%s)", own("support_exporter_config_last_reload_successful")),
	).
		Min(0).
		OverrideByName("failed", []dashboard.DynamicConfigValue{painted(bad)})
}

func builds() cog.Builder[dashboard.Panel] {
	return rows(text{"Builds", "short", "What each exporter was built from, and since when its configuration is in force."}, "No exporter is known",
		column("sum by (instance, version, revision, goversion) (%s)", own("support_exporter_build_info")),
		column("sum by (instance) (%s) * 1000", own("support_exporter_config_last_reload_success_timestamp_seconds")),
	).
		Transformations(merged(sorted("instance", false), []string{"Time", "Value #A"},
			[2]string{"instance", "Instance"}, [2]string{"version", "Version"}, [2]string{"revision", "Revision"}, [2]string{"goversion", "Go"}, [2]string{"Value #B", "Configured"})).
		OverrideByName("Configured", []dashboard.DynamicConfigValue{set("unit", "dateTimeFromNow")}).
		CellHeight(common.TableCellHeightSm)
}
