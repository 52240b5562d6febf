"""Requests for the tests of this folder."""

from decimal import Decimal

from autotrader.messages import QueryOrder, Receipt, SendCancel, SendOrder, SendReplace, TakeSnapshot
from autotrader.model import Order, OrderType, Side, WriteClass

START = 1_700_000_000_000_000_000


def order(number=1, created_ns=START, strategy="s"):
    return Order(
        client_order_id=f"id{number}", venue="paper", account="PAPER", symbol="BTCUSDT", side=Side.BUY, type=OrderType.MARKET,
        quantity=Decimal("0.1"), created_ns=created_ns, strategy=strategy,
    )


def receipt(number=1, write_class=WriteClass.RISK, issued_ns=START):
    return Receipt(number=number, client_order_id=f"id{number}", write_class=write_class, issued_ns=issued_ns, seal=object())


def send(number=1, created_ns=START, write_class=WriteClass.RISK, attempt=1):
    return SendOrder(order=order(number, created_ns), receipt=receipt(number, write_class), attempt=attempt)


def replace(number=1, issued_ns=START, attempt=1):
    return SendReplace(
        order=order(number), venue_order_id="v1", quantity=Decimal("0.2"), price=Decimal(9), stop_price=None,
        receipt=receipt(number, issued_ns=issued_ns), attempt=attempt,
    )


def cancel(number=1, attempt=1):
    return SendCancel(client_order_id=f"id{number}", venue_order_id=None, symbol="BTCUSDT", attempt=attempt)


def query(number=1):
    return QueryOrder(client_order_id=f"id{number}", venue_order_id=None, symbol="BTCUSDT", asked_ns=START)


def snapshot(purpose="positions"):
    return TakeSnapshot(venue="paper", trades_since_ns=0, purpose=purpose)
