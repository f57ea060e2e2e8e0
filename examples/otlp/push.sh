#!/bin/sh
# Pushes files of events, one JSON object a line, as log records of OTLP/HTTP in
# JSON: what an OpenTelemetry SDK or Collector sends, to the path it sends it to.
#
#   examples/otlp/push.sh examples/events/conversations50.ndjson
#
# Needs jq. SUPPORT_EXPORTER_URL is where to (http://127.0.0.1:10877),
# SUPPORT_EXPORTER_TOKEN a bearer token, if the exporter wants one. What may succeed
# later is repeated for 15 minutes at most: a resend counts nothing twice. The exit
# code is 1 if any log record was rejected or a file could not be delivered.
set -eu

url=${SUPPORT_EXPORTER_URL:-http://127.0.0.1:10877}
answer=$(mktemp)
request=$(mktemp)
trap 'rm -f "$answer" "$request"' EXIT
failed=0

# The token goes through a pipe: arguments can be seen by others on the machine.
authorize() {
	if [ -n "${SUPPORT_EXPORTER_TOKEN:-}" ]; then
		printf 'header = "Authorization: Bearer %s"\n' "$SUPPORT_EXPORTER_TOKEN"
	fi
}

# A field of an event is an attribute: {"cost": {"usd": 0.1}} is support.cost.usd.
for file in "$@"; do
	if [ ! -r "$file" ] || [ -d "$file" ]; then
		printf '%s: no file that can be read\n' "$file" >&2
		failed=1
		continue
	fi
	jq --compact-output --slurp '
		def name: {conversation_id: "gen_ai.conversation.id", id: "support.event.id", customer_id: "support.customer.id"}[.] // "support." + .;
		def any: {string: {stringValue: .}, boolean: {boolValue: .}, number: {doubleValue: .}}[type];
		{resourceLogs: [{scopeLogs: [{logRecords: map({
			timeUnixNano: "\(now | floor)000000000",
			attributes: [paths(type != "object") as $path | {key: $path | join(".") | name, value: getpath($path) | any}]
		})}]}]}' "$file" >"$request"
	status=$(authorize | curl --config - --silent --show-error --output "$answer" --write-out '%{http_code}' \
		--max-time 30 --retry 100 --retry-max-time 900 --retry-connrefused --retry-all-errors \
		--header 'Content-Type: application/json' --data-binary "@$request" "${url%/}/v1/logs") || status=000
	printf '%s: %s %s\n' "$file" "$status" "$(cat "$answer")"
	# A success without partialSuccess is a whole one.
	[ "$status" = 200 ] && [ "$(cat "$answer")" = '{}' ] || failed=1
done
exit "$failed"
