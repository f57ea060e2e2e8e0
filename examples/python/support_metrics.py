"""Push what happens in support conversations to the support exporter.

MetricsCollector is a drop-in for the class of that name which tutorials on
support analytics start from: the same methods with the same arguments, but what
is recorded goes to the exporter, where it is counted durably and once. Change
the import, and nothing else:

    from support_metrics import MetricsCollector

    collector = MetricsCollector()  # $SUPPORT_EXPORTER_URL, or http://127.0.0.1:10877
    collector.record_csat("conv_123", "cust_456", 4, intent="refund", tier="gold")

EventClient is what carries the events, and takes them in the exporter's own form.

Recording never blocks and never fails because of the exporter. One mistake of the
caller's raises, as it does in that class: a score for record_csat that is none of
1 to 5 is a ValueError. Whatever else is wrong is dropped here or rejected there,
logged and counted.

A thread sends what is queued in batches and repeats what fails, each event with
the same id, so that it counts once however often it is sent. What is queued is
delivered when the interpreter exits. Python runs no exit handlers when a signal
ends it, nor in workers of multiprocessing: call close() there, as agent.py does.

One file, standard library only, Python 3.9 or later: copy it.
"""

from __future__ import annotations

import atexit
import base64
import functools
import http.client
import io
import json
import logging
import os
import random
import re
import threading
import time
import urllib.parse
import urllib.request
import uuid
import weakref
from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Callable, Optional

DEFAULT_URL = "http://127.0.0.1:10877"
EVENTS_PATH = "/api/v1/events"
MAX_BACKOFF = 30.0  # seconds
MAX_RETRY_AFTER = 24 * 3600.0  # seconds
MAX_ANSWER = 16 << 20  # bytes
SEND_SIZE = 64 << 10  # bytes that are given to a socket at once
MAX_BATCH = 1 << 20  # bytes of a request's events, unless it is one alone
LAST_TRY = 1.0  # seconds that an attempt gets when the time is over

log = logging.getLogger("support_metrics")


class _Temporary(Exception):
    """An attempt failed, and another may succeed, after so many seconds if not 0."""

    def __init__(self, message: str, after: float = 0.0):
        super().__init__(message)
        self.after = after


class _TooLarge(Exception):
    """The exporter takes no request of this size."""


class _Undelivered(Exception):
    """The events of a request are given up."""


class EventClient:
    """Sends events to one exporter. Its methods may be called by any thread.

    url             the exporter's address; $SUPPORT_EXPORTER_URL, else DEFAULT_URL
    token           bearer token, if the exporter wants one; $SUPPORT_EXPORTER_TOKEN;
                    goes before a name in the url
    batch_size      events in a request
    queue_size      events that may wait; one more is dropped, not waited for
    flush_interval  seconds that an event waits for its batch to fill
    max_elapsed     seconds that one batch is tried before it is given up
    first_backoff   seconds before the first retry, about; then twice as many each time
    request_timeout seconds that one attempt may take, but for looking up the address and connecting
    exit_timeout    seconds that the interpreter's exit waits for what is queued; may be 0
    on_reject       called with (event, message) for every event that will not be
                    counted, by the sending thread: it must neither flush nor close
    """

    def __init__(
        self,
        url: Optional[str] = None,
        token: Optional[str] = None,
        *,
        batch_size: int = 500,
        queue_size: int = 10_000,
        flush_interval: float = 1.0,
        max_elapsed: float = 900.0,
        first_backoff: float = 0.5,
        request_timeout: float = 30.0,
        exit_timeout: float = 10.0,
        on_reject: Optional[Callable[[dict, str], None]] = None,
    ):
        self._endpoint, host, authorization = _endpoint(url or os.environ.get("SUPPORT_EXPORTER_URL") or DEFAULT_URL)
        self._opener = _opener(host)
        self._headers = {"Content-Type": "application/x-ndjson", "User-Agent": "support-metrics-python"}
        token = (token or os.environ.get("SUPPORT_EXPORTER_TOKEN") or "").strip()
        if not re.fullmatch("[!-~]*", token):
            raise ValueError("token: must be printable ASCII without spaces")
        if token:
            authorization = "Bearer " + token
        if authorization:
            self._headers["Authorization"] = authorization
        self._batch_size = _at_least_one("batch_size", batch_size)
        self._queue_size = _at_least_one("queue_size", queue_size)
        self._flush_interval = _positive("flush_interval", flush_interval)
        self._max_elapsed = _positive("max_elapsed", max_elapsed)
        self._first_backoff = _positive("first_backoff", first_backoff)
        self._request_timeout = _positive("request_timeout", request_timeout)
        self._exit_timeout = exit_timeout if exit_timeout == 0 else _positive("exit_timeout", exit_timeout)
        self._on_reject = on_reject
        self._start()
        atexit.register(self._at_exit)
        if hasattr(os, "register_at_fork"):  # of a server that forks its workers, for one
            this = weakref.ref(self)
            os.register_at_fork(after_in_child=lambda: _after_fork(this()))

    def _start(self) -> None:
        """Begin with an empty queue. Threads do not survive a fork, so a child does this too."""
        self._changed = threading.Condition()  # guards all below
        self._queue: deque = deque()  # of (event, its line)
        self._bytes = 0  # of the lines in it
        self._taken = 0  # events ever queued
        self._done = 0  # of them, answered or given up
        self._flush_to = 0  # send at once what was queued up to here
        self._counts: Counter = Counter()
        self._complained = float("-inf")  # when it was last logged that the queue is full
        self._deadline: Optional[float] = None  # set when closing: be done by then
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="support-metrics", daemon=True)
        self._thread.start()

    @property
    def stats(self) -> dict:
        """Events queued, accepted, duplicates, rejected, dropped, and retries of requests, so far."""
        with self._changed:
            keys = ("accepted", "duplicates", "rejected", "dropped", "retries")
            return {"queued": self._taken - self._done, **{k: self._counts[k] for k in keys}}

    def enqueue(self, event: dict) -> bool:
        """Take an event, in the exporter's form, to be sent soon. It never blocks and never raises.

        An event without an id gets one, and one without a time is of now; a field
        that is None is not there. False if the event was dropped, which is counted
        and logged: the queue is full, the client is closed, or the event has no
        JSON form.
        """
        try:
            given = {name: value for name, value in event.items() if value is not None}
            event = {"id": uuid.uuid4().hex, "time": datetime.now(timezone.utc), **given}
            line = json.dumps(event, default=_plain, allow_nan=False, separators=(",", ":")).encode()
        except Exception as e:  # whatever a caller's value may do
            return self._drop("has no JSON form: %s" % e)
        with self._changed:
            full = len(self._queue) >= self._queue_size
            if not full and not self._closing.is_set():
                self._queue.append((event, line))
                self._bytes += len(line)
                self._taken += 1
                if len(self._queue) == 1 or self._is_due():
                    self._changed.notify_all()
                return True
        return self._drop("the queue of %d is full" % self._queue_size if full else "the client is closed", full)

    def _drop(self, why: str, often: bool = False) -> bool:
        with self._changed:
            self._counts["dropped"] += 1
            dropped, now = self._counts["dropped"], time.monotonic()
            silent = often and now - self._complained < 10
            if often and not silent:
                self._complained = now
        if not silent:
            log.error("event dropped, %d so far: %s", dropped, why)
        return False

    def flush(self, timeout: Optional[float] = None) -> bool:
        """Send all that was queued before the call. True when each event was answered or given up."""
        with self._changed:
            target = self._taken
            self._flush_to = max(self._flush_to, target)
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._done >= target, timeout)

    def close(self, timeout: float = 10.0) -> bool:
        """Take no more events and deliver those queued, within so many seconds.

        True if each was answered or given up by then; what was not is counted as
        dropped. Closing again does nothing, and is True.
        """
        with self._changed:
            if self._closing.is_set():
                return True
            self._deadline = time.monotonic() + timeout
            self._closing.set()
            self._changed.notify_all()
        atexit.unregister(self._at_exit)
        self._thread.join(min(timeout + LAST_TRY + 0.5, threading.TIMEOUT_MAX))
        with self._changed:
            left, self._done = self._taken - self._done, self._taken
            self._queue.clear()
            self._bytes = 0
            self._counts["dropped"] += left
        if left:
            log.error("%d events not delivered: no time left", left)
        return left == 0

    def __enter__(self) -> EventClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _at_exit(self) -> None:
        self.close(self._exit_timeout)

    def _run(self) -> None:
        """Send batches until the client is closed and all is sent: the thread."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing.is_set())
                self._changed.wait_for(self._is_due, self._flush_interval)
                batch = self._next_batch()
            if not batch:
                return
            try:
                self._deliver(batch)
            except Exception as e:  # a thread that dies loses all that follows
                self._lose(batch, e)
            with self._changed:
                self._done = min(self._done + len(batch), self._taken)
                self._changed.notify_all()

    def _is_due(self) -> bool:
        full = len(self._queue) >= self._batch_size or self._bytes >= MAX_BATCH
        return full or self._done < self._flush_to or self._closing.is_set()

    def _next_batch(self) -> list:
        """Take from the queue what goes into one request."""
        batch: list = []
        size = 0
        while self._queue and len(batch) < self._batch_size:
            size += len(self._queue[0][1])
            if batch and size > MAX_BATCH:
                break
            batch.append(self._queue.popleft())
            self._bytes -= len(batch[-1][1])
        return batch

    def _deliver(self, batch: list) -> None:
        """Send a batch, in parts if it is too large for the exporter, and see to what came of it."""
        try:
            answer = self._post([line for _, line in batch])
        except _TooLarge as e:
            if len(batch) == 1:
                self._reject(batch, [(0, str(e))])
                return
            self._deliver(batch[: len(batch) // 2])
            self._deliver(batch[len(batch) // 2 :])
            return
        except _Undelivered as e:
            self._lose(batch, e)
            return
        self._count(accepted=answer["accepted"], duplicates=answer["duplicates"])
        if answer["rejected"]:
            self._reject(batch, [(e["index"], _words(e)) for e in answer["errors"]])

    def _count(self, **counts: int) -> None:
        with self._changed:
            self._counts.update(counts)

    def _reject(self, batch: list, errors: list) -> None:
        self._count(rejected=len(errors))
        log.warning("%d of %d events rejected; the first: %s", len(errors), len(batch), errors[0][1])
        for index, message in errors:
            self._tell(batch[index][0], message)

    def _lose(self, batch: list, why: Exception) -> None:
        self._count(dropped=len(batch))
        log.error("%d events lost: %s", len(batch), why)
        for event, _ in batch:
            self._tell(event, str(why))

    def _tell(self, event: dict, message: str) -> None:
        if self._on_reject is None:
            return
        try:
            self._on_reject(event, message)
        except Exception:
            log.exception("on_reject failed")

    def _post(self, lines: list) -> dict:
        """Repeat a request until its answer is final. The last attempt is made when the time is over."""
        body = b"\n".join(lines) + b"\n"
        start, backoff, attempt = time.monotonic(), self._first_backoff, 0
        while True:
            attempt += 1
            try:
                return self._attempt(body, len(lines), self._left(start))
            except _Temporary as e:
                left = self._left(start)
                if left <= 0:
                    raise _Undelivered("gave up after %d attempts: %s" % (attempt, e)) from e
                wait = backoff * random.uniform(0.5, 1.5)
                if e.after > 0:
                    wait = e.after * random.uniform(1, 1.25)  # not all clients at once
                wait, backoff = min(wait, left), min(backoff * 2, MAX_BACKOFF)
                self._count(retries=1)
                log.warning("retrying %d events in %.1f s, attempt %d failed: %s", len(lines), wait, attempt, e)
            if self._closing.is_set():
                time.sleep(wait)
            else:
                self._closing.wait(wait)  # when closing begins, try at once

    def _left(self, start: float) -> float:
        """Seconds for which a request that began then may still be tried."""
        now = time.monotonic()
        left = self._max_elapsed - (now - start)
        return left if self._deadline is None else min(left, self._deadline - now)

    def _attempt(self, body: bytes, events: int, left: float) -> dict:
        request = urllib.request.Request(self._endpoint, data=body, headers=self._headers, method="POST")
        try:
            timeout = min(self._request_timeout, max(left, LAST_TRY))
            with self._opener.open(request, timeout=timeout) as response:
                status, after = response.status, response.headers.get("Retry-After", "")
                answer = response.read(MAX_ANSWER)
        except (OSError, http.client.HTTPException) as e:
            raise _Temporary(str(e) or type(e).__name__) from e
        return _judge(status, after, answer, events)


def _at_least_one(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("%s: must be an integer of at least 1, got %r" % (name, value))
    return value


def _positive(name: str, seconds: float) -> float:
    if not (_is_number(seconds) and 0 < seconds <= threading.TIMEOUT_MAX):
        raise ValueError("%s: must be seconds, more than 0 and finite, got %r" % (name, seconds))
    return seconds


def _endpoint(base: str) -> tuple:
    """The address that events are posted to, its host, and what stands for its name and password in the header.

    No message repeats the address, since it may have a password.
    """
    try:
        parts = urllib.parse.urlsplit(base)
        host, _ = parts.hostname, parts.port
        userinfo, at, place = parts.netloc.rpartition("@")
        valid = not re.search("[\0- \x7f]", place) and not re.search("%(?![0-9a-fA-F]{2})", userinfo)
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(
            "exporter url: is none; in a name or a password what has a meaning in a url must be %-escaped"
        )
    if parts.scheme not in ("http", "https"):
        raise ValueError("exporter url: must begin with http:// or https://")
    if not host:
        raise ValueError("exporter url: has no host")
    if parts.query or parts.fragment:
        raise ValueError("exporter url: must have no query and no fragment")
    path = urllib.parse.quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=")
    name, _, password = (urllib.parse.unquote_to_bytes(part) for part in userinfo.partition(":"))
    secret = "Basic " + base64.b64encode(name + b":" + password).decode() if at else ""
    return "%s://%s%s" % (parts.scheme, place, path + EVENTS_PATH), host, secret


def _opener(host: str) -> urllib.request.OpenerDirector:
    """Like the standard one, but a redirect is an answer: a token is for one address alone."""
    opener = urllib.request.OpenerDirector()
    local = host in ("localhost", "127.0.0.1", "::1")
    proxies = {} if local else urllib.request.getproxies()
    for handler in (urllib.request.ProxyHandler(proxies), _HTTPHandler(), _HTTPSHandler()):
        opener.add_handler(handler)
    return opener


class _Until(io.RawIOBase):
    """Reads from a socket until a moment. A timeout of the socket's own begins anew with every byte."""

    def __init__(self, sock: Any, end: float):
        self._sock, self._raw, self._end = sock, sock.makefile("rb", buffering=0), end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        _limit(self._sock, self._end)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, end: float, sock: Any, *args: Any, **kwargs: Any):
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Until(sock, end))


class _Attempt:
    """A connection whose timeout is for all of a request and its answer.

    It reads the answer even if the other end takes no more of the request: it says why, as 413 does.
    """

    def connect(self) -> None:
        self._end = time.monotonic() + self.timeout
        self.response_class = functools.partial(_Response, self._end)
        super().connect()

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        try:
            for at in range(0, len(data), SEND_SIZE):
                _limit(self.sock, self._end)
                super().send(data[at : at + SEND_SIZE])
        except OSError:
            pass  # without an answer, reading fails likewise


class _HTTPConnection(_Attempt, http.client.HTTPConnection):
    pass


class _HTTPSConnection(_Attempt, http.client.HTTPSConnection):
    pass


class _HTTPHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HTTPConnection, request)


class _HTTPSHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HTTPSConnection, request)


def _limit(sock: Any, end: float) -> None:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    sock.settimeout(left)


def _after_fork(client: Optional[EventClient]) -> None:
    if client is not None and not client._closing.is_set():
        client._start()  # what was queued before the fork is the parent's to send


def _judge(status: int, retry_after: str, body: bytes, events: int) -> dict:
    """Tell an answer that accounts for each event from a failure, and a temporary failure from a final one."""
    try:
        answer = json.loads(body)
        errors = [e for e in answer["errors"] if 0 <= e["index"] < events]
        total = answer["accepted"] + answer["duplicates"] + answer["rejected"]
        whole = total == events and len(errors) == len(answer["errors"]) == answer["rejected"]
        message = "%d: %s" % (status, _words(answer["errors"][0])) if answer["errors"] else str(status)
    except (ValueError, TypeError, KeyError, AttributeError):
        answer, whole = {}, False
        message = "%d: %s" % (status, " ".join(body[:300].decode(errors="replace").split()))
    if status in (200, 207, 400):
        if whole:
            return answer
        raise _Undelivered("answer does not account for the %d events: %s" % (events, message))
    if status == 413:
        raise _TooLarge(message)
    if status == 429 or status >= 500:
        after = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
        raise _Temporary(message, min(after, MAX_RETRY_AFTER))
    raise _Undelivered(message)


def _words(error: dict) -> str:
    return "%s: %s" % (error["field"], error["message"]) if error.get("field") else str(error["message"])


def _plain(value: Any) -> str:
    """The JSON form of a time. One without a zone is local time."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat()
    raise TypeError("%s is not JSON" % type(value).__name__)


@dataclass
class SupportMetric:
    """One recorded value, as code that reads MetricsCollector.metrics knows it."""

    metric_name: str
    value: float
    timestamp: datetime  # local and without a zone, as such code compares it; what is pushed has one
    conversation_id: str
    customer_id: str
    dimension: Optional[dict] = None


class MetricsCollector:
    """Records what happens in support conversations.

    Every method takes further fields of an event by name: intent, tier, language,
    experiment, variant, episode, id, time. Facts count under the labels known by
    then, so name them with a conversation's first record, or start_conversation.

    Arguments are those of EventClient; keep_metrics is how many of the latest
    values stay in the list metrics, for code that reads it.
    """

    def __init__(
        self, url: Optional[str] = None, token: Optional[str] = None, *, keep_metrics: int = 10_000, **options: Any
    ):
        self.client = EventClient(url, token, **options)
        self.metrics: list[SupportMetric] = []
        self._keep_metrics = keep_metrics

    def start_conversation(self, conversation_id: str, customer_id: Optional[str] = None, **fields: Any) -> None:
        """Open a conversation and name its labels. It is not needed, but good: silence is counted too."""
        self._push(conversation_id, customer_id, fields)

    def record_resolution_time(
        self, conversation_id: str, customer_id: str, time_minutes: float, resolved: bool, **fields: Any
    ) -> None:
        """Record that the agent's work ended, how, and after how many minutes.

        If the customer was asked: fields may hold confirmed, True or False.
        """
        resolution = {"resolved": resolved, "seconds": _seconds(time_minutes)}
        if "confirmed" in fields:
            resolution["confirmed"] = fields.pop("confirmed")
        self._keep("resolution_time", time_minutes, conversation_id, customer_id, {"resolved": resolved})
        self._push(conversation_id, customer_id, fields, resolution=resolution)

    def record_conversation_turns(self, conversation_id: str, customer_id: str, num_turns: int, **fields: Any) -> None:
        """Record how many turns the conversation took, in all."""
        self._keep("conversation_turns", num_turns, conversation_id, customer_id)
        self._push(conversation_id, customer_id, fields, turns=num_turns)

    def record_survey_sent(self, conversation_id: str, customer_id: str, **fields: Any) -> None:
        """Record that the customer was asked for a score. Without it there is no response rate."""
        self._push(conversation_id, customer_id, fields, survey_sent=True)

    def record_csat(self, conversation_id: str, customer_id: str, score: int, **fields: Any) -> None:
        """Record the survey's answer, 1 to 5; days later is early enough. ValueError if it is none of them."""
        if isinstance(score, bool) or score not in (1, 2, 3, 4, 5):
            raise ValueError("CSAT must be 1 to 5, got %r" % (score,))
        self._keep("csat", score, conversation_id, customer_id)
        self._push(conversation_id, customer_id, fields, csat=int(score))

    def record_escalation(
        self, conversation_id: str, customer_id: str, escalated: bool, reason: Optional[str] = None, **fields: Any
    ) -> None:
        """Record whether the conversation was handed to a human. False counts nothing."""
        escalation = {"escalated": escalated, **({"reason": reason} if reason else {})}
        self._keep("escalation", escalated, conversation_id, customer_id, {"reason": reason})
        self._push(conversation_id, customer_id, fields, escalation=escalation)

    def record_cost(
        self,
        conversation_id: str,
        customer_id: str,
        cost_cents: float,
        detail: Optional[dict] = None,
        **fields: Any,
    ) -> None:
        """Record the conversation's cost, in all; detail says for what, in cents too: {"model": 36, "tools": 6}."""
        self._keep("cost", _dollars(cost_cents), conversation_id, customer_id, detail or {})
        self._push(conversation_id, customer_id, fields, cost=_cost(cost_cents, detail))

    def record_call(
        self,
        conversation_id: str,
        customer_id: str,
        cost_cents: float,
        detail: Optional[dict] = None,
        turns: int = 0,
        call_id: Optional[str] = None,
        **fields: Any,
    ) -> None:
        """Record one call of a model or tool as it is made, for agents that keep no totals.

        Such an agent uses neither record_cost nor record_conversation_turns. turns
        are those that ended with this call. A call_id of the agent's own, as the
        id of the model's answer, counts once even if the agent records it again.
        """
        facts: dict = {"cost_delta": _cost(cost_cents, detail)}
        if turns:
            facts["turns_delta"] = turns
        if call_id:
            facts["id"] = call_id
        self._push(conversation_id, customer_id, fields, **facts)

    def flush(self, timeout: Optional[float] = None) -> bool:
        """Deliver what was recorded so far; see EventClient.flush."""
        return self.client.flush(timeout)

    def close(self, timeout: float = 10.0) -> bool:
        """Deliver what was recorded, and end; see EventClient.close. Exit does this by itself."""
        return self.client.close(timeout)

    def _push(self, conversation_id: str, customer_id: Optional[str], fields: dict, **facts: Any) -> None:
        event = {"conversation_id": conversation_id, "customer_id": customer_id or None, **facts}
        event.update((name, value) for name, value in fields.items() if value is not None)
        self.client.enqueue(event)

    def _keep(
        self, name: str, value: Any, conversation_id: str, customer_id: str, dimension: Optional[dict] = None
    ) -> None:
        value = float(value) if isinstance(value, (bool, int)) else value
        self.metrics.append(SupportMetric(name, value, datetime.now(), conversation_id, customer_id, dimension))
        if len(self.metrics) > self._keep_metrics:
            del self.metrics[: len(self.metrics) - self._keep_metrics // 2]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _seconds(minutes: Any) -> Any:
    """Rounded, since 0.35 * 60 is not 21 in binary. What is no number the exporter rejects, and names."""
    return round(minutes * 60, 6) if _is_number(minutes) else minutes


def _dollars(cents: Any) -> Any:
    return round(cents / 100, 9) if _is_number(cents) else cents


def _cost(cents: Any, detail: Optional[dict]) -> dict:
    """A cost in dollars. A detail that does not say for what the cents were spent is left out, not the cost."""
    cost: dict = {"usd": _dollars(cents)}
    if not detail:
        return cost
    parts = list(detail.values()) if isinstance(detail, dict) else [detail]
    if all(_is_number(v) and v >= 0 for v in [cents, *parts]) and sum(parts) <= cents * (1 + 1e-6):
        cost["detail"] = {str(name): _dollars(v) for name, v in detail.items()}
    else:
        log.warning("cost detail left out: want cents by component, at most %r in all, got %r", cents, detail)
    return cost
