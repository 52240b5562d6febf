"""Alerts: the log line, a real channel, and channels that are dead."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from loguru import logger

from autotrader.execution.alerts import Alert, Alerts


class Receiver:
    """A real HTTP server that takes what apprise posts; ``hold`` keeps it from answering."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.release, self.status = threading.Event(), 200
        self.release.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                outer.release.wait(10)
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"json://127.0.0.1:{self._server.server_address[1]}/hook"

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    seen: list[Any] = []
    sink = logger.add(lambda message: seen.append(message.record), level="ERROR")
    yield seen
    logger.remove(sink)


@pytest.fixture
def made() -> Iterator[Callable[..., Alerts]]:
    alerts: list[Alerts] = []

    def make(*args: Any, **options: Any) -> Alerts:
        alerts.append(Alerts(*args, **options))
        return alerts[-1]

    yield make
    for one in alerts:
        one.close()


def test_every_alert_is_a_critical_line_in_the_log(made: Any, lines: list[Any]) -> None:
    alerts = made()
    alerts.tell("KILL", "pulled {not a format}", venue="okx", client_order_id="0123")
    assert alerts.close()
    (line,) = lines
    assert (line["level"].name, line["message"]) == ("CRITICAL", "pulled {not a format}")
    assert (line["extra"]["code"], line["extra"]["venue"], line["extra"]["order_id"]) == ("KILL", "okx", "0123")


def test_the_title_names_code_and_venue() -> None:
    assert Alert("KILL", "x").title == "autotrader KILL"
    assert Alert("OVERFILL", "x", venue="okx").title == "autotrader OVERFILL at okx"


def test_an_alert_reaches_a_real_server_through_apprise(made: Any, receiver: Receiver) -> None:
    alerts = made([receiver.url])
    alerts.tell("KILL", "kill switch pulled: CANCEL for all")
    assert alerts.close(20)
    (body,) = receiver.bodies
    assert (body["title"], body["message"]) == ("autotrader KILL", "kill switch pulled: CANCEL for all")
    assert alerts.dropped == 0


def test_the_kills_own_channels_are_told_of_kills_only(made: Any, receiver: Receiver) -> None:
    alerts = made(kill_urls=[receiver.url + "?format=text"])
    alerts.tell("OVERFILL", "something else")
    alerts.tell("KILL", "this")
    assert alerts.close(20)
    assert [body["message"] for body in receiver.bodies] == ["this"]


def test_a_channel_that_hangs_delays_neither_the_caller_nor_another_channel(
    made: Any, receiver: Receiver, eventually: Any,
) -> None:
    stuck = Receiver()
    stuck.release.clear()
    try:
        alerts = made([stuck.url, receiver.url], timeout_s=0.3)
        for number in range(3):
            alerts.tell("KILL", str(number))
        eventually(lambda: len(receiver.bodies) == 3, timeout_s=20)
        stuck.release.set()
        assert alerts.close(20)
    finally:
        stuck.close()


def test_a_full_queue_drops_and_counts_and_the_log_has_the_rest(made: Any, lines: list[Any]) -> None:
    hold, inside = threading.Event(), threading.Event()
    alerts = made(capacity=4)

    def slow(alert: Alert) -> bool:
        inside.set()
        hold.wait(10)
        return True

    alerts._lines[0]._deliver = slow
    alerts.tell("A", "the one at work")
    inside.wait(10)
    for number in range(10):
        alerts.tell("A", str(number))
    assert alerts.dropped == 6
    hold.set()


def test_a_channel_that_says_no_is_counted_and_logged_without_its_url(made: Any, receiver: Receiver, lines: list[Any]) -> None:
    receiver.status = 500
    alerts = made([receiver.url.replace("json://", "json://user:s3cret@")])
    alerts.tell("KILL", "x")
    assert alerts.close(20)
    assert alerts.dropped == 1
    assert any("refused" in line["message"] for line in lines)
    assert not any("s3cret" in str(line) for line in lines)


def test_a_url_that_apprise_does_not_know_is_said_at_the_start(made: Any, lines: list[Any], eventually: Any) -> None:
    alerts = made(["nonsense://hunter2"])
    eventually(lambda: [line for line in lines if "channel 1 failed" in line["message"]], timeout_s=20)
    alerts.tell("KILL", "x")
    assert alerts.close(20)
    assert alerts.dropped == 1
    assert not any("hunter2" in line["message"] for line in lines)


def test_closing_does_not_wait_for_ever(made: Any) -> None:
    hold = threading.Event()
    alerts = made()
    alerts._lines[0]._deliver = lambda alert: hold.wait(10)
    alerts.tell("KILL", "x")
    assert not alerts.close(0.01)
    hold.set()


def test_apprise_is_imported_only_when_a_channel_is_configured() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from autotrader.execution.alerts import Alerts; a = Alerts(); a.tell('KILL', 'x'); a.close();"
        "assert 'apprise' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
