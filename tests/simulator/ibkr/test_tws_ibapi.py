"""The decisive test with the ibapi that is installed; ``scripts/ibkr_versions.py`` does it with three generations of it."""

from __future__ import annotations

import sys
from pathlib import Path

import ibapi.client
import pytest
from simulator_kit import running

sys.path.insert(0, str(Path(__file__).parent))

from tws_story import story  # noqa: E402


@pytest.mark.parametrize("most", [151, 156])
def test_ibapi_trades_as_an_older_version_too(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ibapi.client, "MAX_CLIENT_VER", most)
    with running("ibkr") as venue:
        assert story(venue.ready["host"], venue.ready["port"], most) == most


def test_ibapi_unchanged_connects_trades_reconnects_and_reads_everything() -> None:
    with running("ibkr") as venue:
        assert story(venue.ready["host"], venue.ready["port"]) in (157, 178)
        told = {order["client_order_id"]: order["status"] for order in venue.ledger()["orders"]}
    assert told == {
        "story-bought": "FILLED", "story-rests": "CANCELED", "story-stop": "CANCELED", "story-sold": "FILLED",
    }  # fmt: skip
