"""Fixtures for all tests: no thread may outlive the test that started it, and waiting is by ``eventually``, never by sleep."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A deadline is a test with a clock in it: on a busy machine it fails for no fault of ours.
settings.register_profile("autotrader", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("autotrader")

sys.path.insert(0, str(Path(__file__).parent))

from support import eventually as _eventually  # noqa: E402


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Wait until a check holds: ``eventually(lambda: seen == [1])``."""
    return _eventually


@pytest.fixture(autouse=True)
def _no_leaked_threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test whose threads are still there two seconds after it, unless it is marked ``leaks_threads``."""
    before = set(threading.enumerate())
    yield
    if request.node.get_closest_marker("leaks_threads") is not None:
        return
    deadline = time.monotonic() + 2.0
    while left := [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]:
        if time.monotonic() > deadline:
            pytest.fail(f"threads left behind: {', '.join(thread.name for thread in left)}")
        left[0].join(0.05)


def pytest_configure(config: pytest.Config) -> None:
    """Name our markers, and let test files of one name live in several folders without packages."""
    config.addinivalue_line("markers", "leaks_threads: the test leaves a thread behind on purpose")
    config.option.importmode = "importlib"
