"""The venue's noes: code, sentence and HTTP status. Source: binance.md section 8 (DOCS errors.md)."""

from __future__ import annotations

from typing import Any, Final

from autotrader.errors import AutotraderError

__all__ = ["TEXTS", "ApiError", "filter_failure", "malformed", "refused_by_code"]

TEXTS: Final = {
    -1000: "An unknown error occurred while processing the request.",
    -1001: "Internal error; unable to process your request. Please try again.",
    -1002: "You are not authorized to execute this request.",
    -1003: "Too many requests queued.",
    -1006: "An unexpected response was received from the message bus. Execution status unknown.",
    -1007: "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    -1008: "Server is currently overloaded with other requests. Please try again in a few minutes.",
    -1013: "Filter failure: LOT_SIZE",
    -1014: "Unsupported order combination.",
    -1015: "Too many new orders.",
    -1016: "This service is no longer available.",
    -1020: "This operation is not supported.",
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -1022: "Signature for this request is not valid.",
    -1034: "Too many connections.",
    -1099: "Not found, authenticated, or authorized.",
    -1114: "TimeInForce parameter sent when not required.",
    -1115: "Invalid timeInForce.",
    -1116: "Invalid orderType.",
    -1117: "Invalid side.",
    -1118: "New client order ID was empty.",
    -1120: "Invalid interval.",
    -1121: "Invalid symbol.",
    -1125: "This listenKey does not exist.",
    -1127: "More than 24 hours between startTime and endTime.",
    -1128: "Combination of optional parameters invalid.",
    -1134: "strategyType was less than 1000000.",
    -1135: "Invalid JSON Request",
    -1145: "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED.",
    -1151: "Symbol is present multiple times in the list.",
    -1194: "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
    -2010: "Account has insufficient balance for requested action.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
    -2021: "Order cancel-replace partially failed.",
    -2022: "Order cancel-replace failed.",
    -2026: "Order was canceled or expired with no executed qty over 90 days ago and has been archived.",
    -2035: "User Data Stream subscription already active.",
    -2038: "The new order quantity must be less than the current order quantity.",
    -2039: "Client order ID is not correct for this order ID.",
    -2043: "This symbol doesn't have a reference price.",
}

_STATUS: Final = {
    -1000: 500, -1001: 500, -1002: 401, -1003: 429, -1006: 503, -1007: 504, -1008: 503, -1015: 429, -1016: 503, -1034: 429,
    -1099: 404, -2014: 401, -2015: 401, -2021: 409,
}  # fmt: skip


class ApiError(AutotraderError):
    """An answer that is an error: ``{"code", "msg"}`` with a status, perhaps with ``data`` and headers of its own."""

    def __init__(
        self, code: int, msg: str | None = None, *, status: int | None = None, data: Any = None,
        headers: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.code, self.msg = code, TEXTS.get(code, TEXTS[-1000]) if msg is None else msg
        super().__init__(f"{code}: {self.msg}")
        self.status = _STATUS.get(code, 400) if status is None else status
        self.data, self.headers = data, headers or {}

    def body(self) -> dict[str, Any]:
        """Return what is sent, in the field order of the venue."""
        told: dict[str, Any] = {"code": self.code, "msg": self.msg}
        if self.data is not None:
            told["data"] = self.data
        return told


def filter_failure(name: str) -> ApiError:
    """Return the breach of a filter."""
    return ApiError(-1013, f"Filter failure: {name}")


def malformed(name: str) -> ApiError:
    """Return -1102 for a parameter that is missing, empty or cannot be read."""
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def refused_by_code(code: str) -> ApiError:
    """Return the error that a fault script asks for: a number, or anything else as -1000."""
    try:
        return ApiError(int(code))
    except ValueError:
        return ApiError(-1000, code)
