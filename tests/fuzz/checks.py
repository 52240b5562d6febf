"""What must hold of the codec whatever bytes come: one function for an entry point, each raising AssertionError.

Nothing but ``UnreadableFrame`` comes out of a decoder, with the whole frame in it; nothing at all out of ``outcome_of``. No
float and no number beyond the venue's own form gets past, and whatever is told can be journalled.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec
from binance_kit import NOW, SETTINGS, D, a_cancel, a_query, a_replace, a_send, rules

from autotrader.execution.adapters.binance import codec
from autotrader.execution.adapters.binance.codec import Call, ErrorClass, Outcome, Standing, UnreadableFrame
from autotrader.messages import (
    AttemptFailed,
    FrameUnreadable,
    Message,
    OrderAccepted,
    OrderRejected,
    OrderUnknown,
)

__all__ = ["CALLS", "DECODERS", "STATUSES", "check_decoder", "check_everything", "check_outcome", "check_words"]

LARGEST: Final = Decimal(10) ** 21
"""Twenty digits, and the sum of two such."""
MOST_DECIMALS: Final = 50
NEVER_NEGATIVE: Final = frozenset({
    "quantity", "filled", "filled_quantity", "venue_quantity", "venue_filled", "price", "stop_price", "average_price", "bid",
    "ask", "bid_size", "ask_size", "total", "free", "low", "high", "step", "limit", "open", "close", "volume", "quote_volume",
})
LONGEST_NS: Final = 2**63 - 1
LONGEST_WAIT_S: Final = 7 * 86_400.0
STATUSES: Final = (0, 200, 201, 302, 400, 401, 403, 404, 409, 418, 429, 451, 500, 503, 999)

_ORDER: Final = "12510053279"
_STANDING: Final = Standing(D("0.00847"), D("50000.10"), None)
CALLS: Final[dict[str, Call]] = {
    "submit": codec.submit_call(a_send(), SETTINGS), "cancel": codec.cancel_call(a_cancel(_ORDER)),
    "query": codec.query_call(a_query(_ORDER)), "cancel all": codec.cancel_all_call("BTCUSDT"),
    "amend": codec.replace_call(a_replace("0.005", venue_order_id=_ORDER), _STANDING, SETTINGS, rules()),
    "replace": codec.replace_call(a_replace("0.01", venue_order_id=_ORDER), _STANDING, SETTINGS, rules()),
    "read": codec.open_orders_call(),
}
DECODERS: Final[dict[str, Callable[[bytes], Any]]] = {
    "user frame": lambda body: codec.decode_user_frame(body, SETTINGS, NOW),
    "market frame": lambda body: codec.decode_market_frame(body, "binance", NOW),
    "open orders": lambda body: codec.decode_open_orders(body, SETTINGS),
    "order facts": lambda body: codec.decode_order_facts(body, SETTINGS),
    "trades": lambda body: codec.decode_trades(body, SETTINGS), "account": codec.decode_account,
    "api restrictions": codec.decode_api_restrictions, "commission": codec.decode_commission,
    "server time": codec.decode_server_time, "counts": lambda body: codec.decode_unfilled_counts(body, "binance"),
    "quote": lambda body: codec.decode_quote(body, "binance", NOW), "exchange info": codec.decode_exchange_info,
    "max assets": codec.decode_max_assets,
}


def check_everything(body: bytes) -> None:
    """Give a body to every entry point."""
    for name in DECODERS:
        check_decoder(name, body)
    for name in CALLS:
        for status in STATUSES:
            check_outcome(name, status, body)
    check_error(body)


def check_decoder(name: str, body: bytes) -> None:
    """Read a body by one decoder."""
    try:
        told = DECODERS[name](body)
    except UnreadableFrame as error:
        return check_unreadable(error, body)
    check_value(told)
    for message in getattr(told, "messages", ()):
        check_message(message)
    if isinstance(told, codec.OrderEventTold):
        check_value(codec.facts_in(told.report, SETTINGS))
    if name == "exchange info":
        for one in told.symbols.values():
            check_value(codec.instrument_of(one, "binance"))
    return None


def check_unreadable(error: UnreadableFrame, body: bytes) -> None:
    """Keep the whole frame, and say why in few words."""
    assert error.raw == body
    assert len(str(error)) < 500
    check_message(codec.frame_unreadable(error, "binance", NOW))


def check_error(body: bytes) -> None:
    """Read a body as an error: one that is none is None."""
    error = codec.decode_error(body)
    if error is not None:
        for status in STATUSES:
            assert codec.classify(status, error, SETTINGS) in ErrorClass
            check_words({"Retry-After": error.msg}, body)


def check_words(headers: dict[str, str], body: bytes) -> None:
    """Read headers: usage counts up from zero, and no word silences the venue for more than a week."""
    for used in codec.usage_of(headers, "binance"):
        assert 0 <= used.used < 10**12
    for error_class in ErrorClass:
        wait = codec.retry_after_s(headers, codec.decode_error(body), error_class, SETTINGS, NOW)
        assert 0.0 <= wait <= LONGEST_WAIT_S


def check_outcome(name: str, status: int, body: bytes) -> None:
    """Judge an answer: always, to exactly one outcome where an order is placed, and never "not sent" after a success."""
    outcome = codec.outcome_of(CALLS[name], status, {}, body, SETTINGS, NOW)
    assert 0.0 <= outcome.retry_after_s <= LONGEST_WAIT_S
    assert len(outcome.code) <= 12
    assert len(outcome.reason) <= 400
    for message in outcome.told:
        check_message(message)
    for _, carried in outcome.carried:
        check_decimal(carried)
    if 200 <= status < 300:
        assert outcome.failures == ()
    if status >= 500:
        assert not any(isinstance(one, OrderRejected) for one in outcome.told)
    if name == "submit":
        assert len(_fates(outcome)) == 1


def _fates(outcome: Outcome) -> set[str]:
    kinds = {OrderAccepted: "accepted", OrderRejected: "rejected", OrderUnknown: "unknown"}
    found = {kinds[type(one)] for one in outcome.told if type(one) in kinds}
    return found | {"not sent" for one in outcome.failures if isinstance(one, AttemptFailed)}


def check_message(message: Message) -> None:
    """Journal a message and read it back."""
    check_value(message)
    again = msgspec.json.decode(msgspec.json.encode(message), type=type(message))
    assert again == message
    if isinstance(message, FrameUnreadable):
        assert len(message.raw) <= 1_400_000


def check_value(value: Any, name: str = "") -> None:
    """Look at every number inside a value, however deep."""
    if isinstance(value, float):
        raise AssertionError(f"{name} is a float: {value}")
    if isinstance(value, Decimal):
        check_decimal(value)
        assert value >= 0 or name not in NEVER_NEGATIVE, f"{name} is {value}"
    elif isinstance(value, int) and name.endswith("_ns"):
        assert -LONGEST_NS <= value <= LONGEST_NS, f"{name} {value} does not fit into 64 bits"
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            check_value(getattr(value, field), field)
    elif isinstance(value, dict):
        for key, part in value.items():
            check_value(key)
            check_value(part)
    elif isinstance(value, tuple | list | set | frozenset):
        for part in value:
            check_value(part, name)


def check_decimal(value: Decimal) -> None:
    """Refuse what is not finite, in exponent form above one, or beyond any money."""
    assert value.is_finite(), value
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    assert -MOST_DECIMALS <= exponent <= 0, f"{value} has an exponent of {exponent}"
    assert abs(value) < LARGEST, value
