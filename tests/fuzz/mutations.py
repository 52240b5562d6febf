"""Bodies bent out of shape: by the field, as a parser sees them, and by the byte, as a network leaves them.

Everything is drawn from the ``random.Random`` that is passed in, so a seed names a body.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

__all__ = ["POISON", "bent", "mutate"]


class Pairs(list[tuple[str, Any]]):
    """An object's members in order, so that a key may come twice."""


class Token(str):
    """JSON text to be written as it is."""

    __slots__ = ()


_WORDS: Final = [
    "NEW", "TRADE", "FILLED", "EXPIRED_IN_MATCH", "TRADE_PREVENTION", "REPLACED", "REJECTED", "PENDING_NEW", "CALCULATED",
    "SUCCESS", "FAILURE", "NOT_ATTEMPTED", "BUY", "BTCUSDT", "executionReport", "null", "0123456789abcdef4123456789abcdef",
]
_NUMBERS: Final = [
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1E5", "1e-8", "-0", "-0.0", "0", "-1", "1.5", "007", "9" * 400,
    "18446744073709551616", "9223372036854775808", "9223372036854775807", "100000000000000000", "9223372036855",
    "99999999999999",
]
_TEXTS: Final = [
    "", "NaN", "sNaN", "Infinity", "-Infinity", "1e400", "1E-8", "1e5", "-0", "-0.00000000", "+1", " 1", "1 ", "1_000", "１",
    "0x10", ".", "1.", ".5", "0", "-1", "9" * 20, "9" * 21, "9" * 5000, "0." + "0" * 19 + "1", "0." + "0" * 20 + "1",
    "1" * 20 + ".5",
]
POISON: Final[list[str]] = [
    *_NUMBERS, "null", "true", "false", "{}", "[]", "[[]]", '{"e":"executionReport"}', '"\\u0000"', '"\\ud800"',
    '"\\ud83d\\ude00"', '"' + "x" * 70_000 + '"', *(json.dumps(text) for text in (*_TEXTS, *_WORDS)),
]
"""What any value may be replaced by, as JSON text; some of it is none."""


def mutate(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    """Return the body after one to four changes; ``others`` are bodies to graft from."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
        body = _bend_fields(rng, body, others) if rng.random() < 0.7 else bent(rng, body, others)
    return body


def bent(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    """Return the body after one change to its bytes."""
    return rng.choice(_BYTES)(rng, body, others)


def _cut(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _flip(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    if not body:
        return b"\x00"
    at = rng.randrange(len(body))
    return body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :]


def _insert(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + rng.choice(_FOREIGN) + body[at:]


def _drop(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + body[at + rng.randrange(1, 20) :]


def _twice(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    return body + rng.choice((b"", b"\n", b" ")) + body


def _gzip(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    return gzip.compress(body[:4096], 1, mtime=0)


def _html(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    return b"<html><body><pre>" + body + b"</pre></body></html>"


def _chunked(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"


def _splice(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others) if others else body
    return body[: rng.randrange(len(body) + 1)] + other[rng.randrange(len(other) + 1) :]


_FOREIGN: Final = (
    b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\\ud800", b"\x00", b"\xef\xbb\xbf", b'"', b",", b"1e9", b"{", b" " * 5,
)
_Change = Callable[[Random, bytes, Sequence[bytes]], bytes]
_BYTES: Final[list[_Change]] = [_cut, _flip, _flip, _insert, _drop, _twice, _gzip, _html, _chunked, _splice]


def _bend_fields(rng: Random, body: bytes, others: Sequence[bytes]) -> bytes:
    """Change one value, key or nesting; a body that is no JSON any more is bent by the byte."""
    document = _parsed(body)
    if document is None:
        return bent(rng, body, others)
    spots = _spots(document)
    holder, index = rng.choice(spots)
    change = rng.random()
    if isinstance(holder, Pairs):
        key, value = holder[index]
        if change < 0.15:
            del holder[index]
        elif change < 0.25:
            holder.insert(rng.randrange(len(holder) + 1), (key, _poison(rng)))
        elif change < 0.3:
            holder[index] = (rng.choice(("e", "id", "status", "event", "data", key + "x", "")), value)
        else:
            holder[index] = (key, _changed(rng, value, others))
    else:
        holder[index] = _changed(rng, holder[index], others)
    return _written(document[0]).encode("utf-8", "surrogatepass")


def _changed(rng: Random, value: Any, others: Sequence[bytes]) -> Any:
    chance = rng.random()
    if chance < 0.1:
        return [value] * rng.randrange(3)
    if chance < 0.2:
        return Pairs([(rng.choice(("event", "data", "a", "e")), value)])
    if chance < 0.3 and isinstance(value, Token | str):
        return str(value) if isinstance(value, Token) else Token(value or "0")  # a number becomes a text, a text a number
    if chance < 0.4 and others:
        graft = _parsed(rng.choice(others))
        return graft[0] if graft is not None else None
    return _poison(rng)


def _poison(rng: Random) -> Token:
    return Token(rng.choice(POISON))


def _parsed(body: bytes) -> list[Any] | None:
    """Return the document in a list of one, so that the root has a holder too."""
    try:
        return [json.loads(body, object_pairs_hook=Pairs, parse_int=Token, parse_float=Token, parse_constant=Token)]
    except (ValueError, RecursionError):
        return None


def _spots(document: list[Any]) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = []
    todo: list[Any] = [document]
    while todo and len(found) < 2_000:
        holder = todo.pop()
        for index, entry in enumerate(holder):
            found.append((holder, index))
            value = entry[1] if isinstance(holder, Pairs) else entry
            if isinstance(value, list):
                todo.append(value)
    return found


def _written(value: Any) -> str:
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(key)}:{_written(part)}" for key, part in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
