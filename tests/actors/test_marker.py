"""The mapped bytes: what each says, and that doubt is closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.actors.levels import Levels
from autotrader.actors.marker import ALL, ALL_ARMED, LETTERS, SIZE, levels_of, mapped_level, slot_of
from autotrader.model import KillLevel

VENUES = ("binance", "ibkr", "coinbase", "okx", "oanda", "paper", "somewhere")


def test_the_armed_head_is_a_line_of_fixed_size() -> None:
    assert len(ALL_ARMED) == SIZE
    assert ALL_ARMED.endswith(b"\n")
    assert levels_of(ALL_ARMED) == {}


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("level", KillLevel)
def test_a_venues_byte_speaks_for_that_venue(venue: str, level: KillLevel) -> None:
    head = bytearray(ALL_ARMED)
    head[slot_of(venue)] = LETTERS[level][0]
    assert mapped_level(head, venue) is level
    assert all(mapped_level(head, other) is KillLevel.ARMED for other in VENUES if other != venue)


def test_venues_that_are_not_on_the_list_share_a_byte() -> None:
    assert slot_of("here") == slot_of("there") not in {slot_of(venue) for venue in VENUES[:-1]}


@given(st.binary(min_size=SIZE, max_size=SIZE), st.sampled_from(VENUES))
def test_any_bytes_are_armed_only_when_they_say_so(head: bytes, venue: str) -> None:
    if mapped_level(head, venue) is KillLevel.ARMED:
        assert head[0] in b"AV"
        assert head[slot_of(venue)] == ord("A")


@given(st.lists(st.tuples(st.sampled_from((ALL, "okx", "paper")), st.sampled_from(list(KillLevel)[1:]))))
def test_levels_only_rise_and_are_the_highest_of_all_pulls(pulls: list[tuple[str, KillLevel]]) -> None:
    levels = Levels()
    for scope, level in pulls:
        levels.pull(level, scope)
    for venue in ("okx", "paper", "ibkr"):
        asked = [level for scope, level in pulls if scope in (ALL, venue)]
        assert levels.level(venue) is max(asked, default=KillLevel.ARMED)


@given(
    st.lists(st.tuples(st.sampled_from((ALL, "okx")), st.sampled_from(list(KillLevel)[1:])), max_size=5),
    st.lists(st.tuples(st.sampled_from((ALL, "okx")), st.sampled_from(list(KillLevel)[1:])), max_size=60),
)
def test_lifting_what_was_seen_leaves_exactly_what_came_after(before: list, after: list) -> None:
    levels = Levels()
    for scope, level in before:
        levels.pull(level, scope)
    seen = levels.marks(ALL)
    for scope, level in after:
        levels.pull(level, scope)
    assert levels.lift(ALL, seen) is not bool(after)
    assert levels.level("okx") is max([level for _, level in after], default=KillLevel.ARMED)
