"""The checks of ``autotrader doctor`` at Binance: key, host, clock, symbols, account, balances; each row with what to do.

Only reads are made, over one connection, each with a limit of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

from autotrader.config import Settings
from autotrader.errors import AuthFailed, AutotraderError, NotSent, RateLimited
from autotrader.execution.adapters.binance.codec import (
    AccountState,
    SymbolRules,
    account_call,
    api_restrictions_call,
    decode_account,
    decode_api_restrictions,
    instrument_of,
)
from autotrader.execution.adapters.binance.config import BinanceSettings, binance_settings
from autotrader.execution.adapters.binance.hands import Hands, Key
from autotrader.execution.adapters.binance.listing import symbol_rules
from autotrader.execution.adapters.outside import Check
from autotrader.model import ZERO, Mode, plain

__all__ = ["examine"]

DEADLINE_S = 10.0
CLOCK_NS = 500_000_000
SHOWN = 8


def examine(settings: Settings) -> Iterator[Check]:
    """Yield the rows; what needs an answer that did not come is left out, after the row that says why."""
    section = settings.venues["binance"]
    try:
        own = binance_settings(section, settings.mode)
        signer = own.make_signer()
    except AutotraderError as error:
        yield Check("binance key and host", False, str(error), "correct the key that is named")
        return
    kind = type(signer).__name__.removesuffix("Signer")
    where = "a file, the keyring or the environment" if own.api_key.source else "code"
    yield Check(
        "binance key and host", True, f"{kind} key from {where}; {own.environment} at {own.hosts.place}, mode {own.mode}"
    )
    key = Key(own.api_key, signer, own.recv_window_ms)
    with closing(Hands(own.hosts.rest, own.codec, key, deadline_s=min(own.deadline_s, DEADLINE_S))) as hands:
        clock = _row("binance clock", lambda: _clock(hands))
        yield clock
        if clock.ok or clock.fix.startswith("correct"):  # it answered
            yield _row("binance symbols", lambda: _symbols(hands, own))
            yield from _account(hands, own)


def _row(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except NotSent as error:
        return Check(name, False, str(error), "look at the network, a proxy or a firewall, and at venues.binance.rest")
    except AuthFailed as error:
        return Check(name, False, str(error), "look at the key: is it of this environment, bound to this IP, allowed to read?")
    except RateLimited as error:
        return Check(name, False, str(error), f"wait {error.retry_after_s:g} s before anything else asks the venue")
    except AutotraderError as error:
        return Check(name, False, str(error), "try again; look at the venue's status page")


def _clock(hands: Hands) -> Check:
    offset_ns = min((hands.clock_offset_ns() for _ in range(3)), key=abs)
    text = f"answers; its clock is {offset_ns / 1e9:+.3f} s off ours"
    good = abs(offset_ns) <= CLOCK_NS
    return Check("binance clock", good, text, "" if good else "correct this machine's clock (NTP): past 0.5 s it is alarmed")


def _symbols(hands: Hands, own: BinanceSettings) -> Check:
    name = "binance symbols"
    if not own.symbols:
        return Check(name, False, "venues.binance.symbols is empty", 'name what to trade: venues.binance.symbols = ["BTCUSDT"]')
    rules = symbol_rules(hands, own.symbols)
    problems = [text for symbol in own.symbols if (text := _problem(rules, symbol))]
    if problems:
        return Check(name, False, "; ".join(problems), "correct venues.binance.symbols, or wait until they trade")
    listed = [instrument_of(rules[symbol], "binance") for symbol in own.symbols]
    shown = [
        f"{one.symbol} (tick {plain(one.tick)}, lot {plain(one.lot)}, from {plain(one.min_notional or ZERO)} {one.quote})"
        for one in listed[:SHOWN]
    ]
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return Check(name, True, ", ".join(shown) + more)


def _problem(rules: Mapping[str, SymbolRules], symbol: str) -> str:
    if symbol not in rules:
        return f"{symbol} is not listed"
    return "" if rules[symbol].is_trading else f"{symbol} is {rules[symbol].status}"


def _account(hands: Hands, own: BinanceSettings) -> Iterator[Check]:
    found: list[AccountState] = []

    def ask() -> Check:
        found.append(decode_account(hands.read(account_call())))
        return _identity(found[0], own)

    yield _row("binance account", ask)
    if not found:
        return
    if own.asks_key_rights:
        yield _row("binance key rights", lambda: _rights(hands, own))
    else:
        state = found[0]
        fix = "" if state.can_trade else "let the key trade, in the environment's own settings"
        yield Check("binance key rights", state.can_trade, "may trade" if state.can_trade else "may not trade", fix)
    held = {one.asset: one.total for one in found[0].balances if one.total}
    shown = ", ".join(f"{plain(total)} {asset}" for asset, total in list(held.items())[:SHOWN])
    yield Check("binance balances", bool(held), shown or "nothing is held", "" if held else "put something into the account")


def _identity(state: AccountState, own: BinanceSettings) -> Check:
    name = "binance account"
    if own.any_account:
        return Check(name, True, f"user id {state.uid or 'not told'}; venues.binance.account names none to compare with")
    good = state.uid == own.account
    text = f"user id {state.uid or 'not told'}, configured {own.account}"
    return Check(name, good, text, "" if good else "this key belongs to another account: correct the key or the account")


def _rights(hands: Hands, own: BinanceSettings) -> Check:
    name, rights = "binance key rights", decode_api_restrictions(hands.read(api_restrictions_call()))
    words = [
        "may trade" if rights.can_trade else "may NOT trade",
        "MAY WITHDRAW" if rights.can_withdraw else "may not withdraw",
        "bound to IP addresses" if rights.is_bound_to_ip else "not bound to an IP address",
    ]
    fixes = []
    if not rights.can_trade:
        fixes.append("allow spot trading for this key")
    if rights.can_withdraw:
        fixes.append("take the right to withdraw from this key: mode LIVE refuses it")
    if not rights.is_bound_to_ip and own.mode is Mode.LIVE:
        words[-1] += " (advised)"
    return Check(name, not fixes, ", ".join(words), "; ".join(fixes))
