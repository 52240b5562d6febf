"""Positions, account updates, summaries: answers to requests, and what follows them (ibkr.md section 8).

The loop's thread.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from autotrader.simulator.ibkr.answers import (
    account_download_end,
    account_multi,
    account_summary,
    account_time,
    account_value,
    end,
    error,
    portfolio,
    position,
    position_end,
    position_multi,
)
from autotrader.simulator.ibkr.desk import Desk
from autotrader.simulator.ibkr.figures import LEDGER_TAGS, figures_of, ledger_of_others, position_rows
from autotrader.simulator.ibkr.profits import say_profits
from autotrader.simulator.ibkr.requests import (
    CancelTopic,
    ReqAccountMulti,
    ReqAccountSummary,
    ReqAccountUpdates,
    ReqPositions,
    ReqPositionsMulti,
)
from autotrader.simulator.ibkr.session import TwsSession
from autotrader.simulator.ibkr.times import NEW_YORK

__all__ = [
    "AccountPushes", "account_updates", "account_updates_multi", "end_topic", "positions", "positions_of_model", "summary",
]  # fmt: skip

NS: Final = 1_000_000_000
MOST_SUMMARIES: Final = 2
EVERY_NS: Final = 180 * NS


def positions(desk: Desk, session: TwsSession, _: ReqPositions) -> None:
    """Tell all positions, and changes from now on."""
    session.topics.positions = True
    for row in position_rows(desk):
        session.say(position(row))
    session.say(position_end())


def positions_of_model(desk: Desk, session: TwsSession, asked: ReqPositionsMulti) -> None:
    """Tell the positions to a request; there are no models."""
    session.topics.positions_multi[asked.req_id] = asked.model
    for row in position_rows(desk):
        session.say(position_multi(asked.req_id, row, asked.model))
    session.say(end("positions_multi", asked.req_id))


def summary(desk: Desk, session: TwsSession, asked: ReqAccountSummary) -> None:
    """Tell the figures that are asked for, and changes from now on; two such subscriptions at once."""
    topics = session.topics.summaries
    if asked.req_id not in topics and len(topics) >= MOST_SUMMARIES:
        text = "Error processing request.-'bN' : cause - Maximum number of account summary requests exceeded"
        return session.say(error(asked.req_id, 322, text))
    if asked.group not in ("All", desk.venue.account):
        text = f"Error processing request.-'bN' : cause - Group name cannot be found: {asked.group}"
        return session.say(error(asked.req_id, 322, text))
    topics[asked.req_id] = tuple(tag.strip() for tag in asked.tags.split(",") if tag.strip())
    _say_summary(desk, session, asked.req_id)
    return session.say(end("summary", asked.req_id))


def _say_summary(desk: Desk, session: TwsSession, req_id: int) -> None:
    figures = figures_of(desk)
    for tag in session.topics.summaries[req_id]:
        names = LEDGER_TAGS if tag.startswith("$LEDGER") else (tag,)
        for name in names:
            if name in figures:
                session.say(account_summary(req_id, desk.venue.account, name, *figures[name]))
        for name, value, currency in ledger_of_others(desk) if tag == "$LEDGER:ALL" else ():
            session.say(account_summary(req_id, desk.venue.account, name, value, currency))


def account_updates(desk: Desk, session: TwsSession, asked: ReqAccountUpdates) -> None:
    """Begin or end the updates of the account; the first ones end with a mark."""
    account = asked.account or desk.venue.account
    if account != desk.venue.account:
        return session.say(error(-1, 321, f"Error validating request.-'bM' : cause - Invalid account code '{account}'."))
    if not asked.subscribe:
        session.topics.account = None
        return None
    session.topics.account = account
    _say_account(desk, session)
    return session.say(account_download_end(account))


def _say_account(desk: Desk, session: TwsSession, symbols: set[str] | None = None) -> None:
    account = desk.venue.account
    for key, (value, currency) in figures_of(desk).items():
        session.say(account_value(key, value, currency, account))
    for key, value, currency in ledger_of_others(desk):
        session.say(account_value(key, value, currency, account))
    for row in position_rows(desk, symbols):
        session.say(portfolio(row))
    session.say(account_time(f"{datetime.fromtimestamp(desk.venue.now_ns() // NS, NEW_YORK):%H:%M}"))


def account_updates_multi(desk: Desk, session: TwsSession, asked: ReqAccountMulti) -> None:
    """Tell the figures to a request."""
    session.topics.account_multi[asked.req_id] = (asked.model, asked.ledger_only)
    _say_multi(desk, session, asked.req_id)
    session.say(end("account_multi", asked.req_id))


def _say_multi(desk: Desk, session: TwsSession, req_id: int) -> None:
    model, ledger_only = session.topics.account_multi[req_id]
    for key, (value, currency) in figures_of(desk).items():
        if not ledger_only or key in LEDGER_TAGS or key == "NetLiquidation":
            session.say(account_multi(req_id, desk.venue.account, model, key, value, currency))
    for key, value, currency in ledger_of_others(desk):
        session.say(account_multi(req_id, desk.venue.account, model, key, value, currency))


def end_topic(_desk: Desk, session: TwsSession, asked: CancelTopic) -> None:
    """End a subscription of the account's."""
    topics = session.topics
    if asked.topic == "positions":
        topics.positions = False
        return
    kept: dict[str, dict[int, Any]] = {
        "summary": topics.summaries, "positions_multi": topics.positions_multi, "account_multi": topics.account_multi,
        "pnl": topics.pnl, "pnl_single": topics.pnl_single,
    }  # fmt: skip
    kept[asked.topic].pop(asked.req_id, None)


class AccountPushes:
    """Keeps subscribers up to date: after each trade, and every three minutes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told_ns = desk.venue.machine_ns()
        desk.venue.on_tick.append(self._tick)

    def on_traded(self, symbols: set[str]) -> None:
        """Tell what trades in these symbols have changed."""
        for session in list(self._desk.hub.sessions.values()):
            self._tell_positions(session, symbols)
            self._tell_figures(session, symbols)

    def _tell_positions(self, session: TwsSession, symbols: set[str]) -> None:
        rows = position_rows(self._desk, symbols)
        for row in rows:
            if session.topics.positions:
                session.say(position(row))
            for req_id, model in session.topics.positions_multi.items():
                session.say(position_multi(req_id, row, model))

    def _tell_figures(self, session: TwsSession, symbols: set[str] | None) -> None:
        desk, topics = self._desk, session.topics
        if topics.account is not None:
            _say_account(desk, session, symbols)
        for req_id in topics.summaries:
            _say_summary(desk, session, req_id)
        for req_id in topics.account_multi:
            _say_multi(desk, session, req_id)
        say_profits(desk, session)

    def _tick(self, now_ns: int) -> None:
        if now_ns - self._told_ns < EVERY_NS:
            return
        self._told_ns = now_ns
        for session in list(self._desk.hub.sessions.values()):
            self._tell_figures(session, None)
