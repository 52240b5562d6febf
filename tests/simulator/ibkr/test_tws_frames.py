"""Frames and fields of the TWS socket, however they arrive."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import DecodeError
from autotrader.simulator.ibkr.fields import Fields
from autotrader.simulator.ibkr.frames import FrameReader, Hello, frame, payload_of, read_hello, split_fields

HELLO = b"API\0" + frame(b"v100..178")


@given(st.lists(st.lists(st.text("ab1.-", max_size=8), min_size=1, max_size=4), max_size=5), st.lists(st.integers(1, 7)))
def test_frames_come_out_whole_however_the_stream_is_cut(messages: list[list[str]], cuts: list[int]) -> None:
    stream = HELLO + b"".join(frame(payload_of(fields)) for fields in messages)
    reader, payloads, place = FrameReader(), [], 0
    for cut in [*cuts, len(stream)]:
        payloads += reader.feed(stream[place : place + cut])
        place += cut
    assert payloads[0] == b"v100..178"
    assert [split_fields(one) for one in payloads[1:]] == messages


def test_a_stream_that_does_not_open_with_the_mark_is_refused() -> None:
    reader = FrameReader()
    assert reader.feed(b"AP") == []
    with pytest.raises(DecodeError, match="API"):
        reader.feed(b"X")


def test_a_frame_too_long_to_be_one_is_refused_before_it_is_read() -> None:
    reader = FrameReader()
    reader.feed(HELLO)
    with pytest.raises(DecodeError, match="1048577"):
        reader.feed((1_048_577).to_bytes(4, "big"))


@pytest.mark.parametrize(
    ("text", "hello"),
    [
        (b"v100..157", Hello(100, 157)), (b"v157..178", Hello(157, 178)), (b"v100..226", Hello(100, 226)),
        (b"v100..157 +PACEAPI", Hello(100, 157, "+PACEAPI")), (b"v176", Hello(176, 176)),
    ],
)  # fmt: skip
def test_a_client_names_its_versions(text: bytes, hello: Hello) -> None:
    assert read_hello(text) == hello


@pytest.mark.parametrize("text", [b"", b"178", b"v", b"va..b", b"v..178", b"\xff\xfe"])
def test_what_names_no_versions_is_refused(text: bytes) -> None:
    with pytest.raises(DecodeError):
        read_hello(text)


def test_a_payload_ends_each_field_with_nul() -> None:
    assert payload_of([71, 2, True, None, Decimal("1E-8"), "x"]) == b"71\x002\x001\x00\x000.00000001\x00x\x00"
    with pytest.raises(DecodeError, match="NUL"):
        split_fields(b"71\x002")
    with pytest.raises(DecodeError, match="UTF-8"):
        split_fields(b"\xff\x00")


@pytest.mark.parametrize(
    "text", ["", "1.7976931348623157e+308", "1.7976931348623157E308", "Infinity", str(2**127 - 1)]
)  # fmt: skip
def test_a_number_that_is_not_given_has_many_spellings(text: str) -> None:
    assert Fields([text]).decimal() is None


@pytest.mark.parametrize(
    ("reader", "text"), [("decimal", "NaN"), ("decimal", "x"), ("whole", "1.5"), ("flag", "2"), ("count", "-1")]
)
def test_a_field_of_another_kind_is_refused_by_its_number(reader: str, text: str) -> None:
    fields = Fields(["", text])
    fields.text()
    with pytest.raises(DecodeError, match="field 2"):
        getattr(fields, reader)()


def test_a_message_with_too_few_fields_is_refused() -> None:
    fields = Fields(["1"])
    fields.skip(1)
    with pytest.raises(DecodeError, match="after 1 fields"):
        fields.text()
