"""Profiles, overrides, what needs an operator, and the table of keys."""

from decimal import Decimal

import pytest

from autotrader.errors import ConfigError
from autotrader.model import Mode
from autotrader.risk import PROFILES, default_profile, describe, is_looser, risk_settings

D = Decimal
CONTROLS = [
    "gate", "instrument", "increments", "max_quantity", "max_notional", "price_collar", "market_cap", "quote", "max_position",
    "exposure", "funds", "open_orders", "message_rate", "repeated_execution", "duplicate_intent", "intent_age", "day_loss",
    "drawdown", "self_match", "reduce_only", "permissions", "churn", "exit_count",
]


def test_the_23_controls_bear_the_names_of_the_table_in_its_order():
    assert list(dict.fromkeys(row.control for row in describe())) == CONTROLS


def test_every_rule_is_numbered_as_in_the_table():
    numbers = {row.control: int(row.rule.split(".")[0]) for row in describe()}
    assert [numbers[name] for name in CONTROLS] == list(range(1, 24))


def test_every_key_says_what_it_means():
    for row in describe():
        assert row.doc
        assert row.rule.endswith(".")
        assert (row.key == "") is (row.rehearsal == "")


@pytest.mark.parametrize(("mode", "profile"), [
    (Mode.PAPER, "rehearsal"), (Mode.SIMULATED, "rehearsal"), (Mode.TESTNET, "retail"), (Mode.LIVE, "retail"),
])
def test_the_default_profile_follows_the_mode(mode, profile):
    assert default_profile(mode) == profile


@pytest.mark.parametrize(("path", "rehearsal", "retail"), [
    ("max_quantity.day_volume_share", D("0.01"), D("0.001")), ("max_notional.equity_share", D("0.25"), D("0.10")),
    ("max_notional.amount", D(10) ** 15, D(10000)), ("price_collar.max_deviation_fx", D("0.1"), D("0.005")),
    ("price_collar.max_deviation_equity", D("0.1"), D("0.03")), ("price_collar.max_deviation_crypto", D("0.1"), D("0.03")),
    ("market_cap.enabled", False, True), ("market_cap.max_slippage", D("0.005"), D("0.005")),
    ("market_cap.max_slippage_fx", D("0.001"), D("0.001")), ("market_cap.depth_share", D("0.2"), D("0.2")),
    ("quote.max_age_crypto_s", 5, 5), ("quote.max_age_other_s", 15, 15), ("quote.max_age_tape_s", 60, 60),
    ("quote.max_spread", D("0.05"), D("0.02")), ("max_position.equity_share", 1, D("0.25")), ("exposure.gross", 3, 1),
    ("exposure.net", 3, 1), ("funds.buffer", D("0.05"), D("0.05")), ("open_orders.per_symbol", 50, 10),
    ("open_orders.per_venue", 200, 50), ("open_orders.in_all", 500, 100), ("message_rate.per_s", 50, 2),
    ("message_rate.burst", 200, 5), ("message_rate.halt_denials", 100, 100), ("message_rate.halt_window_s", 10, 10),
    ("repeated_execution.per_minute", 600, 10), ("repeated_execution.per_hour", 10**9, 60),
    ("duplicate_intent.enabled", False, True), ("duplicate_intent.window_s", 2, 2), ("intent_age.max_age_s", 2, 2),
    ("day_loss.enabled", False, True), ("day_loss.halt_share", D("0.02"), D("0.02")),
    ("day_loss.cancel_share", D("0.04"), D("0.04")), ("drawdown.enabled", False, True),
    ("drawdown.cancel_share", D("0.1"), D("0.1")), ("permissions.short", "auto", False), ("permissions.margin", True, False),
    ("permissions.options", True, False), ("permissions.leverage", 3, 1), ("churn.per_minute", 600, 20),
    ("instrument.allow_all", True, False),
])
def test_the_figures_of_the_table(path, rehearsal, retail):
    control, key = path.split(".")
    assert getattr(getattr(risk_settings("rehearsal"), control), key) == rehearsal
    assert getattr(getattr(risk_settings("retail"), control), key) == retail


@pytest.mark.parametrize("value", ["500", 500, D("500")])
def test_an_override_is_exact_and_leaves_the_rest(value):
    built = risk_settings("retail", {"max_notional": {"amount": value}})
    assert built.max_notional.amount == D(500)
    assert built.max_notional.soft_amount == 400
    assert built.max_notional.equity_share == D("0.10")


def test_auto_and_its_alternatives():
    assert risk_settings("retail", {"quote": {"max_age_s": "auto"}}).quote.max_age_ns is None
    assert risk_settings("retail", {"quote": {"max_age_s": "0.25"}}).quote.max_age_ns == 250_000_000
    assert risk_settings("retail", {"permissions": {"short": "auto"}}).permissions.short == "auto"


@pytest.mark.parametrize(("profile", "overrides", "words"), [
    ("retial", {}, "unknown risk.profile 'retial'; did you mean 'retail'?"),
    ("retail", {"max_notonal": {}}, "did you mean 'max_notional'?"),
    ("retail", {"max_notional": {"ammount": 1}}, "did you mean 'amount'?"),
    ("retail", {"gate": {"enabled": False}}, "unknown key of risk.gate 'enabled'"),
    ("retail", {"zzz": {}}, "known are gate"),
    ("retail", {"max_notional": {"amount": 1.5}}, "not float"),
    ("retail", {"max_notional": {"amount": "NaN"}}, "must be finite"),
    ("retail", {"max_notional": {"amount": "lots"}}, "must be a number"),
    ("retail", {"max_notional": {"amount": -1}}, "must not be negative"),
    ("retail", {"max_notional": {"amount": "1e40"}}, "too large"),
    ("retail", {"max_notional": {"amount": True}}, "not bool"),
    ("retail", {"max_notional": 5}, "must be a table"),
    ("retail", {"open_orders": {"per_symbol": "1.5"}}, "whole number"),
    ("retail", {"message_rate": {"per_s": 0}}, "above zero"),
    ("retail", {"day_loss": {"day_starts_h": 24}}, "hour from 0 to 23"),
    ("retail", {"day_loss": {"enabled": "yes"}}, "true or false"),
    ("retail", {"permissions": {"short": "maybe"}}, "true or false or auto"),
    ("retail", {"quote": {"max_age_s": "automatic"}}, "must be a number"),
    ("retail", {"instrument": {"allow": "BTCUSDT"}}, "must be a list of symbols"),
    ("retail", {"instrument": {"allow": [1]}}, "must hold symbols as text"),
    ("retail", {"quote": {"max_age_ns": 1}}, "unknown key of risk.quote"),
])
def test_what_cannot_be_is_refused_with_the_path_and_a_suggestion(profile, overrides, words):
    with pytest.raises(ConfigError) as caught:
        risk_settings(profile, overrides)
    assert words in str(caught.value)


def changed(**controls):
    return is_looser(risk_settings("retail"), risk_settings("retail", controls))


def test_the_same_settings_loosen_nothing():
    assert changed() == ()


@pytest.mark.parametrize(("tighter", "looser"), [
    ({"max_notional": {"amount": 9000}}, {"max_notional": {"amount": 11000}}),
    ({"funds": {"buffer": "0.1"}}, {"funds": {"buffer": "0.01"}}),
    ({"duplicate_intent": {"window_s": 3}}, {"duplicate_intent": {"window_s": 1}}),
    ({"message_rate": {"burst": 1}}, {"message_rate": {"burst": 6}}),
    ({"message_rate": {"halt_window_s": 20}}, {"message_rate": {"halt_window_s": 5}}),
    ({"intent_age": {"max_age_s": 1}}, {"intent_age": {"max_age_s": 3}}),
])
def test_raising_is_listed_and_lowering_is_free(tighter, looser):
    assert changed(**tighter) == ()
    assert len(changed(**looser)) == 1
    control, keys = next(iter(looser.items()))
    assert f"risk.{control}.{next(iter(keys))} goes from" in changed(**looser)[0]


@pytest.mark.parametrize("looser", [
    {"day_loss": {"enabled": False}}, {"reduce_only": {"allow_flip": True}}, {"permissions": {"short": "auto"}},
    {"permissions": {"short": True}}, {"permissions": {"margin": True}}, {"quote": {"max_age_s": "1"}},
    {"day_loss": {"day_starts_h": 3}}, {"instrument": {"allow_all": True}}, {"instrument": {"allow": ["BTCUSDT"]}},
])
def test_switches_that_let_more_through_are_listed(looser):
    assert len(changed(**looser)) == 1


def test_a_shorter_list_is_free_and_an_emptied_one_is_not():
    def settings(allow, allow_all):
        return risk_settings("retail", {"instrument": {"allow": allow, "allow_all": allow_all}})

    assert is_looser(settings(["A", "B"], False), settings(["A"], False)) == ()
    assert is_looser(settings(["A"], False), settings(["A", "B"], False)) == ("risk.instrument.allow also holds B",)
    assert is_looser(settings(["A"], False), settings([], True))
    assert is_looser(settings(["A"], False), settings([], False)) == ()
    assert is_looser(settings([], True), settings(["A"], False)) == ()


def test_each_profile_is_looser_than_the_one_before():
    retail, rehearsal, open_ = (risk_settings(name) for name in ("retail", "rehearsal", "open"))
    assert is_looser(rehearsal, retail) == ()
    assert len(is_looser(retail, rehearsal)) > 20
    assert len(is_looser(rehearsal, open_)) > 20
    assert set(PROFILES) == {"rehearsal", "retail", "open"}
