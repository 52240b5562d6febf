"""Messages of TWS as it sends them, by the tables of ibkr.md sections 4.5 and 4.6, for server versions 157 to 178."""

from __future__ import annotations

from tws_kit import MAX, frame

__all__ = ["completed_order", "contract_data", "execution", "open_order", "order_status", "position"]

_AAPL = (265598, "AAPL", "STK", "", "0", "?", "", "SMART", "USD", "AAPL", "NMS")


def _profile(version: int) -> tuple[str, ...]:
    return ("",) if version < 177 else ()


def _peg(version: int) -> tuple[object, ...]:
    return ("", 100, "0.02", "", "") if version >= 170 else ()


def open_order(
    version: int, order_id: int = 5, status: str = "Submitted", *, contract: tuple[object, ...] = _AAPL, kind: str = "LMT",
    limit: str = "150.25", aux: str = "0.0", warning: str = "", perm_id: int = 987654, quantity: str = "100",
    trail_stop: str = MAX,
) -> bytes:  # fmt: skip
    """Return openOrder of a plain order."""
    later: tuple[object, ...] = ()
    if version >= 158:
        later += ("",)
    if version >= 160:
        later += (0,)
    if version >= 162:
        later += (0,)
    return frame(
        5, order_id, *contract,
        "BUY", quantity, kind, limit, aux, "DAY", "", "DU1234567", "", 0, "a" * 32, 7, perm_id, 0, 0, "0.0", "",
        f"{perm_id}.0/DU1234567/100", "", "", "", *_profile(version), "", "", "", "", "", 0, "", -1, 0, "", "", "", "", "",
        2147483647, 0, 0, 0, "", 3, 0, 0, "", 0, 0, "", 0, "None", "",
        0, "", "", "", "?", 0, 0, "",
        0, 0, "", "", "", "", "", 0, 0, 0, 2147483647, 2147483647, "", "", 0, "", "IB", 0, 0, "", 0, 0,
        status, *[MAX] * 9, "", "", "", "", warning,
        0, 0, 0, "None", MAX, trail_stop, MAX, MAX, MAX, MAX, 0, "", "", "", 0, 1, 0, 0, 0,
        *later, *_peg(version),
    )  # fmt: skip


def completed_order(version: int, status: str = "Filled", filled: str = "100") -> bytes:
    """Return completedOrder of a plain order, its quantity 0 as recorded."""
    return frame(
        101, *_AAPL,
        "BUY", "0", "LMT", "150.25", "0.0", "DAY", "", "DU1234567", "", 0, "a" * 32, 987654, 0, 0, "0.0", "", "", "", "",
        *_profile(version), "", "", "", "", "", 0, "", -1, "", "", "", "", "", 2147483647, 0, 0, "", 3, 0, "", 0, "None", "",
        0, 0, 0, "", 0, 0, "", "", "", 0, 0, 0, 2147483647, 2147483647, "", "", "", "IB", 0, 0, "", 0,
        status, 0, 0, 0, MAX, MAX, 0, 1, 0, "", filled, 0, 0, "", 0, 0, 9223372036854775807,
        "20230306 12:28:30 America/Los_Angeles", "Filled Size: 100", *_peg(version),
    )  # fmt: skip


def order_status(status: str = "Submitted", filled: str = "0", remaining: str = "100", average: str = "0.0") -> bytes:
    """Return orderStatus of order 5."""
    return frame(3, 5, status, filled, remaining, average, 987654, 0, average, 7, "", "0.0")


def execution(
    version: int, exec_id: str = "0000e0d5.67fe667b.01.01", req_id: int = -1, time: str = "20250415  19:38:31"
) -> bytes:
    """Return execDetails of order 5, filled at IEX."""
    return frame(
        11, req_id, 5, 265598, "AAPL", "STK", "", "0.0", "", "", "IEX", "USD", "AAPL", "NMS", exec_id, time, "DU1234567",
        "IEX", "BOT", "100", "150.25", 987654, 7, 0, "100", "150.25", "a" * 32, "", "", "", 2,
        *([0] if version >= 178 else []),
    )  # fmt: skip


def contract_data(version: int, req_id: int, con_id: int, *, primary: str = "NASDAQ", long_name: str = "APPLE INC") -> bytes:
    """Return contractData of a stock."""
    old = version < 164
    return frame(
        10, *([8] if old else []), req_id, "AAPL", "STK", "", "0", "", "SMART", "USD", "AAPL", "NMS", "NMS", con_id, "0.01",
        *([100] if old else []), "", "LMT,MKT,STP", "SMART,IEX", 1, 0, long_name, primary, "", "Technology", "Computers", "",
        "US/Eastern", "20250415:0400-20250415:2000", "20250415:0930-20250415:1600", "", "", 0, 1, "", "", "26,26", "",
        "COMMON", *([] if old else ["1", "1", "100"]),
    )  # fmt: skip


def position(quantity: str = "100", cost: str = "150.2500001") -> bytes:
    """Return position."""
    return frame(
        61, 3, "DU1234567", 265598, "AAPL", "STK", "", "0.0", "", "", "NASDAQ", "USD", "AAPL", "NMS", quantity, cost
    )
