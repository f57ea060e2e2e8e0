#!/bin/sh
# Pushes files of events, one JSON object a line.
#
#   examples/curl/push.sh examples/events/conversations50.ndjson
#
# SUPPORT_EXPORTER_URL is where to (http://127.0.0.1:10877), SUPPORT_EXPORTER_TOKEN
# a bearer token, if the exporter wants one.
#
# A file is one request; the exporter says so if that is too large. What may
# succeed later is repeated for 15 minutes at most: no connection, no answer, 429
# and 503, after what Retry-After says. A resend counts nothing twice, since facts
# count once anyway and increments must have an id. The exit code is 1 if any event
# was rejected or a file could not be delivered.
set -eu

url=${SUPPORT_EXPORTER_URL:-http://127.0.0.1:10877}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
failed=0

# The token goes through a pipe: arguments can be seen by others on the machine.
authorize() {
	if [ -n "${SUPPORT_EXPORTER_TOKEN:-}" ]; then
		printf 'header = "Authorization: Bearer %s"\n' "$SUPPORT_EXPORTER_TOKEN"
	fi
}

for file in "$@"; do
	if [ ! -r "$file" ] || [ -d "$file" ]; then
		printf '%s: no file that can be read\n' "$file" >&2
		failed=1
		continue
	fi
	status=$(authorize | curl --config - --silent --show-error --output "$answer" --write-out '%{http_code}' \
		--max-time 30 --retry 100 --retry-max-time 900 --retry-connrefused --retry-all-errors \
		--header 'Content-Type: application/x-ndjson' --data-binary "@$file" "${url%/}/api/v1/events") || status=000
	printf '%s: %s %s\n' "$file" "$status" "$(cat "$answer")"
	[ "$status" = 200 ] || failed=1
done
exit "$failed"
