"""Positions and balances, ours against the venue's: opening + fills - fees + transfers must give what the venue says."""

from __future__ import annotations

from decimal import Decimal

from autotrader.messages import BalanceOpened, BalanceTransferred, PositionAdopted
from autotrader.model import ZERO, VenueSnapshot, plain
from autotrader.oms.book import Books
from autotrader.oms.differences import Action, Difference, Policy

__all__ = ["compare_money"]


def compare_money(books: Books, snapshot: VenueSnapshot, policy: Policy, now_ns: int) -> list[Difference]:
    """Return the lines on positions and balances; none are sure while a fill is younger than the venue's lag."""
    newest = max((one.last_ns for one in books.orders.values() if one.order.venue == snapshot.venue and one.fills), default=0)
    sure = newest + policy.lag_ns <= snapshot.asked_ns
    opening = not books.is_opened(snapshot.venue, snapshot.account)
    stamp_ns = snapshot.asked_ns if opening else now_ns  # trades up to then are in the opening
    lines = []
    for symbol, ours, theirs in _positions(books, snapshot):
        if ours != theirs:
            lines.append(_position_line(symbol, ours, theirs, snapshot, _judge(policy.positions, sure, opening), stamp_ns))
    held = books.balances(snapshot.venue)
    totals = {balance.asset: balance.total for balance in snapshot.balances}
    for asset in sorted({*totals, *held}):
        ours, theirs = held.get(asset, ZERO), totals.get(asset, ZERO)
        if asset and (ours != theirs or (opening and asset in totals)):
            lines.append(_balance_line(asset, ours, theirs, snapshot, policy, sure, opening, stamp_ns))
    return lines


def _positions(books: Books, snapshot: VenueSnapshot) -> list[tuple[str, Decimal, Decimal]]:
    """Return (symbol, ours, theirs). A spot position is compared as a balance, unless the venue lists it."""
    told = dict(snapshot.positions)
    held = {}
    for position in books.positions():
        if position.venue == snapshot.venue and position.account in (snapshot.account, ""):
            instrument = books.instrument(position.venue, position.symbol)
            if position.symbol in told or (instrument is not None and not instrument.base):
                held[position.symbol] = position.quantity
    return [(symbol, held.get(symbol, ZERO), told.get(symbol, ZERO)) for symbol in sorted({*told, *held})]


def _judge(action: Action, sure: bool, opening: bool) -> tuple[str, Action, str]:
    if opening:
        return ("opening", Action.ADOPT, "held before we came")
    if not sure:
        return ("", Action.IGNORE, "a fill is younger than the venue's lag; judged next time")
    return ("", action, "no trade, fee or transfer on record explains it")


def _position_line(
    symbol: str, ours: Decimal, theirs: Decimal, snapshot: VenueSnapshot, judged: tuple[str, Action, str], ts_ns: int
) -> Difference:
    what, action, reason = judged
    event = PositionAdopted(snapshot.venue, snapshot.account, symbol, theirs - ours, None, ts_ns, reason)
    return Difference(what or "position", symbol, plain(ours), plain(theirs), action, reason, events=(event,))


def _balance_line(
    asset: str, ours: Decimal, theirs: Decimal, snapshot: VenueSnapshot, policy: Policy, sure: bool, opening: bool, ts_ns: int
) -> Difference:
    what, action, reason = _judge(policy.balances, sure, opening)
    kind = (snapshot.venue, snapshot.account, asset, theirs - ours, ts_ns)
    event = BalanceOpened(*kind) if opening else BalanceTransferred(*kind, reason)
    return Difference(what or "balance", asset, plain(ours), plain(theirs), action, reason, events=(event,))
