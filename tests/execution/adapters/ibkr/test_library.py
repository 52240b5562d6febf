"""ibapi is imported when it is needed, whichever distribution it is; without one that can be used the words say what to do."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from autotrader.errors import StartError
from autotrader.execution.adapters.ibkr import library as module
from autotrader.execution.adapters.ibkr.library import load
from autotrader.execution.adapters.ibkr.statuses import Standing, standing_of


def test_nothing_of_ours_imports_ibapi_by_being_imported() -> None:
    words = "import sys, autotrader.execution.adapters.ibkr.link; print('ibapi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


def test_what_is_installed_is_named() -> None:
    found = load()
    assert "ibapi" in found.name
    assert found.versions[0] == 100
    assert found.versions[1] >= 157


def test_without_ibapi_the_words_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ibapi.client", None)
    with pytest.raises(StartError, match="Install ibapi"):
        load.__wrapped__()


def test_an_ibapi_that_connects_in_another_way_is_refused() -> None:
    def connect() -> None:
        return None

    with pytest.raises(StartError, match="connects in another way"):
        module._require(SimpleNamespace(EClient=SimpleNamespace(connect=connect)))


def test_what_else_uses_ibapi_keeps_its_own() -> None:
    import ibapi.client
    import ibapi.connection
    import ibapi.reader

    load()
    assert ibapi.client.Connection is ibapi.connection.Connection
    assert ibapi.client.reader.EReader is ibapi.reader.EReader
    assert load().versions[1] == ibapi.client.MAX_CLIENT_VER


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("ApiPending", Standing.SUBMITTED), ("PendingSubmit", Standing.SUBMITTED), ("PreSubmitted", Standing.WORKING),
        ("Submitted", Standing.WORKING), ("PendingCancel", Standing.PENDING_CANCEL), ("ApiCancelled", Standing.CANCELED),
        ("Cancelled", Standing.CANCELED), ("Filled", Standing.FILLED), ("Inactive", Standing.INACTIVE),
        ("submitted", Standing.UNKNOWN), ("", Standing.UNKNOWN), ("Anything", Standing.UNKNOWN),
    ],
)  # fmt: skip
def test_statuses(status: str, standing: Standing) -> None:
    assert standing_of(status) is standing
