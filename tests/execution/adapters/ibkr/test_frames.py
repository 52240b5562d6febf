"""Frames come out whole, however their bytes are cut, and a length that cannot be is said at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import DecodeError
from autotrader.execution.adapters.ibkr.frames import FrameBuffer

payloads = st.lists(st.binary(min_size=1, max_size=50), max_size=20)


def joined(parts: list[bytes]) -> bytes:
    return b"".join(len(one).to_bytes(4, "big") + one for one in parts)


@given(payloads, st.lists(st.integers(0, 1000), max_size=20))
def test_any_cut_gives_the_same_payloads(parts: list[bytes], cuts: list[int]) -> None:
    data, buffer, found = joined(parts), FrameBuffer(), []
    edges = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for first, last in zip(edges, edges[1:], strict=False):
        buffer.feed(data[first:last])
        while (payload := buffer.take()) is not None:
            found.append(payload)
    assert found == parts
    assert buffer.held == 0


@pytest.mark.parametrize("head", [b"\0\0\0\0", b"\1\0\0\0", b"HTTP"])
def test_a_length_that_cannot_be_is_an_error_and_stays_one(head: bytes) -> None:
    buffer = FrameBuffer()
    buffer.feed(joined([b"x"]) + head)
    assert buffer.take() == b"x"
    for _ in range(2):
        with pytest.raises(DecodeError, match="out of step"):
            buffer.take()


def test_part_of_a_frame_waits() -> None:
    buffer = FrameBuffer()
    buffer.feed(b"\0\0\0\5abc")
    assert buffer.take() is None
    assert buffer.held == 7
