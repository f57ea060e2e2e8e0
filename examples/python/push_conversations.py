"""Record the conversations of a file through MetricsCollector.

    python3 examples/python/push_conversations.py examples/events/conversations50.ndjson

Each line of the file says what is known of a conversation, in the exporter's own
form. EventClient.enqueue would take it as it is; this calls a method per fact
instead, as an agent does.
"""

import json
import logging
import sys

from support_metrics import MetricsCollector


def record(collector: MetricsCollector, facts: dict) -> None:
    conversation, customer = facts["conversation_id"], facts.get("customer_id")
    names = ("intent", "tier", "language", "experiment", "variant")
    about = {"episode": facts.get("episode")}
    collector.start_conversation(conversation, customer, **about, **{n: facts.get(n) for n in names})
    if "turns" in facts:
        collector.record_conversation_turns(conversation, customer, facts["turns"], **about)
    if "cost" in facts:
        detail = {name: usd * 100 for name, usd in facts["cost"].get("detail", {}).items()}
        collector.record_cost(conversation, customer, facts["cost"]["usd"] * 100, detail, **about)
    # The escalation first: then the resolution is the human's, and no outcome of the agent's is reversed.
    if "escalation" in facts:
        collector.record_escalation(conversation, customer, **facts["escalation"], **about)
    if "resolution" in facts:
        resolution = dict(facts["resolution"])
        minutes = resolution.pop("seconds") / 60
        collector.record_resolution_time(conversation, customer, minutes, **resolution, **about)
    if "survey_sent" in facts:
        collector.record_survey_sent(conversation, customer, **about)
    if "csat" in facts:
        collector.record_csat(conversation, customer, facts["csat"], **about)


def main(paths: list) -> int:
    logging.basicConfig(format="%(levelname)s %(message)s")
    collector = MetricsCollector()
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                record(collector, json.loads(line))
    collector.close(timeout=60)
    print(json.dumps(collector.client.stats))
    return 1 if collector.client.stats["rejected"] + collector.client.stats["dropped"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
