"""Controls 1, 2, 21 and 23: may anything be written at all, in this instrument, by this account."""

from __future__ import annotations

from autotrader.model import InstrumentKind, KillLevel, Mode, Order, Side, WriteClass
from autotrader.risk.controls.wording import deny
from autotrader.risk.settings import (
    AUTO,
    ExitCountSettings,
    GateSettings,
    InstrumentSettings,
    PermissionsSettings,
)
from autotrader.risk.verdicts import BreachAction, Denial
from autotrader.risk.view import View

__all__ = ["exit_count", "gate", "instrument", "permissions"]

_ARMED = KillLevel.ARMED
_RISK, _SELL, _LIVE = WriteClass.RISK, Side.SELL, Mode.LIVE
_MARGIN = (InstrumentKind.PERPETUAL, InstrumentKind.FUTURE)
_STOCK, _OPTION = InstrumentKind.STOCK, InstrumentKind.OPTION


def gate(order: Order, view: View, settings: GateSettings) -> Denial | None:
    """1. Deny what the kill level forbids, and everything until the venue has confirmed account and mode and its books."""
    del settings
    level, account = view.level, view.account
    if level is None:
        return deny("gate", "GATE_UNKNOWN", order, "the kill level is not known", "restart the engine")
    if level is not _ARMED and level > _ARMED and view.write_class is _RISK:
        return deny("gate", "HALTED", order, f"the kill switch stands at {KillLevel(level).name} and the order adds risk",
                    "re-arm with `autotrader rearm`")
    if not view.reduces_pass:
        return deny("gate", "HALTED", order,
                    f"the kill switch stands at {KillLevel(level).name} and {order.venue} is being swept",
                    "wait until it is clean, or re-arm with `autotrader rearm`")
    if view.stopped is not None:
        return deny("gate", "STRATEGY_STOPPED", order, f"strategy {order.strategy!r} is off: {view.stopped}",
                    "find the cause, then re-arm the strategy")
    if account is None:
        return deny("gate", "ACCOUNT_UNCONFIRMED", order, f"{order.venue} has not said whose account this is",
                    "wait for the connection")
    if account.mode is not view.mode or account.account != order.account:
        return deny("gate", "ACCOUNT_MISMATCH", order,
                    f"the order is for {view.mode} account {order.account!r}, but {order.venue} says {account.mode} "
                    f"{account.account!r}", "correct mode, host or key in the configuration")
    if not account.can_trade or (account.can_withdraw and account.mode is _LIVE):
        what = "may withdraw" if account.can_trade else "may not trade"
        return deny("gate", "KEY_PERMISSIONS", order, f"the key of {order.venue} {what}", "use a key for trading alone")
    if not view.ready:
        return deny("gate", "NOT_READY", order, f"the books of {order.venue} are not reconciled", "wait until it is ready")
    return None


def instrument(order: Order, view: View, settings: InstrumentSettings) -> Denial | None:
    """2. Deny a symbol that is not on the allow-list, not listed, not tradable, or blocked for new risk."""
    listed = view.instrument
    if listed is None:
        return deny("instrument", "INSTRUMENT_UNKNOWN", order, f"{order.venue} lists no {order.symbol}", "check the spelling")
    if settings.allow:
        if order.symbol not in settings.allow and f"{order.venue}:{order.symbol}" not in settings.allow:
            return deny("instrument", "NOT_ALLOWED", order, f"{order.symbol} is not in risk.instrument.allow", "add it there")
    elif not settings.allow_all:
        return deny("instrument", "NOT_ALLOWED", order, "risk.instrument.allow names no symbol",
                    "list the symbols that may be traded")
    if not listed.tradable:
        return deny("instrument", "NOT_TRADABLE", order, f"{order.symbol} is halted or its session is closed",
                    "wait until it trades")
    if view.blocked is not None and view.write_class is _RISK:
        return deny("instrument", "BLOCKED", order, f"{order.symbol} takes no new risk: {view.blocked}",
                    "wait for the reconciliation, or lift the block as operator")
    return None


def permissions(order: Order, view: View, settings: PermissionsSettings) -> Denial | None:
    """21. Deny short sales, margin, options and leverage that are not permitted. What only reduces needs no permission."""
    listed = view.instrument
    if listed is None:
        return deny("permissions", "INSTRUMENT_UNKNOWN", order, f"{order.venue} lists no {order.symbol}", "check the spelling")
    if view.write_class is not _RISK or view.is_cash:
        return None
    kind = listed.kind
    if kind is _OPTION and not settings.options:
        return _forbidden(order, "OPTIONS_NOT_PERMITTED", "options", "options")
    if kind in _MARGIN and not settings.margin:
        return _forbidden(order, "MARGIN_NOT_PERMITTED", "trades on margin", "margin")
    if order.side is _SELL and view.after < 0 and (kind is _STOCK or kind is _OPTION) and not _may_short(view, settings):
        return _forbidden(order, "SHORT_NOT_PERMITTED", f"short sales (the position could become {view.after})", "short")
    if view.margin_after is None or view.margin_before is None or view.equity is None:
        return deny("permissions", "EQUITY_UNKNOWN", order, f"equity or value at {order.venue} is not known",
                    "wait for balances and quotes")
    limit = settings.leverage * view.equity
    if view.margin_after > limit and view.margin_after > view.margin_before:
        return deny("permissions", "LEVERAGE", order,
                    f"positions on margin could be worth {view.margin_after:.2f} {view.currency}, over {limit:.2f} "
                    f"(risk.permissions.leverage = {settings.leverage} times equity)", "order less, or reduce first")
    return None


def exit_count(order: Order, view: View, settings: ExitCountSettings) -> Denial | None:
    """23. Deny, and halt the venue, when more orders were written to the wire than receipts were issued."""
    del settings
    if view.written is None or view.issued is None:
        return deny("exit_count", "EXIT_COUNT_UNKNOWN", order, "the counts at the gate are not known", "restart the engine")
    if view.written > view.issued:
        return deny("exit_count", "EXIT_COUNT", order,
                    f"{view.written} orders were written to {order.venue} on {view.issued} receipts",
                    "find what writes past the limits before you re-arm", BreachAction.HALT_VENUE)
    return None


def _may_short(view: View, settings: PermissionsSettings) -> bool:
    if settings.short != AUTO:
        return bool(settings.short)
    account, listed = view.account, view.instrument
    return account is not None and account.can_short and listed is not None and listed.allows_short


def _forbidden(order: Order, code: str, what: str, key: str) -> Denial:
    return deny("permissions", code, order, f"{what} are not permitted", f"set risk.permissions.{key} if you mean it")
