import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from autotrader.config import Settings, check_options, load_settings
from autotrader.config.layers import ENV_PREFIX, Layer, merge, parse_value, read_sets
from autotrader.config.sections import words
from autotrader.errors import ConfigError
from autotrader.model import Mode


def load(*sets, files=(), env=None, **kwargs):
    return load_settings(files, env or {}, sets, **kwargs)


def refused(*sets, **kwargs):
    with pytest.raises(ConfigError) as caught:
        load(*sets, **kwargs)
    return str(caught.value)


@pytest.fixture
def toml(tmp_path):
    def write(text, name="my.toml"):
        place = tmp_path / name
        place.write_text(text)
        return str(place)

    return write


# ---------------------------------------------------------------- what comes out


def test_defaults_trade_an_example_on_paper():
    settings = load()
    assert (settings.mode, settings.active_venues, settings.market.source) == (Mode.PAPER, ("paper",), "synthetic")
    assert settings.all_strategies[0].label == "MovingAverageCross"
    assert settings.limits().profile == "rehearsal"


def test_later_sources_win_over_earlier_ones(toml):
    keys = "[engine]\ncycle_time_ms = {0}\norder_timeout_s = {0}\nstart_timeout_s = {0}"
    first, second = toml(keys.format(1) + "\n[run]\nduration_s = 1", "a.toml"), toml(keys.format(2), "b.toml")
    env = {"AUTOTRADER__ENGINE__CYCLE_TIME_MS": "3", "AUTOTRADER__ENGINE__ORDER_TIMEOUT_S": "3"}
    extra = [("--duration", {"run": {"duration_s": 9}})]
    settings = load("engine.cycle_time_ms=4", "engine.cycle_time_ms=5", files=[first, second], env=env, extra=extra)
    engine = settings.engine
    assert (engine.cycle_time_ms, engine.order_timeout_s, engine.start_timeout_s, settings.run.duration_s) == (5, 3, 2, 9)


def test_tables_are_joined_and_lists_are_replaced(toml):
    place = toml('[strategy.options]\nfast = 3\nslow = 9\n[market]\nsymbols = ["A1", "B1"]')
    settings = load("strategy.options.slow=20", 'market.symbols=["C1"]', files=[place])
    assert settings.strategy.options == {"fast": 3, "slow": 20}
    assert settings.market.symbols == ("C1",)


@pytest.mark.parametrize("text", ["BTCUSDT, ETHUSDT", "BTCUSDT,ETHUSDT", '["BTCUSDT", "ETHUSDT"]'])
def test_symbols_are_a_list_or_text_with_commas(text: str) -> None:
    assert load(f"market.symbols={text}").market.symbols == ("BTCUSDT", "ETHUSDT")


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (" a, b,,c ", ["a", "b", "c"]), ("", []), ([" a "], ["a"]), ((5, " b"), [5, "b"]), (["a", ""], ["a", ""]), (7, 7),
        (None, None),
    ],
)  # fmt: skip
def test_what_is_no_text_is_left_to_the_type_to_judge(given: object, taken: object) -> None:
    assert words(given) == taken


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Decimal("0.1")), ("1e-8", Decimal("1E-8")), ("0.10000000000000000001", Decimal("0.10000000000000000001")),
        ("5", 5), ("true", True), ('"5"', "5"), ("BTCUSDT", "BTCUSDT"), ("[1, 2.5]", [1, Decimal("2.5")]),
        ("{a = 1}", {"a": 1}),
        ("", ""), ("a=b", "a=b"), ("1\nx = 2", "1\nx = 2"), ("'a", "'a"), ("path/to/file.py:Class", "path/to/file.py:Class"),
    ],
)
def test_values_are_toml_with_exact_decimals_and_text_where_they_are_not(text, value):
    got = parse_value(text)
    assert (type(got), got) == (type(value), value)


@given(st.text(max_size=60))
def test_any_text_is_a_value(text):
    parse_value(text)


@given(st.lists(st.text(max_size=30), max_size=4))
def test_any_sets_are_taken_or_refused_as_configuration(sets):
    with contextlib.suppress(ConfigError):
        load(*sets)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a.b", ("a", "b")), ('a."EUR.USD".b', ("a", "EUR.USD", "b")), ("a.okx:BTC-USDT.b", ("a", "okx:BTC-USDT", "b")),
        ("a", ("a",)),
        ("a . b", ("a", "b")), ("a b.c", ("a b", "c")),
    ],
)
def test_keys_are_dotted_and_may_be_quoted(key, path):
    ((got, value, source),) = read_sets([f"{key}=1"]).entries
    assert (got, value, source) == (path, 1, f"--set {key}")


def test_options_of_a_strategy_keep_decimals():
    assert load("strategy.options.size=0.30").strategy.options["size"].as_tuple() == Decimal("0.30").as_tuple()


def test_several_strategies_and_their_cycles():
    settings = load(
        'strategies=[{class="m:A"}, {class="m:B", name="b2", cycle="quote", cycle_time_ms=0}]', "engine.cycle_time_ms=50"
    )
    assert [one.label for one in settings.all_strategies] == ["A", "b2"]
    assert [settings.cycle_of(one) for one in settings.all_strategies] == [("timer", 50.0), ("quote", 0.0)]


def test_modes_choose_their_venues_and_limits():
    settings = load("mode=testnet", "venues.okx.enabled=true", "venues.binance.enabled=false")
    assert (settings.mode, settings.active_venues, settings.limits().profile) == (Mode.TESTNET, ("okx",), "retail")
    assert load("mode=LIVE", "venues.okx.enabled=true", "risk.profile=open").limits().profile == "open"


def test_single_controls_go_over_the_profile():
    limits = load("risk.max_notional.amount=500.5", "risk.open_orders.per_symbol=3").limits()
    assert (limits.max_notional.amount, limits.open_orders.per_symbol) == (Decimal("500.5"), 3)


def test_keys_of_a_venue_of_its_own_are_kept():
    venue = load("venues.ibkr.port=4002", "venues.ibkr.deadline_s=3").venues["ibkr"]
    assert (venue.options, venue.deadline_s) == ({"port": 4002}, 3.0)


def test_venue_that_is_not_built_in_names_its_adapter():
    settings = load("mode=TESTNET", "venues.mine.adapter=my.module:MyAdapter", "venues.mine.enabled=true", "venues.mine.host=h")
    assert settings.active_venues == ("mine",)
    assert settings.venues["mine"].options == {"host": "h"}


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        load().engine.cycle_time_ms = 1


def test_echo_shows_what_is_in_force():
    lines = load("run.until_fills=20", "venues.paper.maker_fee=1e-8").echo().splitlines()
    assert "run.until_fills = 20" in lines
    assert "venues.paper.maker_fee = 0.00000001" in lines
    assert not [line for line in lines if line.startswith("venues.okx")]


# ---------------------------------------------------------------- what is refused, and how


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("engine.cycle_tme_ms", "engine.cycle_time_ms"), ("engin.cycle_time_ms", "engine"),
        ("cycle_time_ms", "engine.cycle_time_ms"),
        ("strategy.option", "strategy.options"), ("markt.symbol", "market"), ("venues.papr.latency_ms", "venues.paper"),
        ("venues.paper.latency", "venues.paper.latency_ms"), ("venues.paper.retry.max_retry", "venues.paper.retry.max_retries"),
        ("venues.okx.enabeld", "venues.okx.enabled"), ("stop.polcy", "stop.policy"), ("until_fills", "run.until_fills"),
        ("risk.max_notonal.amount", "'max_notional'"), ("risk.max_notional.amunt", "'amount'"),
    ],
)
def test_unknown_keys_are_refused_with_the_one_that_was_meant(key, meant):
    text = refused(f"{key}=1")
    assert f"--set {key}" in text
    assert f"did you mean {meant}?" in text


def test_unknown_key_without_a_near_one_is_to_be_taken_out():
    assert "--set qqqqq is no known key; take it out" in refused("qqqqq=1")


def test_error_names_the_file_the_key_the_value_and_what_is_right(toml):
    place = toml('[engine]\ncycle_time_ms = -5\n[stop]\npolicy = "keep"\n[logs]\nlvel = "x"')
    lines = refused(files=[place]).splitlines()
    assert f"{place}: engine.cycle_time_ms: given -5, expected greater than or equal to 0" in lines
    assert f"{place}: stop.policy: given 'keep', expected 'cancel' or 'leave'" in lines
    assert f"{place}: logs.lvel is no known key; did you mean logs.level?" in lines
    assert "conf/default.toml" in lines[-1]


def test_error_names_the_source_that_said_it_last(toml):
    place = toml("[engine]\ncycle_time_ms = 5")
    env = {f"{ENV_PREFIX}ENGINE__CYCLE_TIME_MS": "soon"}
    text = refused(files=[place], env=env)
    assert text.startswith("environment AUTOTRADER__ENGINE__CYCLE_TIME_MS: engine.cycle_time_ms: given 'soon'")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("engine.cycle_time_ms=true", "not true or false"), ("venues.paper.maker_fee=nan", "finite number"),
        ("venues.paper.latency_ms=inf", "finite"), ("venues.paper.latency_ms=1e400", "finite"), ("engine=3", "a table"),
        ("market.speed=fast", '"max"'), ("market.speed=0", "above 0"), ("market.seed=-1", "greater than or equal to 0"),
        ("market.seed=1.5", "integer"), ("market.symbols=[]", "at least 1"), ("market.tick=0", "greater than 0"),
        ("market.columns.bid=0", "its number from 1"), ("strategy.class=nonsense", "package.module:Class"),
        ("account.currency=not a currency", "match"), ("mode=REAL", "'LIVE'"), ("venues=7", "table"),
        ("venues.paper=7", "table"),
        ("engine.cycle_time_ms=0", 'needs cycle = "quote"'), ("market.source=tape", "--replay FILE"),
        ("mode=LIVE", "needs a venue"),
        ("venues.paper.enabled=false", "paper venue"), ("alerts.urls=5", "valid tuple"), ("alerts.urls=[5]", "a URL"),
        ('strategies=[{class="a:B"},{class="c:B"}]', "two strategies are called B"),
        ("strategies=[{clss=1}]", "is no known key"),
        ("risk.max_notional=5", "table"), ("risk.max_notional.amount=-1", "negative"), ("nonsense", "must read key=value"),
        ("=1", "must read key=value"), ("engine..x=1", "empty part"), ("engine.cycle_time_ms.x=1", "table|number"),
    ],
)
def test_values_that_cannot_be_are_refused_in_words(given, said):
    text = refused(given)
    assert any(part in text for part in said.split("|"))
    assert "functools" not in text
    assert "pydantic" not in text


def test_all_faults_are_told_at_once():
    assert len(refused("engine.x=1", "logs.y=1", "venues.paper.z=1", "stop.policy=k").splitlines()) == 5


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"[engine\n", "not valid TOML: .*line 1"), (b"\xff\xfe", "not UTF-8"), (b"a = 1\na = 2", "not valid TOML"),
        (b"x = " + b"[" * 100_000, "not valid TOML"), (b"#" * (1 << 20) + b"##", "larger than 1 MiB"),
        (b"x = 1e99999999999999999999999", "not valid TOML|no known key"), (b"x = " + b"9" * 5_000, "not valid TOML"),
    ],
)
def test_hostile_files_are_refused_in_words(tmp_path, raw, said):
    place = tmp_path / "bad.toml"
    place.write_bytes(raw)
    with pytest.raises(ConfigError, match=said) as caught:
        load(files=[place])
    assert str(place) in str(caught.value)


def test_missing_file_and_folder_are_named(tmp_path):
    assert "cannot be read (No such file" in refused(files=[tmp_path / "none.toml"])
    assert "cannot be read (Is a directory" in refused(files=[tmp_path])


def test_value_under_a_value_names_both():
    text = refused("market.file=a", "market.file.x=1")
    assert "market.file.x cannot be set, since market.file is a value" in text


def test_environment_without_a_key_is_refused():
    assert "AUTOTRADER____X" in refused(env={"AUTOTRADER____X": "1"})


def test_other_variables_of_the_environment_are_left_alone():
    load(env={"AUTOTRADER_HOME": "/x", "PATH": "/bin", "HOME": "/"})


def test_merging_knows_who_said_what():
    merged = merge([Layer.of({"a": {"b": 1, "c": 2}}, "one"), Layer.of({"a": {"b": 3}}, "two")])
    assert merged.tree == {"a": {"b": 3, "c": 2}}
    assert [merged.source_of(path) for path in (("a", "b"), ("a", "c"), ("a", "c", "x"), ("z",))] == ["two", "one", "one", ""]


class Own(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str = "h"
    port: int = 1


def test_own_keys_of_a_venue_are_checked_by_its_model():
    assert check_options(Own, {"port": 5}, where="venues.ibkr").port == 5
    with pytest.raises(ConfigError, match=r"venues\.ibkr\.prt is no known key; did you mean venues\.ibkr\.port\?"):
        check_options(Own, {"prt": 5}, where="venues.ibkr")
    with pytest.raises(ConfigError, match=r"venues\.ibkr\.port: Input should be a valid integer"):
        check_options(Own, {"port": "x"}, where="venues.ibkr")


def test_defaults_of_code_are_the_loaded_defaults():
    assert load().model_dump() == Settings().model_dump()


# ---------------------------------------------------------------- where prices come from


@pytest.mark.parametrize(
    ("sets", "source"),
    [
        ([], "synthetic"), (["market.source=live"], "live"),
        (["mode=SIMULATED", "venues.binance.enabled=true"], "live"),
        (["mode=SIMULATED", "venues.binance.enabled=true", "market.source=synthetic"], "synthetic"),
        (["mode=LIVE", "venues.binance.enabled=true"], "live"),
        (["mode=TESTNET", "venues.binance.enabled=true", "market.source=live"], "live"),
    ],
)
def test_the_mode_says_where_prices_come_from_unless_the_source_is_named(sets, source):
    assert load(*sets).market_source == source


@pytest.mark.parametrize("mode", ["LIVE", "TESTNET"])
@pytest.mark.parametrize("source", ["market.source=synthetic", "market.source=tape"])
def test_a_real_venue_is_never_priced_by_a_made_up_market(mode, source):
    text = refused(f"mode={mode}", "venues.binance.enabled=true", source, "market.file=x.csv")
    assert "cannot be priced by market.source" in text


# ---------------------------------------------------------------- layers from code


def test_what_lies_below_gives_way_to_files_and_sets(toml):
    below = [("ready file", {"venues": {"binance": {"symbols": ["A"], "rest": "low"}}})]
    settings = load_settings([toml("[venues.binance]\nrest = 'file'")], env={}, below=below)
    assert settings.venues["binance"].options == {"symbols": ["A"], "rest": "file"}


def test_keys_that_do_not_count_are_neither_read_nor_kept():
    sets = ["mode=SIMULATED", "venues.binance.enabled=true", "venues.binance.private_key=env:NOT_THERE"]
    settings = load_settings(sets=sets, env={}, without=["venues.binance.private_key"])
    assert settings.venues["binance"].options == {}
