"""The day's profit: of the account, and of one position (ibkr.md section 4.3). The loop's thread."""

from __future__ import annotations

from autotrader.model import ZERO
from autotrader.simulator.ibkr.answers import error, pnl, pnl_single
from autotrader.simulator.ibkr.contracts import TRADED
from autotrader.simulator.ibkr.desk import Desk
from autotrader.simulator.ibkr.figures import position_rows
from autotrader.simulator.ibkr.requests import ReqPnL, ReqPnLSingle
from autotrader.simulator.ibkr.session import TwsSession

__all__ = ["profit", "profit_of_one", "say_profits"]


def profit(desk: Desk, session: TwsSession, asked: ReqPnL) -> None:
    """Tell the day's profit, and changes from now on."""
    session.topics.pnl[asked.req_id] = asked.model
    _say_all(desk, session, asked.req_id)


def profit_of_one(desk: Desk, session: TwsSession, asked: ReqPnLSingle) -> None:
    """Tell the day's profit of one position, and changes from now on."""
    if asked.con_id not in [one.con_id for one in TRADED.values()]:
        return session.say(error(asked.req_id, 200, "No security definition has been found for the request"))
    session.topics.pnl_single[asked.req_id] = asked.con_id
    return _say_one(desk, session, asked.req_id)


def say_profits(desk: Desk, session: TwsSession) -> None:
    """Tell a client every profit that it has subscribed to."""
    for req_id in session.topics.pnl:
        _say_all(desk, session, req_id)
    for req_id in session.topics.pnl_single:
        _say_one(desk, session, req_id)


def _say_all(desk: Desk, session: TwsSession, req_id: int) -> None:
    open_profit = sum((row.unrealized for row in position_rows(desk)), ZERO)
    realized = sum((holding.realized for holding in desk.holdings.values()), ZERO)
    session.say(pnl(req_id, open_profit + realized, open_profit, realized))


def _say_one(desk: Desk, session: TwsSession, req_id: int) -> None:
    con_id = session.topics.pnl_single[req_id]
    rows = position_rows(desk, {symbol for symbol, one in TRADED.items() if one.con_id == con_id})
    if rows:
        one = rows[0]
        session.say(pnl_single(req_id, one.quantity, one.unrealized, one.realized, one.market_value))
    else:
        session.say(pnl_single(req_id, ZERO, ZERO, ZERO, ZERO))
