"""From what the exchange did to what the user stream tells (binance.md section 5). One thread (the loop's)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from autotrader.model import ZERO, Liquidity, OrderState, OrderType, TimeInForce
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.order_lists import OrderList, list_status
from autotrader.simulator.binance.reports import Told, account_position, execution_report
from autotrader.simulator.binance.spot_order import PreventedMatch, Record, status_of
from autotrader.simulator.events import (
    Accepted,
    BookOrder,
    Busted,
    Canceled,
    Event,
    Expired,
    Filled,
    MarketEvent,
    Replaced,
    Trailed,
    Triggered,
)
from autotrader.simulator.links import LINKED

__all__ = ["Teller", "UserEvent"]

_OPEN: Final = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


class UserEvent(msgspec.Struct, frozen=True, gc=False):
    """One event for the user stream: ``write`` gives it in a unit of time; symbol and client id name the order."""

    symbol: str
    client_order_id: str
    write: Callable[[int], dict[str, Any]]


class Teller:
    """Listens to the venue, keeps the records up to date, and hands ``UserEvent``s to ``listeners``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.listeners: list[Callable[[list[UserEvent]], None]] = []
        self._balances: dict[str, tuple[Decimal, Decimal]] = {}
        for asset in desk.venue.funds.cash:
            self._balances[asset] = self._balance(asset)
        desk.venue.on_change.append(self._on_change)
        desk.venue.on_events.append(self._on_events)

    def _on_change(self, events: list[Event]) -> None:
        """Keep what is open by what is true, also where the stream tells it late or never."""
        for event in events:
            if not isinstance(event, MarketEvent):
                continue
            standing = self._desk.open[event.live.order.symbol]
            if event.live.state in _OPEN:
                standing[event.live.venue_order_id] = event.live
            else:
                standing.pop(event.live.venue_order_id, None)

    def _on_events(self, events: list[Event]) -> None:
        desk = self._desk
        sums = _sums_before(events)
        told: list[UserEvent] = []
        for event in events:
            if not isinstance(event, MarketEvent):
                continue
            live = event.live
            record = desk.record(live)
            before = sums.get(live.venue_order_id)
            report = self._report(event, live, record, before)
            if report is not None and self.listeners:
                told.append(self._user_event(live, record, report))
        for symbol in {event.live.order.symbol for event in events if isinstance(event, MarketEvent)}:
            desk.touch(symbol)
        told += self._list_events(events)
        told += self._balance_event(events)
        for listener in self.listeners:
            listener(told)

    def _user_event(self, live: BookOrder, record: Record, report: Told) -> UserEvent:
        now_ns = self._desk.venue.now_ns()
        frozen = msgspec.structs.replace(record) if live.state in _OPEN else record
        return UserEvent(
            live.order.symbol, live.order.client_order_id,
            lambda unit: execution_report(live, frozen, report, now_ns, unit),
        )  # fmt: skip

    def _report(self, event: MarketEvent, live: BookOrder, record: Record, sums: list[Decimal] | None) -> Told | None:
        """Bring the record up to date, and return what is reported; None for what is told to nobody."""
        filled, cost = (live.filled, live.cost) if sums is None else (sums[0], sums[1])
        desk, execution = self._desk, self._desk.next_execution()
        terms = {"filled": filled, "cost": cost, "quantity": live.quantity, "on_book": record.working_ns > 0}
        match event:
            case Accepted():
                record.working_ns = 0 if event.held else event.ts_ns
                terms["on_book"] = not event.held
                if event.stop_price is not None:
                    record.trailing_ns = event.ts_ns
                return Told("NEW", "NEW", event.ts_ns, execution, record.wire_id, **terms)  # type: ignore[arg-type]
            case Triggered():
                record.working_ns = event.ts_ns
                terms["on_book"] = True
                return Told("NEW", "NEW", event.ts_ns, execution, record.wire_id, **terms)  # type: ignore[arg-type]
            case Filled():
                return self._filled(event, record, sums, terms, execution)
            case Canceled():
                cancel_id = desk.cancel_ids.pop(live.venue_order_id, "")
                names = (cancel_id or record.wire_id, record.wire_id if cancel_id else "")
                return Told("CANCELED", "CANCELED", event.ts_ns, execution, *names, **terms)  # type: ignore[arg-type]
            case Expired():
                return self._expired(event, record, terms, execution)
            case Replaced():
                terms["quantity"] = event.quantity
                status = "PARTIALLY_FILLED" if filled else "NEW"
                return Told("REPLACED", status, event.ts_ns, execution, record.wire_id, **terms)  # type: ignore[arg-type]
            case Trailed():
                record.trailing_ns = record.trailing_ns or event.ts_ns
            case Busted() if sums is not None:  # nobody is told: the venue has no word for it; its books show it
                sums[0] -= event.fill.quantity
                sums[1] -= event.fill.price * event.fill.quantity
        return None

    def _filled(
        self, event: Filled, record: Record, sums: list[Decimal] | None, terms: dict[str, Any], execution: int
    ) -> Told:
        fill = event.fill
        if sums is not None:
            sums[0] += fill.quantity
            sums[1] += fill.price * fill.quantity
            terms["filled"], terms["cost"] = sums
        if not record.has_filled:
            record.has_filled = True
            self._desk.limits.filled(fill.liquidity is Liquidity.MAKER, event.ts_ns)
        if record.working_ns == 0:
            record.working_ns = event.ts_ns
        terms["on_book"] = True
        status = "FILLED" if event.state is OrderState.FILLED else "PARTIALLY_FILLED"
        return Told("TRADE", status, event.ts_ns, execution, record.wire_id, fill=fill, **terms)

    def _expired(self, event: Expired, record: Record, terms: dict[str, Any], execution: int) -> Told:
        live = event.live
        if event.reason == "SELF_TRADE":
            record.prevented = max(live.remaining, ZERO)
            number, price = self._prevent(event, record.prevented)
            record.in_match, record.prevented_match = True, number
            return Told(
                "TRADE_PREVENTION", status_of(live, record), event.ts_ns, execution, record.wire_id,
                prevented=record.prevented, match_price=price, **terms,
            )  # fmt: skip
        record.expiry_reason = "OCO_TRIGGER" if event.reason == LINKED else _expiry_reason(live)
        return Told("EXPIRED", "EXPIRED", event.ts_ns, execution, record.wire_id, **terms)

    def _prevent(self, event: Expired, quantity: Decimal) -> tuple[int, Decimal]:
        """Note the match that was prevented, one for both sides; return its number and the price it would have had."""
        live, other, matches = event.live, event.against, self._desk.prevented
        assert other is not None
        maker, taker = sorted((live, other), key=lambda one: (self._desk.record(one).working_ns, one.sequence))
        same = matches[-1] if matches else None
        if same is None or same.maker is not maker or same.taker is not taker:
            same = PreventedMatch(len(matches) + 1, taker, maker, maker.price or ZERO, event.ts_ns)
            matches.append(same)
        if live is taker:
            same.taker_prevented = quantity
        else:
            same.maker_prevented = quantity
        return same.number, same.price

    # ------------------------------------------------------------ order lists

    def _list_events(self, events: list[Event]) -> list[UserEvent]:
        """Tell of lists that began or ended with these events, and keep account of both."""
        lists, touched = self._desk.lists, dict[int, bool]()
        for event in events:
            one = lists.note(event.live) if isinstance(event, MarketEvent) else None
            if one is not None:
                touched[one.number] = touched.get(one.number, False) or type(event) is Accepted
        told = []
        for number, began in touched.items():
            one = lists.by_number[number]
            executes = lists.executes(one)
            if (executes and began) or (not executes and not one.ended):
                one.ended = not executes
                told.append(self._list_event(one, executes=executes))
        return told if self.listeners else []

    def _list_event(self, one: OrderList, *, executes: bool) -> UserEvent:
        now_ns, at_ns = self._desk.venue.now_ns(), one.changed_ns
        records = [msgspec.structs.replace(self._desk.record(leg)) for leg in one.legs]
        return UserEvent(
            one.symbol, "", lambda unit: list_status(one, records, at_ns, now_ns, unit, executes=executes)
        )  # fmt: skip

    # ------------------------------------------------------------ balances

    def _balance_event(self, events: list[Event]) -> list[UserEvent]:
        """Tell the balances of the assets that have changed."""
        instruments = self._desk.venue.instruments
        symbols = dict.fromkeys(event.live.order.symbol for event in events if isinstance(event, MarketEvent))
        assets = dict.fromkeys(name for one in symbols for name in (instruments[one].base, instruments[one].quote))
        rows = []
        for asset in assets:
            balance = self._balance(asset)
            if balance != self._balances.get(asset):
                self._balances[asset] = balance
                rows.append((asset, *balance))
        if not rows or not self.listeners:
            return []
        now_ns = self._desk.venue.now_ns()
        return [UserEvent(next(iter(symbols)), "", lambda unit: account_position(rows, now_ns, now_ns, unit))]

    def _balance(self, asset: str) -> tuple[Decimal, Decimal]:
        funds = self._desk.venue.funds
        return funds.free(asset), funds.held.get(asset, ZERO)


def _sums_before(events: list[Event]) -> dict[str, list[Decimal]]:
    """Return, per order that traded, what it had filled and cost before these events: the sums at each are told from it."""
    sums: dict[str, list[Decimal]] = {}
    for event in events:
        if isinstance(event, Filled | Busted):
            live, fill, sign = event.live, event.fill, 1 if isinstance(event, Filled) else -1
            had = sums.setdefault(live.venue_order_id, [live.filled, live.cost])
            had[0] -= sign * fill.quantity
            had[1] -= sign * fill.price * fill.quantity
    return sums


def _expiry_reason(live: BookOrder) -> str:
    order = live.order
    if order.type is OrderType.MARKET or order.type is OrderType.STOP:
        return "INSUFFICIENT_LIQUIDITY"
    if order.time_in_force is TimeInForce.FOK:
        return "UNFILLED_FOK_ORDER_EXPIRED"
    return "UNFILLED_IOC_QUANTITY_EXPIRED" if order.time_in_force is TimeInForce.IOC else "EXCHANGE_CANCELED"
