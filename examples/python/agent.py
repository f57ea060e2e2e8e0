"""A tool-calling agent that reports what each of its calls cost as it goes.

    python3 examples/python/agent.py

The loop is the usual one of the OpenAI chat API: call the model, run the tools it
asks for, call it again, until it has words for the customer. What is added to it
is marked with "report". Model is a stub, which answers by rule and needs no
network: put your client's chat.completions.create in its place.
"""

import json
import logging
import signal
import sys

from support_metrics import MetricsCollector

CENTS_PER_TOKEN = {"prompt_tokens": 0.00025, "completion_tokens": 0.001}
CENTS_PER_TOOL = {"find_order": 0.05, "refund": 0.3, "hand_over": 0.0}

CUSTOMERS = [
    {"id": "cust-1", "chat": "chat-1", "intent": "refund", "tier": "gold", "language": "en", "minutes": 2.5,
     "says": ["Where is my order 1001?", "Then I want my money back."], "score": 5},
    {"id": "cust-2", "chat": "chat-2", "intent": "refund", "tier": "free", "language": "en", "minutes": 4,
     "says": ["Where is my order 1002?", "Let me talk to a human."], "score": None},
    {"id": "cust-3", "chat": "chat-3", "intent": "delivery", "tier": "free", "language": "de", "minutes": 0.75,
     "says": ["Where is my order 1003?"], "score": 4},
]


class Model:
    """Stands for a model with tools."""

    def __init__(self):
        self.calls = 0

    def complete(self, messages: list) -> dict:
        self.calls += 1
        last = messages[-1]
        message = {"role": "assistant", "content": "It is on its way. Anything else?"}
        for word, tool in (("human", "hand_over"), ("money", "refund"), ("order", "find_order")):
            if last["role"] == "user" and word in last["content"]:
                function = {"name": tool, "arguments": json.dumps({"words": last["content"]})}
                call = {"id": "call_%d" % self.calls, "type": "function", "function": function}
                message = {"role": "assistant", "content": None, "tool_calls": [call]}
                break
        return {
            "id": "chatcmpl-%d" % self.calls,
            "choices": [{"index": 0, "message": message}],
            "usage": {"prompt_tokens": 400 + 60 * len(messages), "completion_tokens": 35},
        }


class Agent:
    def __init__(self, model: Model, collector: MetricsCollector):
        self.model = model
        self.collector = collector

    def serve(self, customer: dict) -> None:
        """Have one conversation."""
        who = customer["chat"], customer["id"]
        labels = {name: customer[name] for name in ("intent", "tier", "language")}
        self.collector.start_conversation(*who, **labels)  # report
        messages = [{"role": "system", "content": "You are a support agent."}]
        handed_over = False
        for words in customer["says"]:
            messages.append({"role": "user", "content": words})
            handed_over = self.turn(who, messages) or handed_over
        if handed_over:
            return
        self.collector.record_resolution_time(*who, customer["minutes"], resolved=True)  # report
        self.collector.record_survey_sent(*who)  # report
        if customer["score"] is not None:
            self.collector.record_csat(*who, customer["score"])  # report

    def turn(self, who: tuple, messages: list) -> bool:
        """Answer the customer. True if the conversation was handed to a human."""
        handed_over = False
        while True:
            completion = self.model.complete(messages)
            message = completion["choices"][0]["message"]
            calls = message.get("tool_calls") or []
            cents = sum(CENTS_PER_TOKEN[kind] * tokens for kind, tokens in completion["usage"].items())
            ended = 0 if calls else 1  # a turn ends with words for the customer
            self.collector.record_call(  # report
                *who, cents, {"model": cents}, turns=ended, call_id=completion["id"]
            )
            messages.append(message)
            if not calls:
                return handed_over
            for call in calls:
                tool = call["function"]["name"]
                content = self.run_tool(tool)
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})
                cents = CENTS_PER_TOOL[tool]
                self.collector.record_call(*who, cents, {"tools": cents}, call_id=call["id"])  # report
                if tool == "hand_over":
                    self.collector.record_escalation(*who, True, "asked_for_human")  # report
                    handed_over = True

    def run_tool(self, name: str) -> str:
        return json.dumps({"ok": True, "tool": name})


def main() -> int:
    logging.basicConfig(format="%(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # else Python would end without delivering
    collector = MetricsCollector()
    agent = Agent(Model(), collector)
    for customer in CUSTOMERS:
        agent.serve(customer)
    collector.close()
    print(json.dumps(collector.client.stats))
    return 1 if collector.client.stats["dropped"] else 0


if __name__ == "__main__":
    sys.exit(main())
