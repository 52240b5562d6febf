"""The venue's books in one reading, and what became of one order (binance.md 1 and 10). Pure.

Open orders come first, then balances, then trades: a trade that happens meanwhile shows in the trades, and the order manager
knows then that balances older than it cannot be compared. Balances name everything; a spot account has no positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.execution.adapters.binance.codec import (
    AccountState,
    Call,
    CodecSettings,
    OrderFacts,
    account_call,
    decode_account,
    decode_order_facts,
    decode_orders_facts,
    is_replacement,
    open_orders_call,
    query_call,
    replacement_id,
    report_of,
    row_of,
)
from autotrader.execution.adapters.binance.errands import Errand, ErrandFailed, Reply, body_of
from autotrader.execution.adapters.binance.trades import Names, name_trades, read_order_trades, read_trades
from autotrader.messages import Message, OrderFilled, OrderReplaced, OrderSucceeded, QueryOrder
from autotrader.model import ZERO, Fill, VenueSnapshot

__all__ = ["Answered", "Books", "Scope", "ask_order", "read_books"]

ALL_AT_ONCE: Final = 13
"""From so many symbols on, one list of all open orders (weight 80) is cheaper than one of each (6)."""
MOST_REPLACES: Final = 100
Carried = Mapping[tuple[str, int], Decimal]


class Scope(msgspec.Struct, frozen=True):
    """What to read. ``since_ns``: trades from then on; not before ``asked_ns`` means none. Both are the engine's time.

    ``offset_ns`` is the venue's clock minus ours. ``everything`` lists the open orders of all symbols.
    """

    symbols: tuple[str, ...]
    asked_ns: int
    since_ns: int
    offset_ns: int = 0
    everything: bool = False


class Books(msgspec.Struct, frozen=True):
    """What was read: the snapshot for the order manager, and what the adapter itself learns from it."""

    snapshot: VenueSnapshot
    orders: tuple[OrderFacts, ...]
    state: AccountState
    carried: Carried
    symbols: tuple[str, ...]


def read_books(scope: Scope, codec: CodecSettings, names: Names) -> Errand[Books]:
    """Read open orders, balances and trades; raises ErrandFailed when a part cannot be had."""
    facts = yield from _open_orders(scope, codec)
    carried = yield from _carried_by(facts, codec)
    if carried:
        codec = msgspec.structs.replace(codec, carried={**codec.carried, **carried})
        facts = tuple(_with_carried(one, carried) for one in facts)
    state = decode_account(body_of((yield account_call())))
    listed = {(one.symbol, one.order_id): one.client_order_id for one in facts}
    fills: list[Fill] = []
    symbols = dict.fromkeys((*scope.symbols, *(one.symbol for one in facts)))
    if scope.since_ns < scope.asked_ns:
        since_ns, now_ns = scope.since_ns + scope.offset_ns, scope.asked_ns + scope.offset_ns
        for symbol in symbols:
            found = yield from read_trades(symbol, since_ns, now_ns, codec)
            fills += yield from name_trades(symbol, found, lambda s, n: listed.get((s, n)) or names(s, n), codec)
    snapshot = VenueSnapshot(
        codec.venue, codec.account, scope.asked_ns, tuple(row_of(one, codec) for one in facts), tuple(fills), state.balances,
        (), scope.since_ns,
    )  # fmt: skip
    return Books(snapshot, facts, state, carried, tuple(symbols))


def _open_orders(scope: Scope, codec: CodecSettings) -> Errand[tuple[OrderFacts, ...]]:
    if scope.everything or len(scope.symbols) > ALL_AT_ONCE:
        return decode_orders_facts(body_of((yield open_orders_call())), codec)
    found: list[OrderFacts] = []
    for symbol in scope.symbols:
        found += decode_orders_facts(body_of((yield open_orders_call(symbol))), codec)
    return tuple(found)


def _carried_by(facts: Iterable[OrderFacts], codec: CodecSettings) -> Errand[dict[tuple[str, int], Decimal]]:
    """Find what the orders before a replacement had filled, where that is not known; nothing if only unfilled are replaced."""
    carried: dict[tuple[str, int], Decimal] = {}
    for one in facts:
        key = (one.symbol, one.order_id)
        if not is_replacement(one.wire_id) or key in codec.carried:
            continue
        carried[key] = (yield from _chain_filled(one, codec)) if codec.replace_partly_filled else ZERO
    return carried


def _chain_filled(last: OrderFacts, codec: CodecSettings) -> Errand[Decimal]:
    """Add up what was filled from the first venue order of ours to the one before the last."""
    total, wire_id = ZERO, last.client_order_id
    for _ in range(MOST_REPLACES):
        query = QueryOrder(last.client_order_id, None, last.symbol, 0)
        facts = decode_order_facts(body_of((yield query_call(query, wire_id))), codec)
        if facts.order_id == last.order_id:
            return total
        total += facts.venue_filled
        wire_id = replacement_id(last.client_order_id, facts.order_id)
    raise ErrandFailed("TOO_MANY_REPLACES", f"order {last.client_order_id} was replaced more than {MOST_REPLACES} times")


def _with_carried(facts: OrderFacts, carried: Carried) -> OrderFacts:
    more = carried.get((facts.symbol, facts.order_id))
    if more is None:
        return facts
    return msgspec.structs.replace(facts, quantity=facts.venue_quantity + more, filled=facts.venue_filled + more)


# ---------------------------------------------------------------- one order


class Answered(msgspec.Struct, frozen=True):
    """The answer to a query: what to tell, in its order; what the adapter learns."""

    told: tuple[Message, ...]
    orders: tuple[OrderFacts, ...] = ()
    carried: Carried = {}


def ask_order(query: QueryOrder, wire_id: str, carried: Decimal, codec: CodecSettings) -> Errand[Answered]:
    """Ask what became of an order: its trades first, then how it stands.

    An order that ended cancelled may have been replaced by one under a marked id, so that one is asked for as well.
    ``carried`` is what the orders before the one asked for had filled. "Not found" is told as it is: it proves nothing by
    itself. Raises ErrandFailed when a part is not answered, for then the query is not.
    """
    reply = yield query_call(query, wire_id)
    if not _is_found(reply):
        return Answered(reply.outcome.told)
    facts = decode_order_facts(reply.body, codec)
    told: list[Message] = [*(yield from _trades_of(facts, query.client_order_id, reply, codec))]
    seen, learnt, last = [facts], {}, reply
    while codec.marked_replacements and facts.status == "CANCELED" and len(seen) < MOST_REPLACES:
        carried += facts.venue_filled
        next_id = replacement_id(query.client_order_id, facts.order_id)
        reply = yield _by_wire_id(query, next_id)
        if not _is_found(reply):
            break
        before, last = facts, reply
        codec, facts = _next(reply, carried, codec)
        seen.append(facts)
        learnt[(facts.symbol, facts.order_id)] = carried
        told += _succession(before, facts, query, reply.recv_ns, codec)
        told += yield from _trades_of(facts, query.client_order_id, reply, codec)
    report = report_of(facts, codec, last.recv_ns, query.asked_ns)
    told.append(msgspec.structs.replace(report, client_order_id=query.client_order_id))
    return Answered(tuple(told), tuple(seen), learnt)


def _is_found(reply: Reply) -> bool:
    """Say whether the venue has the order; raises ErrandFailed for what is no answer."""
    outcome = reply.outcome
    if outcome.error_class is not None and outcome.ok and outcome.told:
        return False
    body_of(reply)
    return True


def _by_wire_id(query: QueryOrder, wire_id: str) -> Call:
    return query_call(QueryOrder(query.client_order_id, None, query.symbol, query.asked_ns), wire_id)


def _next(reply: Reply, carried: Decimal, codec: CodecSettings) -> tuple[CodecSettings, OrderFacts]:
    plain = decode_order_facts(reply.body, codec)
    key = (plain.symbol, plain.order_id)
    codec = msgspec.structs.replace(codec, carried={**codec.carried, key: carried})
    return codec, _with_carried(plain, {key: carried})


def _trades_of(facts: OrderFacts, own: str, reply: Reply, codec: CodecSettings) -> Errand[list[Message]]:
    if not facts.venue_filled:
        return []
    fills = yield from read_order_trades(facts.symbol, facts.order_id, own, codec)
    return [OrderFilled(own, codec.venue, reply.recv_ns, fill.venue_order_id, fill=fill) for fill in fills]


def _succession(
    before: OrderFacts, facts: OrderFacts, query: QueryOrder, recv_ns: int, codec: CodecSettings
) -> list[Message]:
    own, new, old = query.client_order_id, str(facts.order_id), str(before.order_id)
    return [
        OrderSucceeded(own, codec.venue, recv_ns, new, old),
        OrderReplaced(own, codec.venue, recv_ns, new, facts.quantity, facts.price, facts.stop_price),
    ]


