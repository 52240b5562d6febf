"""A mapping by symbol that ``venue:SYMBOL`` works on as well, and that says why a symbol is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from autotrader.errors import Refused
from autotrader.strategy.symbols import Symbols

__all__ = ["NothingYet", "SymbolMap"]

V = TypeVar("V")


class NothingYet(KeyError):
    """The symbol is traded here, but there is nothing of it yet, as before its first quote. The runner waits for it."""


class SymbolMap(dict[str, V]):
    """Iterates over the short keys; looks up either. ``default`` makes the value of a known symbol that has none."""

    __slots__ = ("_default", "_symbols")

    def __init__(self, symbols: Symbols, default: Callable[[], V] | None = None) -> None:
        super().__init__()
        self._symbols, self._default = symbols, default

    def duplicate(self) -> SymbolMap[V]:
        """Return a copy."""
        copy = SymbolMap(self._symbols, self._default)
        copy.update(self)
        return copy

    def __missing__(self, key: str) -> V:
        found = self._symbols.find(key)
        if found is not None and found in self.keys():
            return super().__getitem__(found)
        if found is None:
            raise KeyError(self._why(key))
        if self._default is not None:
            return self._default()
        raise NothingYet(f"{key}: nothing yet")

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or (isinstance(key, str) and super().__contains__(self._symbols.find(key)))

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of the symbol, or ``default``."""
        value = super().get(key, self)
        if value is not self:
            return value
        found = self._symbols.find(key)
        return default if found is None else super().get(found, default)

    def _why(self, key: str) -> str:
        try:
            self._symbols.route(key)
        except Refused as no:
            return str(no)
        return key
