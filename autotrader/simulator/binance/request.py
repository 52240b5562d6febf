"""What a request asks: parameters of query string and form body, and the text that was signed (binance.md sections 1 and 2).

The payload of a REST signature is query string and body as they were sent, joined without a separator, less the signature
itself. On a duplicate between the two the query wins; within one of them a duplicate is an error.
"""

from __future__ import annotations

from urllib.parse import unquote_plus

import msgspec

from autotrader.simulator.binance.errors import ApiError

__all__ = ["Asked", "read_request"]


class Asked(msgspec.Struct, frozen=True, gc=False):
    """The parameters, decoded, without the signature; ``payload`` is the text that the signature must be over."""

    params: dict[str, str]
    payload: str
    signature: str | None = None


def read_request(query: str, body: str = "") -> Asked:
    """Read query string and form body. Raises ApiError -1101 for a duplicate, -1022 for text that was not percent-encoded."""
    if not body:
        params, signed, signature = _read_part(query)
        return Asked(params, signed, signature)
    if not query:
        params, signed, signature = _read_part(body)
        return Asked(params, signed, signature)
    params, signed, signature = _read_part(query)
    more, signed_too, signature_too = _read_part(body)
    return Asked({**more, **params}, signed + signed_too, signature if signature is not None else signature_too)


def _read_part(text: str) -> tuple[dict[str, str], str, str | None]:
    if not text:
        return {}, "", None
    if not text.isascii() or " " in text:
        raise ApiError(-1022)
    params: dict[str, str] = {}
    signature: str | None = None
    kept = []
    coded = "%" in text or "+" in text
    for piece in text.split("&"):
        name, _, value = piece.partition("=")
        if name == "signature":
            signature = unquote_plus(value) if coded else value
            continue
        kept.append(piece)
        if not name:
            continue
        if coded:
            name, value = unquote_plus(name), unquote_plus(value)
        if name in params:
            raise ApiError(-1101, "Duplicate values for a parameter detected.")
        params[name] = value
    return params, text if signature is None else "&".join(kept), signature
