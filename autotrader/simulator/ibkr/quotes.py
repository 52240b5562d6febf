"""Market data: quotes, trades and sizes to those who subscribe (ibkr.md sections 4.3, 4.5). The loop's thread."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from autotrader.model import Quote
from autotrader.simulator.ibkr.answers import end, error, market_data_type, tick_parameters, tick_price, tick_size
from autotrader.simulator.ibkr.contracts import ContractTerms
from autotrader.simulator.ibkr.desk import Desk
from autotrader.simulator.ibkr.refusal import Refusal, one_contract
from autotrader.simulator.ibkr.requests import CancelTopic, ReqMarketDataType, ReqMktData
from autotrader.simulator.ibkr.session import TwsSession
from autotrader.simulator.ibkr.subscriptions import Ticker
from autotrader.simulator.truth import MarketTrade

__all__ = ["QuotePushes", "cancel_market_data", "choose_type", "market_data"]

LIVE: Final = 1
DELAYED: Final = 3
FRACTIONAL: Final = 163


class _Kinds(msgspec.Struct, frozen=True):
    """The numbers of the ticks: price and size of bid, ask and last, and the day's volume."""

    bid: tuple[int, int]
    ask: tuple[int, int]
    last: tuple[int, int]
    volume: int


_KINDS: Final = {LIVE: _Kinds((1, 0), (2, 3), (4, 5), 8), DELAYED: _Kinds((66, 69), (67, 70), (68, 71), 74)}


class QuotePushes:
    """Sends quotes and trades on, and keeps the last trade and volume of each symbol."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.trades: dict[str, tuple[Decimal, Decimal]] = {}
        self.volumes: dict[str, Decimal] = {}
        desk.venue.on_quote.append(self._on_quote)
        desk.venue.on_trade.append(self._on_trade)

    def _tickers(self, symbol: str) -> list[tuple[TwsSession, Ticker]]:
        return [
            (session, ticker)
            for session in self._desk.hub.sessions.values()
            for ticker in session.topics.tickers.values()
            if ticker.contract.symbol == symbol
        ]  # fmt: skip

    def _on_quote(self, quote: Quote) -> None:
        for session, ticker in self._tickers(quote.symbol):
            self._say_quote(session, ticker, quote)

    def _on_trade(self, trade: MarketTrade) -> None:
        self.trades[trade.symbol] = trade.price, trade.quantity
        self.volumes[trade.symbol] = self.volumes.get(trade.symbol, Decimal(0)) + trade.quantity
        for session, ticker in self._tickers(trade.symbol):
            self._say_trade(session, ticker)

    def say_all(self, session: TwsSession, ticker: Ticker) -> None:
        """Tell what is known now."""
        quote = self._desk.venue.quotes.get(ticker.contract.symbol)
        if quote is not None:
            self._say_quote(session, ticker, quote)
        self._say_trade(session, ticker)

    def _say_quote(self, session: TwsSession, ticker: Ticker, quote: Quote) -> None:
        kinds = _KINDS[ticker.type]
        _say_side(session, ticker, kinds.bid, quote.bid, quote.bid_size)
        _say_side(session, ticker, kinds.ask, quote.ask, quote.ask_size)

    def _say_trade(self, session: TwsSession, ticker: Ticker) -> None:
        kinds, symbol = _KINDS[ticker.type], ticker.contract.symbol
        if symbol in self.trades:
            _say_side(session, ticker, kinds.last, *self.trades[symbol])
            session.say(tick_size(ticker.req_id, kinds.volume, self.volumes[symbol]))


def _say_side(session: TwsSession, ticker: Ticker, kinds: tuple[int, int], price: Decimal, size: Decimal) -> None:
    """Tell a price with its size when it has moved, else the size alone when that has."""
    known = ticker.last.get(kinds[0])
    ticker.last[kinds[0]] = price, size
    if known is None or known[0] != price:
        session.say(tick_price(ticker.req_id, kinds[0], price, size))
    elif known[1] != size:
        session.say(tick_size(ticker.req_id, kinds[1], size))


# ------------------------------------------------------------ requests


def market_data(desk: Desk, pushes: QuotePushes, session: TwsSession, asked: ReqMktData) -> None:
    """Subscribe to a contract's quotes, or give a snapshot of them."""
    if asked.req_id in session.topics.tickers:
        return session.say(error(asked.req_id, 102, "Duplicate ticker ID."))
    try:
        contract = one_contract(asked.contract)
        kind = _type_for(desk, session, contract, asked.req_id)
    except Refusal as no:
        return session.say(error(asked.req_id, no.code, no.text))
    ticker = Ticker(asked.req_id, contract, kind, {})
    session.say(tick_parameters(asked.req_id, contract.tick, "9c0001"))
    session.say(market_data_type(asked.req_id, kind))
    pushes.say_all(session, ticker)
    if asked.snapshot:
        return session.say(end("snapshot", asked.req_id))
    session.topics.tickers[asked.req_id] = ticker
    return None


def _type_for(desk: Desk, session: TwsSession, contract: ContractTerms, req_id: int) -> int:
    """Return live or delayed. Raises Refusal for what is not subscribed to."""
    if desk.terms.fractional_rules and session.version < FRACTIONAL and contract.sec_type == "CASH":
        text = f"Your API version does not support fractional size rules. Please upgrade to a minimum version {FRACTIONAL}."
        raise Refusal(10285, text)
    if desk.terms.live_data:
        return LIVE
    if session.topics.market_data_type < DELAYED:
        text = "Requested market data is not subscribed. Delayed market data is available."
        raise Refusal(354, f"{text} {contract.local_symbol} {contract.exchanges[0]}")
    text = "Requested market data is not subscribed. Displaying delayed market data."
    session.say(error(req_id, 10167, text))
    return DELAYED


def cancel_market_data(_desk: Desk, session: TwsSession, asked: CancelTopic) -> None:
    """End a subscription."""
    if session.topics.tickers.pop(asked.req_id, None) is None:
        session.say(error(asked.req_id, 300, f"Can't find EId with tickerId:{asked.req_id}"))


def choose_type(_desk: Desk, session: TwsSession, asked: ReqMarketDataType) -> None:
    """Choose live or delayed data for the requests to come."""
    if asked.type not in (1, 2, 3, 4):
        return session.say(error(-1, 321, "Error validating request.-'bM' : cause - Invalid market data type"))
    session.topics.market_data_type = asked.type
    return None
