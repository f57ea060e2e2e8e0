#!/bin/sh
# One conversation as CloudEvents 1.0, in the three modes of their HTTP binding.
#
#   examples/cloudevents/conversation.sh conv-1
#
# The id and the time of a CloudEvent are those of the event in it. Run this twice,
# and the second time all are duplicates. push.sh has what a program needs beyond
# this: files, and retries that do not give up so soon.
set -eu

conversation=${1:-conv-cloudevents}
url=${SUPPORT_EXPORTER_URL:-http://127.0.0.1:10877}

# The token goes through a pipe: arguments can be seen by others on the machine.
authorize() {
	if [ -n "${SUPPORT_EXPORTER_TOKEN:-}" ]; then
		printf 'header = "Authorization: Bearer %s"\n' "$SUPPORT_EXPORTER_TOKEN"
	fi
}

push() {
	authorize | curl --config - --silent --show-error --fail-with-body --retry 5 --retry-connrefused "$@" "${url%/}/api/v1/events"
}

# Structured: the CloudEvent is the body.
push --header 'Content-Type: application/cloudevents+json' --data '{
	"specversion": "1.0", "type": "com.example.support.opened", "source": "/agents/refunds",
	"id": "opened", "time": "2026-03-02T09:00:00Z",
	"data": {"conversation_id": "'"$conversation"'", "intent": "refund", "tier": "gold", "language": "en"}}'

# Batched: an array of them.
push --header 'Content-Type: application/cloudevents-batch+json' --data '[
	{"specversion": "1.0", "type": "com.example.support.call", "source": "/agents/refunds", "id": "call-1",
	 "data": {"conversation_id": "'"$conversation"'", "cost_delta": {"usd": 0.012, "detail": {"model": 0.012}}}},
	{"specversion": "1.0", "type": "com.example.support.resolved", "source": "/agents/refunds", "id": "resolved",
	 "time": "2026-03-02T09:01:34Z",
	 "data": {"conversation_id": "'"$conversation"'", "resolution": {"resolved": true, "seconds": 94}, "survey_sent": true}}]'

# Binary: the attributes are headers, the data are the body.
push --header 'Content-Type: application/json' \
	--header 'ce-specversion: 1.0' --header 'ce-type: com.example.support.rated' --header 'ce-source: /surveys' \
	--header 'ce-id: rated' --header 'ce-time: 2026-03-05T18:20:00Z' \
	--data '{"conversation_id": "'"$conversation"'", "csat": 5}'
