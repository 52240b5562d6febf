"""conf/default.toml cannot drift from what the code does, and every overlay in conf/ loads."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from autotrader.config import Settings, load_settings
from autotrader.config.keys import known_keys
from autotrader.risk import describe, risk_settings

CONF = Path(__file__).parent.parent / "conf"
DEFAULT = (CONF / "default.toml").read_text()
TABLE = re.compile(r"\[(?P<table>[\w.]+)\]")
KEY = re.compile(r"(?P<mark>#\??) (?P<key>\w+) = (?P<value>.+)")


def lines_of(mark):
    """Yield (dotted key, value as TOML) of the default file's keys with this mark."""
    table = ""
    for line in DEFAULT.splitlines():
        if match := TABLE.fullmatch(line):
            table = f"{match['table']}."
        elif (match := KEY.fullmatch(line)) and match["mark"] == mark:
            yield f"{table}{match['key']}", match["value"]


def uncommented():
    return re.sub(r"(?m)^# (\w+ = )", r"\1", DEFAULT)


def value_at(tree, key):
    for part in key.split("."):
        tree = tree[part]
    return tree


DOCUMENTED = [key for key in known_keys() if not re.search(r"^venues\.(?!paper\.)|^strategies|budgets\.", key)]
NO_DEFAULT = [key for key in DOCUMENTED if value_at(Settings().model_dump(by_alias=True), key) is None]


def test_default_file_uncommented_is_the_defaults_of_the_code(tmp_path):
    place = tmp_path / "all.toml"
    place.write_text(uncommented())
    loaded = load_settings([place], env={})
    assert loaded.limits() == risk_settings("rehearsal")
    ours, theirs = loaded.model_dump(), Settings().model_dump()
    ours["risk"] = theirs["risk"]
    assert ours == theirs


def test_default_file_as_it_stands_changes_nothing():
    loaded = load_settings([CONF / "default.toml"], env={})
    assert loaded.limits() == risk_settings("rehearsal")
    assert loaded.model_dump(exclude={"risk"}) == Settings().model_dump(exclude={"risk"})


def test_default_file_holds_every_key_with_a_default_and_no_other():
    risk = {f"risk.{row.control}.{row.key}" for row in describe() if row.key}
    assert {key for key, _ in lines_of("#")} == (set(DOCUMENTED) - set(NO_DEFAULT)) | risk


def test_default_file_has_an_example_of_every_key_without_default():
    assert sorted(key for key, _ in lines_of("#?")) == sorted(NO_DEFAULT)


@pytest.mark.parametrize(("key", "value"), [pair for pair in lines_of("#?") if not pair[0].endswith("adapter")])
def test_examples_load(key, value):
    loaded = load_settings(sets=[f"{key}={value}"], env={})
    assert value_at(loaded.model_dump(by_alias=True), key) is not None


def test_every_key_has_a_comment_of_its_own_or_above_it():
    above = []
    for line in DEFAULT.splitlines():
        if KEY.fullmatch(line) and not any(part.startswith("##") for part in above):
            assert line in ("# enabled = true", '# account = "PAPER"'), line
        above = [] if not line or TABLE.fullmatch(line) else [*above, line]


def test_retail_figures_beside_the_controls_are_those_of_the_code():
    text = DEFAULT
    for row in describe():
        if row.key and row.retail != row.rehearsal:
            block = text[text.index(f"\n[risk.{row.control}]\n") :]
            before = block[: block.index(f"\n# {row.key} = ")]
            comment = " ".join(line.removeprefix("## ") for line in before.splitlines()[-3:])
            assert comment.endswith(f"retail: {row.retail}"), row


@pytest.mark.parametrize("place", sorted(CONF.glob("*.toml")), ids=lambda place: place.name)
def test_every_file_in_conf_loads(place):
    tomllib.loads(place.read_text(), parse_float=Decimal)
    load_settings([place], env={}, read_secrets=False)
