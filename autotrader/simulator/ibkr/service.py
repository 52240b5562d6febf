"""What becomes of a client's message: pace, reading, faults, and the part that answers it. The loop's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from autotrader.errors import DecodeError
from autotrader.simulator.fault_script import Effects
from autotrader.simulator.ibkr import account, cancelling, catalogue, placing, profits, quotes, reads
from autotrader.simulator.ibkr.answers import error, managed_accounts, next_valid_id, open_order_end
from autotrader.simulator.ibkr.connectivity import FARMS
from autotrader.simulator.ibkr.contracts import find_contracts
from autotrader.simulator.ibkr.desk import Desk
from autotrader.simulator.ibkr.fields import Fields
from autotrader.simulator.ibkr.frames import payload_of, split_fields
from autotrader.simulator.ibkr.hub import Outgoing
from autotrader.simulator.ibkr.order_fields import PlaceOrder, read_place_order
from autotrader.simulator.ibkr.requests import (
    CancelOrder,
    CancelTopic,
    GlobalCancel,
    Ignored,
    ReqAccountMulti,
    ReqAccountSummary,
    ReqAccountUpdates,
    ReqAutoOpenOrders,
    ReqCompletedOrders,
    ReqContractDetails,
    ReqCurrentTime,
    ReqExecutions,
    ReqIds,
    ReqList,
    ReqManagedAccounts,
    ReqMarketDataType,
    ReqMarketRule,
    ReqMatchingSymbols,
    ReqMktData,
    ReqOpenOrders,
    ReqOptionChain,
    ReqPnL,
    ReqPnLSingle,
    ReqPositions,
    ReqPositionsMulti,
    Request,
    SetLogLevel,
    StartApi,
    Unsupported,
    read_simple,
)
from autotrader.simulator.ibkr.session import TwsSession

__all__ = ["Service"]

PLACE_ORDER: Final = 3
ACK_BEHIND_FILL_S: Final = 0.05
PUSHED_FIRST: Final = 2
"""The ``push_open`` of a Gateway that tells open orders, and their end if there are any, before accounts and next id."""
_LOST: Final = {"submit": (133, "Submit new order failed"), "amend": (134, "Modify order failed")}
Act = Callable[[Effects | None], None]


class Service:
    """Answers the messages of all clients."""

    def __init__(self, desk: Desk, pushes: quotes.QuotePushes) -> None:
        self._desk = desk
        self._queries: dict[type[Request], Callable[[Desk, TwsSession, Any], None]] = {
            ReqOpenOrders: reads.open_orders, ReqCompletedOrders: reads.completed_orders, ReqExecutions: reads.executions,
            ReqContractDetails: reads.contracts, ReqPositions: account.positions,
            ReqPositionsMulti: account.positions_of_model, ReqAccountSummary: account.summary,
            ReqAccountUpdates: account.account_updates, ReqAccountMulti: account.account_updates_multi, ReqPnL: profits.profit,
            ReqPnLSingle: profits.profit_of_one,
        }  # fmt: skip
        self._others: dict[type[Request], Callable[[Desk, TwsSession, Any], None]] = {
            ReqMarketRule: reads.market_rule, Unsupported: _say_unsupported,
            ReqIds: reads.ids, ReqManagedAccounts: reads.accounts, ReqCurrentTime: reads.time,
            ReqAutoOpenOrders: reads.auto_open_orders, SetLogLevel: lambda *_: None,
            ReqMktData: lambda desk, session, asked: quotes.market_data(desk, pushes, session, asked),
            ReqMarketDataType: quotes.choose_type, CancelTopic: _end_topic, ReqMatchingSymbols: catalogue.matching_symbols,
            ReqOptionChain: catalogue.option_chain, ReqList: catalogue.ask_list, Ignored: lambda *_: None,
        }  # fmt: skip

    def handle(self, session: TwsSession, payload: bytes) -> None:
        """Take one message of a client that has been greeted."""
        if not self._is_in_pace(session):
            return
        try:
            request = self._read(session, payload)
        except DecodeError as problem:
            session.say(error(-1, 320, f"Error reading request. {problem}"))
            return
        if isinstance(request, StartApi):
            self._start(session, request)
        elif session.client_id is not None:
            self._meet(session, request)

    def _read(self, session: TwsSession, payload: bytes) -> Request:
        fields = Fields(split_fields(payload))
        message = fields.whole(-1)
        if message == PLACE_ORDER:
            return read_place_order(fields, session.version)
        return read_simple(message, fields, session.version)

    def _is_in_pace(self, session: TwsSession) -> bool:
        """Count the message; a client that goes too far is told, and loses its connection at the third time."""
        pace = session.pace
        if session.is_paced or not pace.count(self._desk.venue.machine_ns()):
            return True
        most = self._desk.terms.messages_per_s
        text = f"Max rate of messages per second has been exceeded: max={most} rec={most + 1} ({pace.violations})"
        session.say(error(-1, 100, text))
        if pace.is_over:
            session.close()
        return not pace.is_over

    # ------------------------------------------------------------ the start

    def _start(self, session: TwsSession, asked: StartApi) -> None:
        desk, hub = self._desk, self._desk.hub
        if session.client_id is not None:
            return session.say(error(-1, 501, "Already connected."))
        if session.refused_with is not None:
            session.say(_refused(-1, session.refused_with))
            return session.close()
        if asked.client_id in hub.sessions or len(hub.sessions) >= desk.terms.clients:
            session.say(error(-1, 326, "Unable to connect as the client id is already in use. Retry with a unique client id."))
            return session.close()
        session.client_id = asked.client_id
        hub.sessions[asked.client_id] = session
        if desk.terms.push_open == PUSHED_FIRST and reads.say_open_orders(desk, session, everybody=False):
            session.say(open_order_end())
        session.say(managed_accounts(desk.venue.account))
        session.say(next_valid_id(desk.next_id(asked.client_id)))
        for code, text in FARMS:
            session.say(error(-1, code, text))
        if desk.terms.push_open not in (0, PUSHED_FIRST):
            reads.say_open_orders(desk, session, everybody=False)
        return None

    # ------------------------------------------------------------ requests

    def _meet(self, session: TwsSession, asked: Request) -> None:
        desk = self._desk
        match asked:
            case PlaceOrder():
                kind = "amend" if placing.amends(desk, session, asked) else "submit"
                found = find_contracts(asked.contract)
                symbol = found[0].symbol if len(found) == 1 else ""
                act = partial(placing.place, desk, session, asked)
                self._as_faults_have_it(session, kind, asked.order_id, (symbol, asked.order_ref), act)
            case CancelOrder():
                live = desk.find(session.client_id or 0, asked.order_id)
                named = ("", "") if live is None else (live.order.symbol, live.order.client_order_id)
                act = partial(cancelling.cancel, desk, session, asked)
                self._as_faults_have_it(session, "cancel", asked.order_id, named, act)
            case GlobalCancel():
                act = partial(cancelling.cancel_all, desk, session, asked)
                self._as_faults_have_it(session, "cancel", -1, ("", ""), act)
            case _:
                self._question(session, asked)

    def _question(self, session: TwsSession, asked: Request) -> None:
        answer = self._queries.get(type(asked))
        if answer is None:
            self._desk.venue.count("other")
            return self._others[type(asked)](self._desk, session, asked)
        about = getattr(asked, "req_id", -1)
        question = answer
        return self._as_faults_have_it(
            session, "query", about, ("", ""), lambda _: question(self._desk, session, asked)
        )  # fmt: skip

    def _as_faults_have_it(self, session: TwsSession, kind: str, about: int, named: tuple[str, str], act: Act) -> None:
        """Do what is asked the way the fault script wants it; ``about`` is the order or request that answers name."""
        venue = self._desk.venue
        venue.count(kind)
        effects = venue.fault(kind, *named) if venue.faults else None
        if venue.is_maintained and kind != "query":
            code, text = _LOST.get(kind, (136, "This order cannot be cancelled"))
            return session.say(error(about, code, f"{text}: connectivity between IB and TWS has been lost."))
        if effects is None:
            return act(None)
        if effects.ban_s is not None:
            venue.ban(effects.ban_s)
            return session.abort()
        if effects.rate_limit is not None or effects.reject is not None:
            return session.say(_refused(about, effects.reject))
        return self._land(session, effects, act)

    def _land(self, session: TwsSession, effects: Effects, act: Act) -> None:
        """Let the request land, now, later or never, and let what it caused be told in the way that is asked for."""
        if effects.land_after_s is not None:
            if effects.reply == "reset":
                session.abort()
            asyncio.get_running_loop().call_later(effects.land_after_s, self._land_late, session, effects, act)
            return
        told: list[Outgoing] = []
        if effects.land:
            with self._desk.hub.capture() as told:
                act(effects)
        self._deliver(session, effects, told)

    def _land_late(self, session: TwsSession, effects: Effects, act: Act) -> None:
        if not self._desk.venue.is_up:
            return
        with self._desk.hub.capture() as told:
            act(effects)
        if effects.reply == "reset":
            _send(told)
        else:
            self._deliver(session, effects, told)

    def _deliver(self, session: TwsSession, effects: Effects, told: list[Outgoing]) -> None:
        loop = asyncio.get_running_loop()
        match effects.reply:
            case "never":
                return
            case "reset":
                session.abort()
            case "empty":
                if session.sender is not None:
                    session.sender.tell(b"", of_account=False)
            case "cut" | "slow" if session.sender is not None and told:
                whole = payload_of(told[0].message(session.version))
                (session.sender.half if effects.reply == "cut" else session.sender.slowly)(whole)
                if effects.reply == "slow":
                    _send(told[1:])
            case _:
                first = [one for one in told if one.of_fill] if effects.fill_before_ack else []
                rest = [one for one in told if not (effects.fill_before_ack and one.of_fill)]
                wait_s = effects.delay_s + (ACK_BEHIND_FILL_S if effects.fill_before_ack else 0.0)
                _send(first)
                if wait_s:
                    loop.call_later(wait_s, _send, rest)
                else:
                    _send(rest)


def _end_topic(desk: Desk, session: TwsSession, asked: CancelTopic) -> None:
    (quotes.cancel_market_data if asked.topic == "market_data" else account.end_topic)(desk, session, asked)


def _say_unsupported(_desk: Desk, session: TwsSession, asked: Unsupported) -> None:
    session.say(error(asked.req_id, asked.code, asked.text))


def _refused(about: int, code: str | None) -> Callable[[int], Any]:
    if code is None:
        return error(about, 100, "Max rate of messages per second has been exceeded")
    number = int(code) if code.lstrip("-").isdecimal() else 201
    return error(about, number, f"Order rejected - reason:{code}")


def _send(told: list[Outgoing]) -> None:
    for one in told:
        one.session.send(one)
