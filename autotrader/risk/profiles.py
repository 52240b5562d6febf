"""From a profile and what overrides it to settings; what of a change needs an operator; the table of all keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from autotrader.errors import ConfigError
from autotrader.model import Mode, decimal_of, plain
from autotrader.risk.settings import AUTO, Control, InstrumentSettings, Key, Looser, RiskSettings, Value

__all__ = ["PROFILES", "KeyRow", "default_profile", "describe", "is_looser", "risk_settings"]

PROFILES = ("rehearsal", "retail", "open")


class KeyRow(NamedTuple):
    """One key of one control, for ``conf/default.toml``; a control without keys has one row with an empty key."""

    control: str
    key: str
    rehearsal: str
    retail: str
    open: str
    doc: str
    rule: str


def default_profile(mode: Mode) -> str:
    """Return the profile of a mode: rehearsal on paper and simulated venues, retail where a real venue listens."""
    return "rehearsal" if mode in (Mode.PAPER, Mode.SIMULATED) else "retail"


def risk_settings(profile: str, overrides: Mapping[str, Mapping[str, object]] | None = None) -> RiskSettings:
    """Build the settings of a profile with single keys replaced: ``{"max_notional": {"amount": "500"}}``.

    Raises ConfigError for an unknown profile, control or key (with the nearest known one) and for a value that cannot be.
    """
    if profile not in PROFILES:
        raise ConfigError(_unknown("risk.profile", profile, PROFILES))
    given = overrides or {}
    for control in given:
        if control not in _controls():
            raise ConfigError(_unknown("risk control", control, _controls()))
    built = {name: _build(name, profile, given.get(name, {})) for name in _controls()}
    return RiskSettings(profile=profile, **built)  # type: ignore[arg-type]


def describe() -> tuple[KeyRow, ...]:
    """Return every key with its value in each profile, written as TOML, and what it means."""
    rows: list[KeyRow] = []
    for control, kind in _controls().items():
        rule = (kind.__doc__ or "").strip()
        keys = _keys(kind)
        if not keys:
            rows.append(KeyRow(control, "", "", "", "", "always on", rule))
        for name, (_, key) in keys.items():
            rows.append(KeyRow(control, name, _toml(key.rehearsal), _toml(key.retail), _toml(key.open), key.doc, rule))
    return tuple(rows)


def is_looser(old: RiskSettings, new: RiskSettings) -> tuple[str, ...]:
    """List what ``new`` lets through that ``old`` did not, one sentence per key; empty when an operator need not be asked."""
    raised: list[str] = []
    for control, kind in _controls().items():
        before, after = getattr(old, control), getattr(new, control)
        if before == after:
            continue
        if isinstance(before, InstrumentSettings):
            raised += _widened(before, after)
            continue
        for name, (_, key) in _keys(kind).items():
            was, now = getattr(before, name), getattr(after, name)
            if was != now and _lets_more(key.looser, was, now):
                raised.append(f"risk.{control}.{name} goes from {_toml(was)} to {_toml(now)}")
    return tuple(raised)


@lru_cache(maxsize=1)
def _controls() -> dict[str, type[Control]]:
    return {name: kind for name, kind in get_type_hints(RiskSettings).items() if name != "profile"}


@lru_cache(maxsize=64)
def _keys(kind: type[Control]) -> dict[str, tuple[Any, Key]]:
    found: dict[str, tuple[Any, Key]] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if get_origin(hint) is Annotated:
            kind_of_value, key = get_args(hint)
            found[name] = (kind_of_value, key)
    return found


def _build(control: str, profile: str, given: Mapping[str, object]) -> Control:
    kind = _controls()[control]
    keys = _keys(kind)
    if not isinstance(given, Mapping):
        raise ConfigError(f"risk.{control} must be a table of keys, not {given!r}")
    for name in given:
        if name not in keys:
            raise ConfigError(_unknown(f"key of risk.{control}", name, keys))
    values = {
        name: _value(f"risk.{control}.{name}", hint, given[name]) if name in given else getattr(key, profile)
        for name, (hint, key) in keys.items()
    }
    return kind(**values)


def _value(path: str, hint: Any, value: object) -> Value:
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value == AUTO and any(AUTO in get_args(kind) for kind in kinds):
        return AUTO
    if bool in kinds:
        return _flag(path, value, auto=len(kinds) > 1)
    if int in kinds:
        return _count(path, value)
    if Decimal in kinds:
        return _number(path, value)
    return _symbols(path, value)


def _flag(path: str, value: object, *, auto: bool) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{path} must be true or false{' or auto' if auto else ''}, not {value!r}")
    return value


def _count(path: str, value: object) -> int:
    number = _number(path, value)
    if number != int(number):
        raise ConfigError(f"{path} must be a whole number, not {value!r}")
    if path.endswith("day_starts_h") and number > 23:
        raise ConfigError(f"{path} must be an hour from 0 to 23, not {value!r}")
    return int(number)


def _number(path: str, value: object) -> Decimal:
    try:
        number = decimal_of(value, path)
    except (TypeError, ValueError) as error:
        raise ConfigError(str(error)) from error
    if number < 0:
        raise ConfigError(f"{path} must not be negative, but is {value!r}")
    if number.adjusted() > 30:
        raise ConfigError(f"{path} is too large: {value!r}")
    if path.endswith("per_s") and number == 0:
        raise ConfigError(f"{path} must be above zero; to stop all orders use the kill switch")
    return number


def _symbols(path: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ConfigError(f'{path} must be a list of symbols such as ["BTCUSDT", "okx:BTC-USDT"], not {value!r}')
    symbols = tuple(value)
    for symbol in symbols:
        if not isinstance(symbol, str) or not symbol:
            raise ConfigError(f"{path} must hold symbols as text, not {symbol!r}")
    return symbols


def _unknown(what: str, name: object, known: Iterable[str]) -> str:
    near = get_close_matches(str(name), tuple(known), n=1, cutoff=0.5)
    return f"unknown {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}")


def _lets_more(looser: Looser, was: Any, now: Any) -> bool:
    if looser is Looser.ANY:
        return True
    if looser in (Looser.ON, Looser.OFF):
        rank = {False: 0, AUTO: 1, True: 2}
        return (rank[now] > rank[was]) is (looser is Looser.ON)
    return bool(now > was) is (looser is Looser.HIGHER)


def _widened(before: InstrumentSettings, after: InstrumentSettings) -> list[str]:
    if before.allow_all and not before.allow:
        return []
    if after.allow_all and not after.allow:
        return ["risk.instrument lets all symbols of the venue through"]
    added = sorted(set(after.allow) - set(before.allow))
    return [f"risk.instrument.allow also holds {', '.join(added)}"] if added else []


def _toml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
