"""The ibapi that is installed: imported when it is first needed, and what it can do found out by looking, never by its version.

Several distributions install the same package, and overwrite each other. Source: ibkr.md sections 1 to 3.
"""

from __future__ import annotations

import inspect
import logging
import types
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module, metadata
from typing import Any, Final, NamedTuple

from loguru import logger

from autotrader.errors import StartError

__all__ = ["TEXT_ONLY", "Library", "load"]

TEXT_ONLY: Final = 200
"""From version 201 on, requests go as protobuf; up to here everything is text, which is what was tried."""
_NAMES: Final = ("ibapi", "python-ibapi-stable", "nautilus-ibapi", "ibapi-stable", "ibapi-latest")


class Library(NamedTuple):
    """The classes of ibapi that are used, and its features. ``distributions`` are those found installed, with versions.

    ``cancel_argument`` is what cancelOrder wants beside the id: nothing, a text, or an OrderCancel. ``cancel_all_argument``:
    the same for reqGlobalCancel. ``versions``: the lowest and highest server version that the client offers.
    """

    client: type[Any]
    wrapper: type[Any]
    connection: type[Any]
    contract: type[Any]
    order: type[Any]
    execution_filter: type[Any]
    order_cancel: type[Any] | None
    cancel_argument: bool
    cancel_all_argument: bool
    versions: tuple[int, int]
    distributions: tuple[str, ...]
    connect_globals: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return what is installed, for messages: two distributions in one environment have overwritten each other."""
        return ", ".join(self.distributions)

    def cancel_extra(self, wanted: bool) -> tuple[Any, ...]:
        """Return the arguments that a cancel takes more than in 9.81."""
        if not wanted:
            return ()
        return ("",) if self.order_cancel is None else (self.order_cancel(),)

    def connect_with(self, connection: Any, reader: Any, highest: int) -> Any:
        """Return the client's own ``connect`` with other classes in the place of its Connection and EReader.

        It is rebound for our class alone: what else uses ibapi in this process keeps what it has.
        """
        own = self.client.connect
        space = {
            **self.connect_globals, "Connection": connection, "reader": types.SimpleNamespace(EReader=reader),
            "MAX_CLIENT_VER": min(self.versions[1], highest) if highest else self.versions[1],
        }  # fmt: skip
        return types.FunctionType(own.__code__, space, "connect", own.__defaults__, own.__closure__)


@lru_cache(maxsize=1)
def load() -> Library:
    """Import ibapi and quiet its logs, which hold every message at INFO; StartError says what to install."""
    try:
        client = import_module("ibapi.client")
        wrapper = import_module("ibapi.wrapper")
        parts = {name: import_module(f"ibapi.{name}") for name in ("connection", "contract", "order", "execution")}
    except ImportError as error:
        raise StartError(
            f"ibapi cannot be imported ({error}); installed: {', '.join(_distributions()) or 'none'}. "
            "Install ibapi>=9.81.1, or IBKR's own from the TWS API download; newer ones need protobuf too"
        ) from error
    _bridge_logs()
    _require(client)
    return Library(
        client=client.EClient, wrapper=wrapper.EWrapper, connection=parts["connection"].Connection,
        contract=parts["contract"].Contract, order=parts["order"].Order,
        execution_filter=parts["execution"].ExecutionFilter, order_cancel=_order_cancel(),
        cancel_argument=_takes(client.EClient.cancelOrder, 2), cancel_all_argument=_takes(client.EClient.reqGlobalCancel, 1),
        versions=(int(client.MIN_CLIENT_VER), int(client.MAX_CLIENT_VER)), distributions=_distributions(),
        connect_globals=vars(client),
    )  # fmt: skip


class _Bridge(logging.Handler):
    """Hands the library's warnings and errors on; none of them is more than a warning to us, who notice by other means."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log it as ours."""
        logger.bind(library=record.name).warning("{}", record.getMessage()[:1000])


def _bridge_logs() -> None:
    """Leave out what is below WARNING, where every message is written out, and have the rest in our log alone."""
    theirs = logging.getLogger("ibapi")
    theirs.setLevel(logging.WARNING)
    if not any(isinstance(one, _Bridge) for one in theirs.handlers):
        theirs.addHandler(_Bridge())
        theirs.propagate = False


def _require(client: Any) -> None:
    """Refuse an ibapi whose connect is not built as in all that were tried: its defects could not be closed."""
    names = getattr(getattr(client.EClient.connect, "__code__", None), "co_names", ())
    if missing := {"Connection", "reader", "MAX_CLIENT_VER"} - set(names):
        raise StartError(f"this ibapi ({', '.join(_distributions())}) connects in another way: {sorted(missing)} not found")


def _order_cancel() -> type[Any] | None:
    try:
        found: type[Any] = import_module("ibapi.order_cancel").OrderCancel
    except (ImportError, AttributeError):
        return None
    return found


def _takes(function: Any, number: int) -> bool:
    """Say whether a method takes ``number`` arguments beside self."""
    return len(inspect.signature(function).parameters) > number


def _distributions() -> tuple[str, ...]:
    found = []
    for name in _NAMES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)
