"""Tests of support_metrics against a scripted exporter.

    python3 -m unittest discover -s examples/python
"""

import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

from support_metrics import EventClient, MetricsCollector

HERE = os.path.dirname(os.path.abspath(__file__))


class Exporter:
    """Answers as scripted, then takes everything in; rejects events of the conversation "bad"."""

    def __init__(self, *script):
        self.script = list(script)  # a status, or one and headers; "cut": no answer; bytes: these, then a byte now and then; other text: 200 and that
        self.requests = []  # (path, headers, events) of each
        self.limit = float("inf")  # bytes of a body; a longer one is refused unread
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                if length > exporter.limit:
                    exporter.script.insert(0, 413)
                    exporter.answer(self, [])
                    return
                body = self.rfile.read(length)
                exporter.answer(self, [json.loads(line) for line in body.splitlines()])

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, handler, events):
        self.requests.append((handler.path, dict(handler.headers), events))
        step = self.script.pop(0) if self.script else 200
        if step == "cut":
            handler.close_connection = True
            return
        if isinstance(step, bytes):
            while True:
                try:
                    handler.wfile.write(step)
                except OSError:  # the client has gone
                    return
                step = b" "
                time.sleep(0.02)
        status, headers = step if isinstance(step, tuple) else (200 if isinstance(step, str) else step, {})
        errors = [
            {"index": i, "field": "csat", "message": "must be an integer from 1 to 5, got 9"}
            for i, e in enumerate(events)
            if e["conversation_id"] == "bad"
        ]
        if status == 200:
            answer = {"accepted": len(events) - len(errors), "duplicates": 0, "rejected": len(errors), "errors": errors}
            status = 207 if errors else 200
        else:
            whole = {"index": -1, "field": "", "message": "no, thanks"}
            answer = {"accepted": 0, "duplicates": 0, "rejected": len(events), "errors": [whole]}
        body = step.encode() if isinstance(step, str) else json.dumps(answer).encode()
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def events(self):
        """Those of every answered request, without what differs from run to run."""
        return [
            {k: v for k, v in e.items() if k not in ("id", "time")} for _, _, events in self.requests for e in events
        ]

    def batches(self):
        return [len(events) for _, _, events in self.requests]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class TestCase(unittest.TestCase):
    def exporter(self, *script):
        exporter = Exporter(*script)
        self.addCleanup(exporter.close)
        return exporter

    def client(self, exporter, **options):
        client = EventClient(exporter.url, **{"first_backoff": 0.01, "flush_interval": 0.01, **options})
        self.addCleanup(client.close, 0)
        return client

    def collector(self, exporter):
        collector = MetricsCollector(exporter.url)
        self.addCleanup(collector.close, 0)
        return collector

    def stats(self, client, **want):
        zero = dict.fromkeys(("queued", "accepted", "duplicates", "rejected", "dropped", "retries"), 0)
        self.assertEqual(client.stats, {**zero, **want})


class CollectorTest(TestCase):
    def test_usage_of_the_tutorial(self):
        exporter = self.exporter()
        with mock.patch.dict(os.environ, {"SUPPORT_EXPORTER_URL": exporter.url}):
            collector = MetricsCollector()
        collector.record_resolution_time("conv_123", "cust_456", 3.2, resolved=True)
        collector.record_csat("conv_123", "cust_456", 4)
        collector.record_cost("conv_123", "cust_456", 42)
        self.assertTrue(collector.close())
        who = {"conversation_id": "conv_123", "customer_id": "cust_456"}
        self.assertEqual(
            exporter.events(),
            [
                {**who, "resolution": {"resolved": True, "seconds": 192.0}},
                {**who, "csat": 4},
                {**who, "cost": {"usd": 0.42}},
            ],
        )

    def test_every_method(self):
        who = ("c", "u")
        cases = [
            ("start_conversation", who, {"intent": "refund", "tier": None}, {"intent": "refund"}),
            ("record_resolution_time", (*who, 0.35, False), {}, {"resolution": {"resolved": False, "seconds": 21.0}}),
            (
                "record_resolution_time",
                (*who, 1, True),
                {"confirmed": True, "episode": 2},
                {"resolution": {"resolved": True, "seconds": 60, "confirmed": True}, "episode": 2},
            ),
            ("record_conversation_turns", (*who, 4), {}, {"turns": 4}),
            ("record_survey_sent", who, {}, {"survey_sent": True}),
            ("record_csat", (*who, 5), {"language": "de"}, {"csat": 5, "language": "de"}),
            ("record_escalation", (*who, False), {}, {"escalation": {"escalated": False}}),
            ("record_escalation", (*who, True, "policy"), {}, {"escalation": {"escalated": True, "reason": "policy"}}),
            (
                "record_cost",
                (*who, 42),
                {"detail": {"model": 36, "tools": 6}},
                {"cost": {"usd": 0.42, "detail": {"model": 0.36, "tools": 0.06}}},
            ),
            ("record_call", (*who, 0.07), {"turns": 1}, {"cost_delta": {"usd": 0.0007}, "turns_delta": 1}),
        ]
        exporter = self.exporter()
        collector = self.collector(exporter)
        for method, args, kwargs, _ in cases:
            getattr(collector, method)(*args, **kwargs)
        self.assertTrue(collector.flush(10))
        want = [{"conversation_id": "c", "customer_id": "u", **facts} for _, _, _, facts in cases]
        self.assertEqual(exporter.events(), want)

    def test_id_and_time_are_the_callers_if_given(self):
        exporter = self.exporter()
        collector = self.collector(exporter)
        moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))
        collector.record_call("c", "u", 1, call_id="chatcmpl-1", time=moment)
        collector.record_call("c", "u", 1)
        collector.flush(10)
        first, second = exporter.requests[0][2]
        self.assertEqual((first["id"], first["time"]), ("chatcmpl-1", "2026-01-02T02:04:05+00:00"))
        self.assertEqual(len(second["id"]), 32)
        age = datetime.now(timezone.utc) - datetime.fromisoformat(second["time"])
        self.assertLess(age, timedelta(minutes=1))

    def test_a_score_that_is_none_raises_as_in_the_tutorial(self):
        collector = self.collector(self.exporter())
        for score in (0, 6, -1, 4.5, float("nan"), True, None, "5", [5]):
            with self.subTest(score=score), self.assertRaises(ValueError) as raised:
                collector.record_csat("c", "u", score)
            self.assertEqual(str(raised.exception), "CSAT must be 1 to 5, got %r" % (score,))
        self.assertEqual(collector.metrics, [])
        self.stats(collector.client)

    def test_a_score_may_be_of_any_type_that_counts(self):
        exporter = self.exporter()
        collector = self.collector(exporter)
        for score in (4, 4.0, Decimal(4)):
            collector.record_csat("c", "u", score)
        self.assertTrue(collector.flush(10))
        self.assertEqual([repr(e["csat"]) for e in exporter.events()], ["4"] * 3)

    def test_a_detail_that_is_no_breakdown_does_not_cost_the_cost(self):
        exporter = self.exporter()
        collector = self.collector(exporter)
        details = [{"model": "large", "tokens": 1200}, {"tokens": 1200}, {"model": -1}, "large", {"model": True}]
        with self.assertLogs("support_metrics", logging.WARNING) as logged:
            for n, detail in enumerate(details):
                collector.record_cost(str(n), "u", 42, detail)
        collector.flush(10)
        self.assertEqual([e["cost"] for e in exporter.events()], [{"usd": 0.42}] * len(details))
        self.assertEqual(len(logged.output), len(details))

    def test_nothing_else_that_is_recorded_crashes_the_agent(self):
        exporter = self.exporter()
        collector = self.collector(exporter)
        with self.assertLogs("support_metrics", logging.ERROR):
            collector.record_resolution_time("c", "u", float("nan"), True)
            collector.record_conversation_turns("c", "u", object())
        collector.record_cost("c", None, "42")  # for the exporter to reject, by name
        collector.flush(10)
        self.assertEqual(exporter.events(), [{"conversation_id": "c", "cost": {"usd": "42"}}])
        self.stats(collector.client, accepted=1, dropped=2)

    def test_metrics_are_there_for_code_that_reads_them(self):
        exporter = self.exporter()
        collector = MetricsCollector(exporter.url, keep_metrics=4)
        self.addCleanup(collector.close, 0)
        held = collector.metrics
        collector.record_cost("c", "u", 42)
        collector.record_escalation("c", "u", True, "policy")
        recent = [m for m in held if m.timestamp >= datetime.now() - timedelta(days=7)]
        self.assertEqual([(m.metric_name, m.value) for m in recent], [("cost", 0.42), ("escalation", 1.0)])
        for n in range(20):
            collector.record_conversation_turns("c", "u", n)
            self.assertLessEqual(len(held), 4)
        self.assertEqual(held[-1].value, 19.0)


class DeliveryTest(TestCase):
    def test_batches(self):
        exporter = self.exporter()
        client = self.client(exporter, batch_size=3, flush_interval=60)
        for n in range(7):
            self.assertTrue(client.enqueue({"conversation_id": str(n)}))
        self.assertTrue(client.flush(10))
        self.assertEqual(exporter.batches(), [3, 3, 1])
        self.stats(client, accepted=7)
        path, headers, _ = exporter.requests[0]
        self.assertEqual((path, headers["Content-Type"]), ("/api/v1/events", "application/x-ndjson"))
        self.assertNotIn("Authorization", headers)

    def test_an_event_does_not_wait_for_its_batch_to_fill(self):
        exporter = self.exporter()
        client = self.client(exporter)
        client.enqueue({"conversation_id": "c"})
        deadline = time.monotonic() + 10
        while client.stats["queued"] and time.monotonic() < deadline:
            time.sleep(0.005)
        self.stats(client, accepted=1)

    def test_none_is_absent(self):
        exporter = self.exporter()
        client = self.client(exporter)
        client.enqueue({"conversation_id": "c", "id": None, "time": None, "intent": None, "csat": 5})
        self.assertTrue(client.flush(10))
        sent = exporter.requests[0][2][0]
        self.assertEqual(sorted(sent), ["conversation_id", "csat", "id", "time"])
        self.assertEqual(len(sent["id"]), 32)
        self.assertIn("T", sent["time"])

    def test_what_is_no_event_is_dropped_and_does_not_raise(self):
        client = self.client(self.exporter())
        with self.assertLogs("support_metrics", logging.ERROR):
            for event in (None, "c", {"conversation_id": "c", "time": datetime.min}):
                self.assertFalse(client.enqueue(event))
        self.stats(client, dropped=3)

    def test_retries_send_the_same(self):
        exporter = self.exporter(503, "cut", (429, {"Retry-After": "0"}), 500)
        client = self.client(exporter)
        with self.assertLogs("support_metrics", logging.WARNING):
            client.enqueue({"conversation_id": "c", "csat": 5})
            self.assertTrue(client.flush(10))
        sent = [events for _, _, events in exporter.requests]
        self.assertEqual(len(sent), 5)
        self.assertEqual(sent, [sent[0]] * 5)
        self.stats(client, accepted=1, retries=4)

    def test_retry_after_is_kept(self):
        exporter = self.exporter((503, {"Retry-After": "1"}))
        client = self.client(exporter)
        start = time.monotonic()
        with self.assertLogs("support_metrics", logging.WARNING):
            client.enqueue({"conversation_id": "c"})
            self.assertTrue(client.flush(10))
        self.assertGreaterEqual(time.monotonic() - start, 1)

    def test_an_attempt_ends_though_its_answer_trickles(self):
        whole = b"HTTP/1.0 200 OK\r\nContent-Length: 100000\r\n\r\n"
        exporter = self.exporter(whole, whole[:10])
        client = self.client(exporter, request_timeout=1)
        with self.assertLogs("support_metrics", logging.WARNING) as logged:
            client.enqueue({"conversation_id": "c"})
            self.assertTrue(client.flush(20))
        self.assertRegex(logged.output[0], "timed out")
        self.stats(client, accepted=1, retries=2)

    def test_waits_grow_and_have_jitter(self):
        exporter = self.exporter(503, 503, 503)
        client = self.client(exporter, first_backoff=0.02)
        waits = []
        client._closing.wait = waits.append
        with self.assertLogs("support_metrics", logging.WARNING):
            client.enqueue({"conversation_id": "c"})
            client.flush(10)
        for wait, middle in zip(waits, (0.02, 0.04, 0.08)):
            self.assertGreaterEqual(wait, middle * 0.5)
            self.assertLessEqual(wait, middle * 1.5)
        self.assertEqual(len(waits), 3)

    def test_gives_up(self):
        told = []
        exporter = self.exporter(*[503] * 1000)
        client = self.client(exporter, max_elapsed=0.05, on_reject=lambda e, why: told.append((e["csat"], why)))
        with self.assertLogs("support_metrics", logging.ERROR):
            client.enqueue({"conversation_id": "c", "csat": 1})
            self.assertTrue(client.flush(10))
        self.assertEqual(client.stats["dropped"], 1)
        self.assertRegex(told[0][1], r"^gave up after \d+ attempts: 503: no, thanks$")

    def test_what_is_final_is_not_repeated(self):
        not_all = '{"accepted": 0, "duplicates": 0, "rejected": 0, "errors": []}'
        for step in ((307, {"Location": "/other"}), 401, 403, 404, 415, "<html>", not_all):
            with self.subTest(step=step), self.assertLogs("support_metrics", logging.ERROR):
                exporter = self.exporter(step)
                client = self.client(exporter)
                client.enqueue({"conversation_id": "c"})
                client.flush(10)
                self.stats(client, dropped=1)
                self.assertEqual(len(exporter.requests), 1)

    def test_rejected_events_are_named(self):
        told = []
        exporter = self.exporter()
        client = self.client(exporter, flush_interval=60, on_reject=lambda e, why: told.append((e["id"], why)))
        with self.assertLogs("support_metrics", logging.WARNING) as logged:
            for n, conversation in enumerate(("a", "bad", "c")):
                client.enqueue({"id": str(n), "conversation_id": conversation})
            client.flush(10)
        self.assertEqual(told, [("1", "csat: must be an integer from 1 to 5, got 9")])
        self.assertIn("1 of 3 events rejected; the first: csat: must be", logged.output[0])
        self.stats(client, accepted=2, rejected=1)

    def test_a_failing_on_reject_does_not_end_the_thread(self):
        exporter = self.exporter()
        client = self.client(exporter, on_reject=lambda e, why: 1 / 0)
        with self.assertLogs("support_metrics", logging.ERROR):
            client.enqueue({"conversation_id": "bad"})
            client.flush(10)
        client.enqueue({"conversation_id": "c"})
        self.assertTrue(client.flush(10))
        self.stats(client, accepted=1, rejected=1)

    def test_too_large_is_split(self):
        exporter = self.exporter(413, 200, 413, 200, 413)
        client = self.client(exporter, flush_interval=60)
        with self.assertLogs("support_metrics", logging.WARNING):
            for n in range(4):
                client.enqueue({"conversation_id": str(n)})
            client.flush(10)
        self.assertEqual(exporter.batches(), [4, 2, 2, 1, 1])
        self.stats(client, accepted=3, rejected=1)

    def test_a_batch_has_a_mebibyte_unless_it_is_one_event(self):
        exporter = self.exporter()
        client = self.client(exporter, flush_interval=60)
        for kilobytes in (400, 400, 400, 2000, 400):
            client.enqueue({"conversation_id": "c", "intent": "x" * kilobytes * 1024})
        self.assertTrue(client.flush(10))
        self.assertEqual(exporter.batches(), [2, 1, 1, 1])
        self.stats(client, accepted=5)

    def test_a_mebibyte_does_not_wait_for_more(self):
        exporter = self.exporter()
        client = self.client(exporter, flush_interval=3600)
        for _ in range(2):
            client.enqueue({"conversation_id": "c", "intent": "x" * 800 * 1024})
        deadline = time.monotonic() + 10
        while client.stats["accepted"] < 1 and time.monotonic() < deadline:
            time.sleep(0.005)
        self.assertEqual(exporter.batches(), [1])

    def test_an_event_that_is_refused_before_it_is_sent_whole_is_rejected(self):
        told = []
        exporter = self.exporter()
        exporter.limit = 4 << 20
        client = self.client(exporter, flush_interval=60, on_reject=lambda e, why: told.append((e["id"], why)))
        with self.assertLogs("support_metrics", logging.WARNING):
            for n, size in enumerate((1, 32 << 20, 1)):  # more than fits into the sockets
                client.enqueue({"id": str(n), "conversation_id": "c", "intent": "x" * size})
            self.assertTrue(client.flush(20))
        self.assertEqual(told, [("1", "413: no, thanks")])
        self.stats(client, accepted=2, rejected=1)

    def test_token(self):
        for token, env, want in (("t1", "t2", "Bearer t1"), (None, "t2", "Bearer t2")):
            exporter = self.exporter()
            with mock.patch.dict(os.environ, {"SUPPORT_EXPORTER_TOKEN": env}):
                client = self.client(exporter, token=token)
            client.enqueue({"conversation_id": "c"})
            client.flush(10)
            self.assertEqual(exporter.requests[0][1]["Authorization"], want)

    def test_a_token_that_no_header_can_have_is_refused(self):
        for token in ("s3\ncret", "s3 cret", "s3cr\u00e9t"):
            with self.subTest(token=token), self.assertRaises(ValueError) as raised:
                EventClient("http://exporter.test", token)
            self.assertEqual(str(raised.exception), "token: must be printable ASCII without spaces")

    def test_bad_address(self):
        none = "exporter url: is none; in a name or a password what has a meaning in a url must be %-escaped"
        scheme = "exporter url: must begin with http:// or https://"
        for url, want in (
            ("localhost:10877", scheme),
            ("ftp://n4me:s3cret@host", scheme),
            ("n4me:s3cret@host", scheme),
            ("http://", "exporter url: has no host"),
            ("http://:80", "exporter url: has no host"),
            ("http://host/?token=s3cret", "exporter url: must have no query and no fragment"),
            ("http://n4me:s3cret/1@host", none),
            ("http://n4me:s3cret%zz@host", none),
            ("http://n4me:s3cret@ho st", none),
            ("http://[n4me:s3cret@host", none),
        ):
            with self.subTest(url=url), self.assertRaises(ValueError) as raised:
                EventClient(url)
            self.assertEqual(str(raised.exception), want)

    def test_options_that_are_no_sizes_and_times_are_refused(self):
        for name in ("batch_size", "queue_size"):
            for value in (0, -1, 1.5, True, None, "5"):
                with self.subTest(name=name, value=value), self.assertRaises(ValueError) as raised:
                    EventClient("http://exporter.test", **{name: value})
                want = "%s: must be an integer of at least 1, got %r" % (name, value)
                self.assertEqual(str(raised.exception), want)
        for name in ("flush_interval", "max_elapsed", "first_backoff", "request_timeout", "exit_timeout"):
            for value in (-1, float("nan"), float("inf"), True, None, "5") + (() if name == "exit_timeout" else (0,)):
                with self.subTest(name=name, value=value), self.assertRaises(ValueError) as raised:
                    EventClient("http://exporter.test", **{name: value})
                want = "%s: must be seconds, more than 0 and finite, got %r" % (name, value)
                self.assertEqual(str(raised.exception), want)

    def test_credentials_are_in_the_header_alone(self):
        for user, token, want in (
            ("n4me:s3%20cret@", None, "Basic bjRtZTpzMyBjcmV0"),
            ("n4me@", None, "Basic bjRtZTo="),
            ("n4me:s3%20cret@", "t0ken", "Bearer t0ken"),
            ("", " t0ken\r\n", "Bearer t0ken"),
        ):
            with self.subTest(want=want), self.assertLogs("support_metrics", logging.WARNING) as logged:
                exporter, told = self.exporter("cut", 401), []
                exporter.url = exporter.url.replace("http://", "http://" + user)
                client = self.client(exporter, token=token, on_reject=lambda e, why: told.append(why))
                client.enqueue({"conversation_id": "c"})
                self.assertTrue(client.flush(10))
                self.assertEqual([headers["Authorization"] for _, headers, _ in exporter.requests], [want] * 2)
                self.assertRegex("\n".join(logged.output), "retrying(.|\n)*lost")
                self.assertNotRegex("\n".join(logged.output + told), "n4me|s3|cret|t0ken")

    def test_a_path_with_what_a_url_must_escape(self):
        exporter = self.exporter()
        exporter.url += "/s\u00fcpport team/"
        client = self.client(exporter)
        client.enqueue({"conversation_id": "c"})
        self.assertTrue(client.flush(10))
        self.assertEqual(exporter.requests[0][0], "/s%C3%BCpport%20team/api/v1/events")

    def test_a_full_queue_drops_and_never_blocks(self):
        exporter = self.exporter((503, {"Retry-After": "60"}))
        client = self.client(exporter, batch_size=1, queue_size=2, exit_timeout=0)
        client.enqueue({"conversation_id": "0"})
        while not client.stats["retries"]:  # it is on its way, and waits
            time.sleep(0.005)
        with self.assertLogs("support_metrics", logging.ERROR) as logged:
            taken = [client.enqueue({"conversation_id": "n"}) for _ in range(5)]
        self.assertEqual(taken, [True, True, False, False, False])
        self.assertEqual(len(logged.output), 1)  # and not one for every event
        self.assertEqual((client.stats["queued"], client.stats["dropped"]), (3, 3))
        self.assertTrue(client.close(60))  # wakes it: the exporter is back
        self.stats(client, accepted=3, dropped=3, retries=1)

    def test_close_gives_up_in_time_and_says_what_is_lost(self):
        exporter = self.exporter(*[503] * 1000)
        client = self.client(exporter)
        client.enqueue({"conversation_id": "c"})
        with self.assertLogs("support_metrics", logging.ERROR):
            client.close(0.05)
        self.stats(client, dropped=1, retries=client.stats["retries"])
        with self.assertLogs("support_metrics", logging.ERROR):
            self.assertFalse(client.enqueue({"conversation_id": "c"}))
        self.assertTrue(client.close())

    def test_threads(self):
        exporter = self.exporter()
        client = self.client(exporter, batch_size=50)

        def work(n):
            for i in range(100):
                client.enqueue({"conversation_id": "%d-%d" % (n, i)})

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertTrue(client.close())
        self.stats(client, accepted=800)
        self.assertEqual(len({e["conversation_id"] for e in exporter.events()}), 800)


class ExitTest(TestCase):
    """Each in an interpreter of its own, that ends."""

    def start(self, exporter, script):
        program = "from support_metrics import MetricsCollector\ncollector = MetricsCollector()\n"
        return subprocess.Popen(
            [sys.executable, "-c", program + textwrap.dedent(script)],
            cwd=HERE,
            env={**os.environ, "SUPPORT_EXPORTER_URL": exporter.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def conversations(self, exporter):
        return sorted(e["conversation_id"] for e in exporter.events())

    def test_exit_delivers(self):
        for end in ("pass", "raise SystemExit(0)", "raise KeyError"):
            exporter = self.exporter(503)
            with self.start(exporter, 'collector.record_csat("c", "u", 5)\n' + end) as p:
                p.wait(30)
            self.assertEqual(self.conversations(exporter), ["c", "c"], end)  # refused once

    def test_terminated_where_the_program_makes_it_an_exit(self):
        exporter = self.exporter()
        script = """
            import signal, sys, time
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            collector.client._flush_interval = 60
            collector.record_csat("c", "u", 5)
            print("ready", flush=True)
            time.sleep(60)
        """
        with self.start(exporter, script) as p:
            p.stdout.readline()
            p.send_signal(signal.SIGTERM)
            self.assertEqual(p.wait(30), 0)
        self.assertEqual(self.conversations(exporter), ["c"])

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_a_forked_worker_sends_its_own_and_nothing_of_its_parent(self):
        exporter = self.exporter()
        script = """
            import os, sys
            collector.record_csat("parent", "u", 5)
            if os.fork() == 0:
                collector.record_csat("child", "u", 5)
                sys.exit(0)
            os.wait()
        """
        with self.start(exporter, script) as p:
            p.wait(30)
        self.assertEqual(self.conversations(exporter), ["child", "parent"])


if __name__ == "__main__":
    unittest.main()
