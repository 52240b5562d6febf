"""What is asked before anything is ordered: the clock, who we are and may do, what can be traded (binance.md 2, 7, 9). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from autotrader.execution.adapters.binance.codec import (
    AccountState,
    ErrorClass,
    ExchangeInfo,
    KeyRights,
    SymbolRules,
    account_call,
    api_restrictions_call,
    clock_call,
    decode_account,
    decode_api_restrictions,
    decode_exchange_info,
    decode_server_time,
    exchange_info_call,
    instrument_of,
)
from autotrader.execution.adapters.binance.config import BinanceSettings
from autotrader.execution.adapters.binance.errands import Errand, ErrandFailed, Reply, body_of
from autotrader.model import AccountInfo, Instrument, Mode

__all__ = ["Greeting", "halted", "introduce", "measure_clock"]

SAMPLES: Final = 3
LONGEST_DOUBT_NS: Final = 500_000_000
NOT_FOUND: Final = 404


class Greeting(msgspec.Struct, frozen=True):
    """What the venue says of itself and of us: ``info`` for the order manager, ``uid`` as reported."""

    info: AccountInfo
    uid: str
    state: AccountState
    exchange: ExchangeInfo
    rules: Mapping[str, SymbolRules]
    instruments: tuple[Instrument, ...]


def halted(greeting: Greeting, symbol: str) -> Greeting:
    """Return the greeting with a symbol that does not trade now."""
    replace = msgspec.structs.replace
    listed = tuple(replace(one, tradable=False) if one.symbol == symbol else one for one in greeting.instruments)
    return replace(greeting, instruments=listed)


def measure_clock(samples: int = SAMPLES) -> Errand[int]:
    """Return the venue's clock minus ours in ns, by the middle of the quickest of some round trips (binance.md section 2).

    Raises ErrandFailed when even that one leaves more than half a second of doubt.
    """
    best: tuple[int, int] | None = None
    for _ in range(samples):
        reply = yield clock_call()
        server_ns = decode_server_time(body_of(reply))
        trip_ns = max(reply.answered_ns - reply.written_ns, 0) if reply.written_ns else 0
        offset_ns = server_ns - (reply.answered_utc_ns - trip_ns // 2)
        if best is None or trip_ns < best[0]:
            best = (trip_ns, offset_ns)
    assert best is not None  # noqa: S101
    if best[0] > 2 * LONGEST_DOUBT_NS:
        raise ErrandFailed("CLOCK", f"the venue's clock cannot be measured: its answers take {best[0] / 1e9:.3f} s")
    return best[1]


def introduce(settings: BinanceSettings) -> Errand[Greeting]:
    """Ask for the account, the key's rights where the environment tells them, and the symbols.

    Raises ErrandFailed that says what to do: for a key without the right to trade, one that may withdraw, a symbol that is not
    listed.
    """
    state = decode_account(body_of((yield account_call())))
    rights = None
    if settings.asks_key_rights:
        rights = _rights((yield api_restrictions_call()), settings.mode)
    info = _info(state, rights, settings)
    exchange = decode_exchange_info(_listed((yield exchange_info_call(settings.symbols)), settings.symbols))
    rules = {symbol: _rules(symbol, exchange, settings) for symbol in settings.symbols}
    instruments = tuple(instrument_of(one, settings.codec.venue) for one in rules.values())
    return Greeting(info, state.uid, state, exchange, rules, instruments)


def _rights(reply: Reply, mode: Mode) -> KeyRights | None:
    """Return what the key may do; a rehearsal's venue may not know the question."""
    if reply.status == NOT_FOUND and mode is not Mode.LIVE:
        return None
    return decode_api_restrictions(body_of(reply))


def _info(state: AccountState, rights: KeyRights | None, settings: BinanceSettings) -> AccountInfo:
    if not state.can_trade:
        raise _lasting("KEY_PERMISSIONS", "the account may not trade: see Binance's message in the account's own pages")
    if rights is not None and not (rights.can_read and rights.can_trade):
        raise _lasting(
            "KEY_PERMISSIONS", "the key may not trade: allow it reading and spot trading in Binance's API management"
        )
    if rights is not None and rights.can_withdraw:
        raise _lasting(
            "KEY_PERMISSIONS", "the key may withdraw: take that right from it in Binance's API management, or use another key"
        )
    if not state.uid and not settings.any_account:
        raise _lasting("ACCOUNT_UNCONFIRMED", f"the venue does not say whose account this is; {settings.account} is configured")
    can_withdraw = state.can_withdraw if rights is None else rights.can_withdraw
    account = settings.account if settings.any_account else state.uid
    return AccountInfo(settings.codec.venue, account, settings.mode, can_trade=True, can_withdraw=can_withdraw)


def _listed(reply: Reply, symbols: tuple[str, ...]) -> bytes:
    if reply.outcome.error_class is ErrorClass.REFUSED:
        names = ", ".join(symbols)
        raise _lasting(reply.outcome.code, f"Binance does not list one of {names}: correct venues.binance.symbols")
    return body_of(reply)


def _rules(symbol: str, exchange: ExchangeInfo, settings: BinanceSettings) -> SymbolRules:
    found = exchange.symbols.get(symbol)
    if found is None:
        why = exchange.unreadable.get(symbol, "it is not listed")
        raise _lasting("SYMBOL", f"{symbol} cannot be traded: {why}; correct venues.binance.symbols")
    return found if settings.amend else msgspec.structs.replace(found, amend_allowed=False)


def _lasting(code: str, reason: str) -> ErrandFailed:
    return ErrandFailed(code, reason, lasting=True)
