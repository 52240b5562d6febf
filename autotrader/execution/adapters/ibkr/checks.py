"""The checks of ``autotrader doctor`` at Interactive Brokers: TWS, API, version, account, symbols, quotes; and what to do.

Only reads are made, over one connection under a client id of its own. TWS does not say whether its API is read-only before an
order is refused: the row says where to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from autotrader.config import Settings
from autotrader.errors import AutotraderError, NotSent, OutcomeUnknown
from autotrader.execution.adapters.ibkr.clock import clock_offset_ns
from autotrader.execution.adapters.ibkr.codes import NOT_SUBSCRIBED
from autotrader.execution.adapters.ibkr.config import VENUE, IbkrSettings, ibkr_settings, is_paper_account
from autotrader.execution.adapters.ibkr.hands import Hands
from autotrader.execution.adapters.ibkr.library import load
from autotrader.execution.adapters.ibkr.listing import Listing
from autotrader.execution.adapters.ibkr.messages import (
    ErrorKind,
    ErrorTold,
    MarketDataRequest,
    MarketDataTypeRequest,
    TickTold,
    TwsEvent,
)
from autotrader.execution.adapters.ibkr.order_ids import FIRST_READ_ID
from autotrader.execution.adapters.ibkr.side import Address
from autotrader.execution.adapters.ibkr.snapshots import balances_of
from autotrader.execution.adapters.outside import Check
from autotrader.model import Mode, plain

__all__ = ["examine"]

CLOCK_NS: Final = 500_000_000
FRACTIONS: Final = 163
"""The server version from which sizes have fractions (ibkr.md section 2)."""
QUOTE_S: Final = 5.0
QUOTE_ID: Final = FIRST_READ_ID + 1_000_000
SHOWN: Final = 8
API: Final = "in TWS: Global Configuration, API, Settings"


def examine(settings: Settings) -> Iterator[Check]:
    """Yield the rows; what needs an answer that did not come is left out, after the row that says why."""
    try:
        own = ibkr_settings(settings.venues[VENUE], settings.mode)
    except AutotraderError as error:
        yield Check("ibkr settings", False, str(error), "correct the key that is named")
        return
    yield Check("ibkr settings", True, f"{own.environment} at {own.place}, account {own.account}, mode {own.mode}")
    library = _row("ibkr library", _library)
    yield library
    if not library.ok:
        return
    try:
        hands = Hands(_address(own), deadline_s=own.read_timeout_s)
    except AutotraderError as error:
        yield _unreached(error, own)
        return
    with hands:
        yield from _connected(hands, own)


def _address(own: IbkrSettings) -> Address:
    return Address(own.host, own.port, own.hand_client_id, own.connect_timeout_s, own.codes)


def _row(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except AutotraderError as error:
        return Check(name, False, str(error), "see the detail, and try again")


def _library() -> Check:
    low, high = load().versions
    names = ", ".join(load().distributions) or "ibapi of unknown origin"
    if high >= FRACTIONS:
        return Check("ibkr library", True, f"{names}, client versions {low} to {high}")
    text = f"{names}, client versions {low} to {high}: good for orders; no quotes of what trades in fractions (error 10285)"
    return Check("ibkr library", True, f"{text}. For real trading install IBKR's current ibapi from its TWS API download")


def _unreached(error: AutotraderError, own: IbkrSettings) -> Check:
    if isinstance(error, NotSent):
        fix = (
            f"start TWS or IB Gateway and log in; {API}: 'Enable ActiveX and Socket Clients' on, socket port {own.port}, and"
            " this machine under 'Trusted IPs'"
        )
    elif isinstance(error, OutcomeUnknown):
        fix = f"look for a dialog that waits in TWS; {API}: trust this machine, so that none is asked"
    else:
        fix = "see the detail"
    return Check("ibkr TWS", False, str(error), fix)


def _connected(hands: Hands, own: IbkrSettings) -> Iterator[Check]:
    opened = hands.opened
    yield Check("ibkr TWS", True, f"answers at {own.place}; server version {opened.server_version}, {opened.connection_time}")
    account = _account(hands, own)
    yield account
    yield _row("ibkr clock", lambda: _clock(hands))
    if account.ok:
        yield _row("ibkr balances", lambda: _balances(hands, own))
    listing: list[Listing] = []
    yield _row("ibkr symbols", lambda: _symbols(hands, own, listing))
    if listing and listing[0].traded:
        yield _row("ibkr quotes", lambda: _quotes(hands, own, listing[0]))
    yield Check(
        "ibkr read-only", True,
        f"TWS tells it only by refusing an order (321): {API}, 'Read-Only API' must be off for trading; it is on in a new TWS",
    )


def _account(hands: Hands, own: IbkrSettings) -> Check:
    accounts = hands.opened.accounts
    shown = ", ".join(accounts) or "none"
    if own.account not in accounts:
        fix = "log in to that account, or correct venues.ibkr.account"
        return Check("ibkr account", False, f"TWS is logged in to {shown}, not to {own.account}", fix)
    kind = "a paper account" if is_paper_account(own.account) else "an account with money"
    more = f" (the login has {shown}: orders name theirs)" if len(accounts) > 1 else ""
    return Check("ibkr account", True, f"{own.account}, {kind}{more}")


def _clock(hands: Hands) -> Check:
    told = hands.clock()
    offset_ns = clock_offset_ns(told.epoch_s, told.recv_ns)
    good = abs(offset_ns) <= CLOCK_NS
    fix = "" if good else "correct this machine's clock (NTP), and TWS's: past 0.5 s it is alarmed"
    return Check("ibkr clock", good, f"at least {offset_ns / 1e9:+.3f} s off ours (TWS tells whole seconds)", fix)


def _balances(hands: Hands, own: IbkrSettings) -> Check:
    reading = hands.read(("account_summary",), own.account)
    held = [f"{plain(one.total)} {one.asset}" for one in balances_of(reading.values) if one.total]
    worth = next((f"; worth {one.value} {one.currency}" for one in reading.values if one.key == "NetLiquidation"), "")
    good = bool(held)
    return Check("ibkr balances", good, (", ".join(held[:SHOWN]) or "no cash") + worth, "" if good else "fund the account")


def _symbols(hands: Hands, own: IbkrSettings, found: list[Listing]) -> Check:
    name = "ibkr symbols"
    if not own.symbols:
        return Check(name, False, "venues.ibkr.symbols is empty", 'name what to trade: venues.ibkr.symbols = ["AAPL"]')
    listing = hands.resolve(own.symbols)
    found.append(listing)
    if listing.failure:
        return Check(name, False, listing.failure, "correct venues.ibkr.symbols")
    shown = [f"{one.symbol} (tick {plain(one.tick)}, lot {plain(one.lot)})" for one in listing.instruments[:SHOWN]]
    more = f" and {len(listing.instruments) - SHOWN} more" if len(listing.instruments) > SHOWN else ""
    return Check(name, True, ", ".join(shown) + more)


def _quotes(hands: Hands, own: IbkrSettings, listing: Listing) -> Check:
    """Subscribe to the first symbol's quotes, and say what comes."""
    name, symbol = "ibkr quotes", next(iter(listing.traded))
    hands.write(MarketDataTypeRequest(3 if own.is_delayed else 1))
    hands.write(MarketDataRequest(QUOTE_ID, listing.traded[symbol].contract))
    word = hands.await_word(_is_word_on_quotes, QUOTE_S)
    if isinstance(word, TickTold):
        if own.is_delayed and own.mode is Mode.LIVE:
            fix = 'subscribe to the data at IBKR, and set venues.ibkr.market_data = "live"'
            return Check(name, False, f"{symbol}: delayed by a quarter of an hour or so, with real money", fix)
        return Check(name, True, f"{symbol}: {'delayed' if own.is_delayed else 'live'} quotes come")
    if isinstance(word, ErrorTold):
        fix = "subscribe to the data in IBKR's Client Portal"
        if word.code in NOT_SUBSCRIBED and not own.is_delayed:
            fix += ', or try venues.ibkr.market_data = "delayed"'
        return Check(name, False, f"{symbol}: {word.code} {word.text}", fix)
    fix = "is its market open? has another login of the same user the data (10197)?"
    return Check(name, False, f"{symbol}: no quote within {QUOTE_S:g} s", fix)


def _is_word_on_quotes(event: TwsEvent) -> bool:
    if isinstance(event, TickTold):
        return event.req_id == QUOTE_ID and event.price is not None
    quiet = (ErrorKind.INFO, ErrorKind.WARNING)
    return isinstance(event, ErrorTold) and event.id == QUOTE_ID and event.kind not in quiet


