from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.model.ids import ClientOrderIds, dashed, is_ours, is_this_engine

runs = st.integers(0, (1 << 30) - 1)
names = st.text(max_size=20)


@given(names, names, names, runs)
def test_an_id_is_a_uuid4_of_32_hex_digits(venue, account, engine, run):
    made = ClientOrderIds(venue, account, engine, run).next()
    assert len(made) == 32
    assert int(made, 16) >= 0
    assert UUID(made).version == 4
    assert UUID(dashed(made)).hex == made


@given(names, names, names, runs)
def test_an_id_tells_its_account_and_engine_with_and_without_dashes(venue, account, engine, run):
    made = ClientOrderIds(venue, account, engine, run).next()
    for form in (made, dashed(made)):
        assert is_ours(form, venue, account)
        assert is_this_engine(form, venue, account, engine)
        assert not is_ours(form, venue, account + "x")
        assert not is_this_engine(form, venue, account, engine + "x")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 9)), unique=True, max_size=12))
def test_no_id_repeats_over_accounts_engines_and_runs(makers):
    ids = [maker.next() for maker in (ClientOrderIds("v", a, e, r) for a, e, r in makers) for _ in range(50)]
    assert len(set(ids)) == len(ids)


def test_a_run_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="30 bits"):
        ClientOrderIds("v", "a", "e", 1 << 30)
