"""Questions about orders, executions and contracts (ibkr.md sections 4.3, 8). The loop's thread."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from autotrader.model import ZERO, Fill
from autotrader.simulator.events import BookOrder
from autotrader.simulator.ibkr.answers import (
    Message,
    commission_report,
    completed_orders_end,
    contract_details_end,
    current_time,
    end,
    error,
    exec_details,
    managed_accounts,
    market_rule_of,
    next_valid_id,
    open_order_end,
    order_bound,
    order_status,
)
from autotrader.simulator.ibkr.contracts import TRADED, find_contracts
from autotrader.simulator.ibkr.desk import Desk, owner_of
from autotrader.simulator.ibkr.details import MARKET_RULES, contract_details
from autotrader.simulator.ibkr.order_answers import completed_order, open_order
from autotrader.simulator.ibkr.requests import (
    ReqAutoOpenOrders,
    ReqCompletedOrders,
    ReqContractDetails,
    ReqCurrentTime,
    ReqExecutions,
    ReqIds,
    ReqManagedAccounts,
    ReqMarketRule,
    ReqOpenOrders,
)
from autotrader.simulator.ibkr.session import TwsSession
from autotrader.simulator.ibkr.times import midnight_ns, read_time

__all__ = [
    "accounts", "auto_open_orders", "completed_orders", "contracts", "executions", "ids", "market_rule", "open_orders",
    "say_open_orders", "time",
]  # fmt: skip

NS = 1_000_000_000


def ids(desk: Desk, session: TwsSession, _: ReqIds) -> None:
    """Answer reqIds."""
    session.say(next_valid_id(desk.next_id(session.client_id or 0)))


def accounts(desk: Desk, session: TwsSession, _: ReqManagedAccounts) -> None:
    """Answer reqManagedAccts."""
    session.say(managed_accounts(desk.venue.account))


def time(desk: Desk, session: TwsSession, _: ReqCurrentTime) -> None:
    """Answer reqCurrentTime."""
    session.say(current_time(desk.venue.now_ns() // NS))


# ------------------------------------------------------------ orders


def open_orders(desk: Desk, session: TwsSession, asked: ReqOpenOrders) -> None:
    """Answer reqOpenOrders and reqAllOpenOrders; client 0 is bound to the orders by hand by the first."""
    if not asked.everybody and session.client_id == 0:
        _bind(desk, session)
    say_open_orders(desk, session, everybody=asked.everybody)
    session.say(open_order_end())


def say_open_orders(desk: Desk, session: TwsSession, *, everybody: bool) -> int:
    """Tell a client its open orders, or everybody's; return how many there are."""
    count = 0
    for live in desk.venue.orders(open_only=True):
        if everybody or desk.seen_by(live, session.client_id or 0):
            count += 1
            one = desk.wire(live)
            session.say(open_order(one))
            session.say(order_status(one))
    return count


def auto_open_orders(desk: Desk, session: TwsSession, asked: ReqAutoOpenOrders) -> None:
    """Bind client 0 to orders by hand, those there are and those to come."""
    if session.client_id != 0:
        return session.say(error(-1, 321, "Error validating request.-'bM' : cause - Only the client 0 may be bound to orders."))
    session.topics.binds = asked.bind
    return _bind(desk, session) if asked.bind else None


def _bind(desk: Desk, session: TwsSession) -> None:
    for live in desk.venue.orders(open_only=True):
        if owner_of(live.order) == (0, 0) and live.venue_order_id not in desk.bound:
            session.say(order_bound(int(live.venue_order_id), 0, desk.bind(live)))


def completed_orders(desk: Desk, session: TwsSession, asked: ReqCompletedOrders) -> None:
    """Answer reqCompletedOrders: what was done today, of everybody."""
    since_ns = midnight_ns(desk.venue.now_ns())
    standing = {live.venue_order_id for live in desk.venue.orders(open_only=True)}
    for live in desk.venue.orders(open_only=False):
        by_hand = owner_of(live.order) == (0, 0)
        if live.venue_order_id not in standing and live.updated_ns >= since_ns and not (asked.api_only and by_hand):
            session.say(completed_order(desk.completed(live)))
    session.say(completed_orders_end())


# ------------------------------------------------------------ executions


def executions(desk: Desk, session: TwsSession, asked: ReqExecutions) -> None:
    """Answer reqExecutions: those of the day that the filter lets through, what they cost, then the end (as recorded)."""
    costs: list[Message] = []
    for live, fill, filled, cost in _traded_today(desk):
        if not _wanted(desk, live, fill, asked):
            continue
        taken = fill.trade_id in desk.busted
        one = desk.execution(live, fill, filled, cost, taken=taken)
        session.say(exec_details(asked.req_id, one))
        fee = ZERO if taken else fill.fee
        costs.append(commission_report(one.exec_id, fee, fill.fee_asset, desk.realized.get(fill.trade_id)))
    for message in costs:
        session.say(message)
    session.say(end("executions", asked.req_id))


def _traded_today(desk: Desk) -> Iterator[tuple[BookOrder, Fill, Decimal, Decimal]]:
    """Yield the day's trades in order, each with its order's sums with it; a trade that was taken back is among them."""
    since_ns = midnight_ns(desk.venue.now_ns())
    trades = sorted((*desk.venue.trades(), *desk.busted.values()), key=lambda one: (one.ts_ns, one.trade_id))
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for fill in trades:
        key = fill.venue_order_id or ""
        live = desk.venue.order(key)
        if live is None:
            continue
        filled, cost = sums.get(key, (ZERO, ZERO))
        if fill.trade_id not in desk.busted:
            filled, cost = filled + fill.quantity, cost + fill.price * fill.quantity
        sums[key] = filled, cost
        if fill.ts_ns >= since_ns:
            yield live, fill, filled, cost


def _wanted(desk: Desk, live: BookOrder, fill: Fill, asked: ReqExecutions) -> bool:
    contract = TRADED[fill.symbol]
    pairs = (
        (asked.account, desk.venue.account), (asked.symbol, contract.ib_symbol), (asked.sec_type, contract.sec_type),
        (asked.exchange, contract.filled_at), (_side(asked.side), fill.side.value),
    )  # fmt: skip
    if any(wanted and wanted != has for wanted, has in pairs):
        return False
    since = read_time(asked.time) if asked.time else None
    return (not asked.client_id or owner_of(live.order)[0] == asked.client_id) and (since is None or fill.ts_ns >= since[0])


def _side(text: str) -> str:
    return {"BOT": "BUY", "SLD": "SELL"}.get(text.upper(), text.upper())


# ------------------------------------------------------------ contracts


def market_rule(_desk: Desk, session: TwsSession, asked: ReqMarketRule) -> None:
    """Answer reqMarketRule: one price step whatever the price."""
    found = [one for one in TRADED.values() if MARKET_RULES[one.sec_type] == str(asked.rule_id)]
    if not found:
        return session.say(error(-1, 321, f"Error validating request.-'bM' : cause - There is no market rule {asked.rule_id}."))
    return session.say(market_rule_of(asked.rule_id, found[0].tick))


def contracts(desk: Desk, session: TwsSession, asked: ReqContractDetails) -> None:
    """Answer reqContractDetails: everything that fits, or error 200."""
    found = find_contracts(asked.contract)
    if not found:
        return session.say(error(asked.req_id, 200, "No security definition has been found for the request"))
    for one in found:
        session.say(contract_details(asked.req_id, one, asked.contract.exchange, desk.hours_of(one)))
    return session.say(contract_details_end(asked.req_id))
