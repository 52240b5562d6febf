"""The re-arm request as a file, and the steps of a kill on their own threads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from autotrader.actors.marker import ALL
from autotrader.errors import Refused
from autotrader.execution.latch import pull_latch
from autotrader.execution.rearm_request import RearmAnswer, answer_rearm, read_rearm, rearm_path, request_rearm
from autotrader.execution.steps import run_step
from autotrader.model import KillLevel


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


def test_a_request_is_read_back(journal: Path) -> None:
    pull_latch(journal, KillLevel.HALT, "x", "y")
    request = request_rearm(journal, "okx", "fixed", "op", now_ns=5)
    assert read_rearm(journal) == request
    assert (request.scope, request.reason, request.by, request.ts_ns, request.pulls) == ("okx", "fixed", "op", 5, 1)
    assert request.is_open
    assert rearm_path(journal).stat().st_mode & 0o777 == 0o600


def test_an_empty_scope_means_all(journal: Path) -> None:
    assert request_rearm(journal, "", "fixed", "op").scope == ALL


@pytest.mark.parametrize(("reason", "by"), [("", "op"), ("  ", "op"), ("fixed", "")])
def test_a_request_without_reason_or_name_is_refused(journal: Path, reason: str, by: str) -> None:
    with pytest.raises(Refused):
        request_rearm(journal, ALL, reason, by)
    assert read_rearm(journal) is None


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"request_id": 5}', b'{"request_id":"a"'])
def test_what_cannot_be_read_asks_for_nothing(journal: Path, body: bytes) -> None:
    rearm_path(journal).write_bytes(body)
    assert read_rearm(journal) is None


def test_an_answer_stands_in_the_same_file(journal: Path) -> None:
    request = request_rearm(journal, ALL, "fixed", "op")
    answer = RearmAnswer(lifted=False, missing=("okx was not reached",), final=True, ts_ns=7)
    answer_rearm(journal, request, answer)
    found = read_rearm(journal)
    assert found is not None
    assert found.answer == answer
    assert not found.is_open


def test_an_answer_to_a_request_that_was_replaced_is_not_written(journal: Path) -> None:
    old = request_rearm(journal, ALL, "fixed", "op", now_ns=1)
    new = request_rearm(journal, ALL, "really fixed", "op", now_ns=2)
    answer_rearm(journal, old, RearmAnswer(lifted=True, missing=(), final=True, ts_ns=7))
    assert read_rearm(journal) == new


def test_a_step_returns_what_went_wrong() -> None:
    error = ValueError("x")

    def fail() -> None:
        raise error

    assert run_step(fail, 5) is error
    assert run_step(lambda: 1, 5) is None


def test_a_step_that_outlives_its_wait_goes_on(eventually: object) -> None:
    release, ended = threading.Event(), threading.Event()
    assert isinstance(run_step(lambda: (release.wait(10), ended.set()), 0.01), TimeoutError)
    assert not ended.is_set()
    release.set()
    assert ended.wait(10)


def test_even_an_exit_in_a_step_is_only_reported() -> None:
    def leave() -> None:
        raise SystemExit

    assert isinstance(run_step(leave, 5), SystemExit)
