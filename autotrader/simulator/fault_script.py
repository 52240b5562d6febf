"""A fault script as written, read and checked: rules with one trigger each, and what they do. The form is in interfaces.md."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from autotrader.errors import ConfigError

__all__ = ["Effects", "FaultRule", "FaultScript", "Reply", "load_faults", "read_faults"]

REQUESTS = ("submit", "cancel", "amend", "query", "connect")
KINDS = (*REQUESTS, "stream", "venue")
TRIGGERS = ("nth", "every", "probability", "at_s")
REPLIES = ("normal", "never", "reset", "cut", "empty", "slow")


class Reply(msgspec.Struct, frozen=True):
    """An answer put in place of the venue's own."""

    status: int
    body: str = ""
    headers: dict[str, str] = {}


class Restart(msgspec.Struct, frozen=True):
    """The venue goes away for ``down_s``; without ``keep_orders`` it cancels what was open."""

    down_s: float
    keep_orders: bool = True
    keep_session: bool = False


class Effects(msgspec.Struct, frozen=True):
    """All that one rule does, in one value; what is not named is left alone. Times in seconds, fractions as decimals."""

    land: bool = True
    land_after_s: float | None = None
    delay_s: float = 0.0
    reply: str | Reply = "normal"
    reject: str | None = None
    rate_limit: float | None = None
    ban_s: float | None = None
    partial: Decimal | None = None
    fill_before_ack: bool = False
    fill_on_cancel: bool = False
    overfill: Decimal | None = None
    silent: bool = False
    bust: int | None = None
    hold_s: float | None = None
    cut: bool = False
    stall_s: float | None = None
    drop: int = 0
    duplicate: int = 0
    reorder: int = 0
    garbage: str | None = None
    slow_bps: float | None = None
    restart: Restart | None = None
    clock_skew_s: float | None = None
    maintenance_s: float | None = None
    market_halt_s: float | None = None


class FaultRule(msgspec.Struct, frozen=True):
    """One rule: what it is about, its one trigger, what narrows it, what it does."""

    name: str
    on: str
    do: Effects
    nth: int | None = None
    every: int | None = None
    probability: float | None = None
    at_s: float | None = None
    symbol: str | None = None
    client_order_id: str | None = None
    until_s: float | None = None
    times: int | None = None


class FaultScript(msgspec.Struct, frozen=True):
    """A checked script."""

    rules: tuple[FaultRule, ...] = ()
    seed: int = 0


def load_faults(path: str | Path) -> FaultScript:
    """Read a script from a file, TOML when it is named so, else JSON. Raises ConfigError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        parse: Callable[..., Any] = tomllib.loads if str(path).endswith(".toml") else json.loads
        data = parse(text, parse_float=Decimal)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"fault script {path} cannot be read: {error}") from error
    return read_faults(data)


def read_faults(data: object) -> FaultScript:
    """Check a script that was parsed already. Raises ConfigError that names the rule and the field."""
    top = _mapping(data, "fault script")
    _known(top, ("seed", "rules"), "fault script")
    rules = top.get("rules", [])
    if not isinstance(rules, list):
        raise ConfigError("fault script: rules must be a list")
    seed = _whole(top.get("seed", 0), "fault script: seed", least=0)
    return FaultScript(tuple(_rule(entry, number) for number, entry in enumerate(rules, 1)), seed)


def _rule(entry: object, number: int) -> FaultRule:
    where = f"rule {number}"
    rule = _mapping(entry, where)
    name = rule.get("name", f"rule-{number}")
    if not isinstance(name, str):
        raise ConfigError(f"{where}: name must be text")
    where = f"{where} ({name})" if "name" in rule else where
    _known(rule, ("name", "on", "do", *TRIGGERS, "symbol", "client_order_id", "until_s", "times"), where)
    kind = rule.get("on")
    if kind not in KINDS:
        raise ConfigError(f"{where}: on must be one of {', '.join(KINDS)}, not {kind!r}")
    given = [trigger for trigger in TRIGGERS if trigger in rule]
    if len(given) != 1:
        raise ConfigError(f"{where}: one of {', '.join(TRIGGERS)} is needed, {' and '.join(given) or 'none'} is given")
    if kind == "venue" and given != ["at_s"]:
        raise ConfigError(f"{where}: {given[0]} does not go with on = venue, which knows time alone: use at_s")
    checked: dict[str, Any] = {key: _RULE_FIELDS[key](rule[key], f"{where}: {key}") for key in _RULE_FIELDS if key in rule}
    return FaultRule(name, str(kind), _effects(rule.get("do"), str(kind), where), **checked)


def _effects(given: object, kind: str, where: str) -> Effects:
    if not isinstance(given, list) or not given:
        raise ConfigError(f"{where}: do must be a list of effects")
    checked: dict[str, Any] = {}
    for entry in given:
        for key, value in _mapping(entry, f"{where}: do").items():
            if key not in _EFFECTS:
                raise ConfigError(f"{where}: do: there is no effect {key}")
            kinds, check = _EFFECTS[key]
            if kind not in kinds:
                raise ConfigError(f"{where}: do: {key} does not go with on = {kind}")
            checked[key] = check(value, f"{where}: do: {key}")
    return Effects(**checked)


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be an object with fields")
    return value


def _known(given: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in given:
        if key not in known:
            raise ConfigError(f"{where}: there is no field {key}")


def _whole(value: object, where: str, *, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"{where} must be a whole number of at least {least}, not {value!r}")
    return value


def _count(value: object, where: str) -> int:
    return _whole(value, where)


def _number(value: object, where: str, *, above: float | None = None, most: float | None = None) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise ConfigError(f"{where} must be a number, not {value!r}")
    number = float(value)
    if not (number >= 0 and (above is None or number > above) and (most is None or number <= most) and number < 1e9):
        raise ConfigError(f"{where} is out of range: {value}")
    return number


def _seconds(value: object, where: str) -> float:
    return _number(value, where)


def _skew(value: object, where: str) -> float:
    return -_number(-value, where) if isinstance(value, (int, float, Decimal)) and value < 0 else _number(value, where)


def _probability(value: object, where: str) -> float:
    return _number(value, where, most=1)


def _fraction(value: object, where: str) -> Decimal:
    _number(value, where, above=0)
    return Decimal(str(value))


def _part(value: object, where: str) -> Decimal:
    _number(value, where, most=1)
    return Decimal(str(value))


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{where} must be text, not {value!r}")
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{where} must be true or false, not {value!r}")
    return value


def _code(value: object, where: str) -> str:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value, where)


def _reply(value: object, where: str) -> str | Reply:
    if isinstance(value, Mapping):
        _known(value, ("status", "body", "headers"), where)
        status = _whole(value.get("status"), f"{where}: status", least=100)
        body, headers = value.get("body", ""), value.get("headers", {})
        if not isinstance(body, str):
            raise ConfigError(f"{where}: body must be text")
        lines = _mapping(headers, f"{where}: headers").items()
        return Reply(status, body, {_text(key, where): _text(value, f"{where}: headers") for key, value in lines})
    if value not in REPLIES:
        raise ConfigError(f"{where} must be one of {', '.join(REPLIES)}, or an object with a status, not {value!r}")
    return str(value)


def _rate_limit(value: object, where: str) -> float:
    given = _mapping(value, where)
    _known(given, ("retry_after_s",), where)
    return _number(given.get("retry_after_s", 0), f"{where}: retry_after_s")


def _restart(value: object, where: str) -> Restart:
    given = _mapping(value, where)
    _known(given, ("down_s", "keep_orders", "keep_session"), where)
    return Restart(
        _number(given.get("down_s"), f"{where}: down_s"), _flag(given.get("keep_orders", True), f"{where}: keep_orders"),
        _flag(given.get("keep_session", False), f"{where}: keep_session"),
    )  # fmt: skip


_RULE_FIELDS: dict[str, Callable[[object, str], Any]] = {
    "nth": _count, "every": _count, "probability": _probability, "at_s": _seconds, "symbol": _text, "client_order_id": _text,
    "until_s": _seconds, "times": _count,
}  # fmt: skip
_ORDERS, _STREAM, _VENUE = ("submit", "cancel", "amend"), ("stream",), ("venue",)
_EFFECTS: dict[str, tuple[tuple[str, ...], Callable[[object, str], Any]]] = {
    "land": (REQUESTS, _flag), "land_after_s": (REQUESTS, _seconds), "delay_s": (REQUESTS, _seconds),
    "reply": (REQUESTS, _reply), "reject": (REQUESTS, _code), "rate_limit": (REQUESTS, _rate_limit),
    "ban_s": (REQUESTS, _seconds),
    "partial": (_ORDERS, _part), "fill_before_ack": (_ORDERS, _flag), "fill_on_cancel": (_ORDERS, _flag),
    "overfill": (_ORDERS, _fraction), "silent": (_ORDERS, _flag), "bust": (_ORDERS, _count), "hold_s": (_ORDERS, _seconds),
    "cut": (_STREAM, _flag), "stall_s": (_STREAM, _seconds), "drop": (_STREAM, _count), "duplicate": (_STREAM, _count),
    "reorder": (_STREAM, _count), "garbage": (_STREAM, _text), "slow_bps": (_STREAM, _seconds),
    "restart": (_VENUE, _restart), "clock_skew_s": (_VENUE, _skew), "maintenance_s": (_VENUE, _seconds),
    "market_halt_s": (_VENUE, _seconds),
}  # fmt: skip
