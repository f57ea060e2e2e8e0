#!/bin/sh
# Pushes files of events, one JSON object a line, as batches of CloudEvents 1.0.
#
#   examples/cloudevents/push.sh examples/events/conversations50.ndjson
#
# An event's id becomes that of its CloudEvent. Needs jq. SUPPORT_EXPORTER_URL is
# where to (http://127.0.0.1:10877), SUPPORT_EXPORTER_TOKEN a bearer token, if the
# exporter wants one. What may succeed later is repeated for 15 minutes at most: a
# resend counts nothing twice. The exit code is 1 if any event was rejected or a
# file could not be delivered.
set -eu

url=${SUPPORT_EXPORTER_URL:-http://127.0.0.1:10877}
answer=$(mktemp)
batch=$(mktemp)
trap 'rm -f "$answer" "$batch"' EXIT
failed=0

# The token goes through a pipe: arguments can be seen by others on the machine.
authorize() {
	if [ -n "${SUPPORT_EXPORTER_TOKEN:-}" ]; then
		printf 'header = "Authorization: Bearer %s"\n' "$SUPPORT_EXPORTER_TOKEN"
	fi
}

# Every CloudEvent has an id; an event without one gets its line number, which is
# the same when the file is pushed again.
for file in "$@"; do
	if [ ! -r "$file" ] || [ -d "$file" ]; then
		printf '%s: no file that can be read\n' "$file" >&2
		failed=1
		continue
	fi
	jq --compact-output --slurp 'to_entries | map({
		specversion: "1.0",
		type: "com.example.support.event",
		source: "/examples/cloudevents",
		id: (.value.id // "line-\(.key + 1)"),
		data: (.value | del(.id))
	})' "$file" >"$batch"
	status=$(authorize | curl --config - --silent --show-error --output "$answer" --write-out '%{http_code}' \
		--max-time 30 --retry 100 --retry-max-time 900 --retry-connrefused --retry-all-errors \
		--header 'Content-Type: application/cloudevents-batch+json' --data-binary "@$batch" "${url%/}/api/v1/events") || status=000
	printf '%s: %s %s\n' "$file" "$status" "$(cat "$answer")"
	[ "$status" = 200 ] || failed=1
done
exit "$failed"
