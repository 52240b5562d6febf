"""Bodies from a mutator into every entry point of Binance's codec: bounded and the same on every run (scripts/fuzz_codec.py
goes on from here without a bound).
"""  # noqa: D205

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from binance_payloads import EVERY_BODY
from fuzz.checks import CALLS, DECODERS, STATUSES, check_decoder, check_error, check_everything, check_outcome
from fuzz.mutations import mutate
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrader.execution.adapters.binance.codec import UnreadableFrame

CORPUS = sorted(path for path in (Path(__file__).parent / "corpus").iterdir() if path.is_file())
SMALL = [body for body in EVERY_BODY.values() if len(body) < 20_000]
bounded = settings(max_examples=400, deadline=None, derandomize=True, database=None)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Return a body that was real once; shrinking finds the payload and the seed."""
    rng = Random(draw(st.integers(0, 2**32)))
    return mutate(rng, draw(st.sampled_from(SMALL)), SMALL)


@pytest.mark.parametrize("name", EVERY_BODY)
def test_every_recorded_body_into_every_entry_point(name: str) -> None:
    check_everything(EVERY_BODY[name])


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_what_was_found_before(path: Path) -> None:
    check_everything(path.read_bytes())


@pytest.mark.parametrize("name", DECODERS)
@bounded
@given(body=bodies())
def test_decoders(name: str, body: bytes) -> None:
    check_decoder(name, body)


@pytest.mark.parametrize("name", CALLS)
@bounded
@given(body=bodies(), status=st.sampled_from(STATUSES))
def test_outcomes(name: str, body: bytes, status: int) -> None:
    check_outcome(name, status, body)


@bounded
@given(body=bodies())
def test_errors(body: bytes) -> None:
    check_error(body)


@bounded
@given(body=st.binary(max_size=300))
def test_any_bytes(body: bytes) -> None:
    check_everything(body)


@pytest.mark.parametrize("text", ["\ud800", '{"e":"\udfff"}', '{"u":1,"s":"\ud800"}'])
def test_text_that_is_no_text(text: str) -> None:
    for decoder in DECODERS.values():
        with pytest.raises(UnreadableFrame):
            decoder(text)  # type: ignore[arg-type]
