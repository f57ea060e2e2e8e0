#!/bin/sh
# One conversation from its first word to the answered survey, one push per fact.
#
#   examples/curl/conversation.sh conv-1
#
# The labels come first. Every event has an id of its own within the conversation:
# run this twice, and the second time all are duplicates. push.sh has what a
# program needs beyond this: files, and retries that do not give up so soon.
set -eu

conversation=${1:-conv-curl}
url=${SUPPORT_EXPORTER_URL:-http://127.0.0.1:10877}

# The token goes through a pipe: arguments can be seen by others on the machine.
authorize() {
	if [ -n "${SUPPORT_EXPORTER_TOKEN:-}" ]; then
		printf 'header = "Authorization: Bearer %s"\n' "$SUPPORT_EXPORTER_TOKEN"
	fi
}

push() {
	authorize | curl --config - --silent --show-error --fail-with-body --retry 5 --retry-connrefused \
		--header 'Content-Type: application/json' --data "{\"conversation_id\": \"$conversation\", $1}" \
		"${url%/}/api/v1/events"
}

push '"id": "open", "customer_id": "cust-7", "intent": "refund", "tier": "gold", "language": "en"'
push '"id": "call-1", "cost_delta": {"usd": 0.012, "detail": {"model": 0.012}}'
push '"id": "call-2", "cost_delta": {"usd": 0.003, "detail": {"tools": 0.003}}'
push '"id": "call-3", "cost_delta": {"usd": 0.014, "detail": {"model": 0.014}}, "turns_delta": 1'
push '"id": "resolved", "resolution": {"resolved": true, "seconds": 94}'
push '"id": "survey", "survey_sent": true'
push '"id": "score", "csat": 5' # days later
