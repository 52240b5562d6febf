"""Client ids, their marks, and venue ids (binance.md section 3, "Client ids")."""

from __future__ import annotations

import re

import pytest
from binance_kit import OWN
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import EncodeError
from autotrader.execution.adapters.binance.codec.ids import (
    cancel_mark,
    is_cancel_mark,
    is_ours_by_form,
    is_replacement,
    order_number,
    own_id,
    replacement_id,
    sendable_id,
    venue_order_id,
)
from autotrader.model import ClientOrderIds

LEGAL = re.compile(r"^[a-zA-Z0-9-_]{1,36}$")


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_both_marks_fit_lead_back_to_our_id_and_are_told_apart(replaced: int) -> None:
    new, gone = replacement_id(OWN, replaced), cancel_mark(OWN, replaced)
    assert LEGAL.match(new)
    assert LEGAL.match(gone)
    assert own_id(new) == own_id(gone) == OWN
    assert (is_replacement(new), is_replacement(gone)) == (True, False)
    assert (is_cancel_mark(new), is_cancel_mark(gone)) == (False, True)


def test_the_same_replace_names_the_same_new_order() -> None:
    assert replacement_id(OWN, 28) == replacement_id(OWN, 28) == f"{OWN}-00s"
    assert replacement_id(OWN, 28) != replacement_id(OWN, 29)


def test_ids_of_the_engine_are_legal_and_known_by_their_form() -> None:
    made = ClientOrderIds("binance", "acc", "engine", 1).next()
    assert sendable_id(made) == made
    assert is_ours_by_form(made)
    assert own_id(made) == made
    assert not is_replacement(made)


@pytest.mark.parametrize("foreign", ["", "web_abc", "mUvoqJxFIILMdfAW5iGSOW", "x" * 36, "A" * 32 + "-abc", OWN[:31],
    OWN + "-AB1"])
def test_a_foreign_id_stays_as_it_is(foreign: str) -> None:
    assert own_id(foreign) == foreign
    assert not is_ours_by_form(foreign)
    assert not is_replacement(foreign)
    assert not is_cancel_mark(foreign)


@given(st.text(max_size=40))
def test_any_text_has_an_own_id(text: str) -> None:
    assert own_id(text) == text or (is_ours_by_form(text) and text.startswith(own_id(text)))


def test_an_id_that_cannot_be_marked_is_our_bug() -> None:
    with pytest.raises(EncodeError):
        replacement_id("a" * 33, 1)


def test_venue_ids_are_bare_or_name_their_symbol() -> None:
    assert venue_order_id("BTCUSDT", 28, False) == "28"
    assert venue_order_id("BTCUSDT", 28, True) == "BTCUSDT:28"
    assert order_number("28") == order_number("BTCUSDT:28") == 28
