"""Orders through the broker's actor: what leaves, by which lane, and what the order manager is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from binance_actor_kit import Bench, names, order, placed

from autotrader.messages import OrderAccepted
from autotrader.model import LinkState


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench().start()
    yield made
    made.stop()


def test_a_connect_hands_over_and_orders_flow_after_the_order_managers_word(bench: Bench) -> None:
    assert names(bench.oms.seen) == ["LinkChanged", "AccountConfirmed", "InstrumentsListed", "SnapshotTaken", "LinkChanged"]
    assert bench.actor is not None
    assert bench.actor.link is LinkState.UP


def test_a_limit_order_is_accepted(bench: Bench) -> None:
    one = order()
    bench.answers["POST /api/v3/order"] = (200, placed(one))
    told = bench.send(one)
    assert [type(message) for message in told] == [OrderAccepted]
    assert told[0].venue_order_id == "28"
    [params] = bench.calls_of("POST /api/v3/order")
    assert (params["symbol"], params["quantity"], params["price"], params["newClientOrderId"]) == (
        "BTCUSDT", "0.001", "50000.00", one.client_order_id
    )  # fmt: skip
