import base64
import io
import json
from decimal import Decimal

import pytest
from loguru import logger

from autotrader.config import Settings
from autotrader.errors import ConfigError
from autotrader.logs import configure_logging
from autotrader.secrets import Secret

CANARY = "canary-7f3a+/9b=zz"


def logs(**values):
    return Settings.model_validate({"logs": values}).logs


@pytest.fixture
def lines():
    stream = io.StringIO()
    yield stream
    logger.remove()


@pytest.fixture(autouse=True)
def _canary():
    Secret(CANARY)


def test_line_says_when_how_bad_what_and_of_which_order(lines):
    configure_logging(logs(), lines)
    logger.bind(venue="paper", order_id="a1", price=Decimal("1E-8")).info("order accepted")
    when, level, rest = lines.getvalue().split(" ", 2)
    assert (when[-1], level, rest.strip()) == ("Z", "INFO", "order accepted  venue=paper order_id=a1 price=0.00000001")


def test_lines_below_the_level_are_left_out(lines):
    configure_logging(logs(level="warning"), lines)
    logger.info("quiet")
    logger.warning("loud")
    assert "quiet" not in lines.getvalue()
    assert "loud" in lines.getvalue()


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "form",
    [CANARY, base64.b64encode(CANARY.encode()).decode(), CANARY.encode().hex(), "canary-7f3a%2B%2F9b%3Dzz",
     base64.b64encode(f"user:{CANARY}".encode()).decode()],
)
def test_no_form_of_a_secret_reaches_a_line_a_value_or_a_traceback(lines, as_json, form):
    configure_logging(logs(json=as_json), lines)
    logger.bind(url=f"https://x/?k={form}").info("asked {}", form)
    try:
        raise ValueError(f"bad key {form}")
    except ValueError:
        logger.exception("it failed")
    text = lines.getvalue()
    core = form.rstrip("=")[8:-4] if form != CANARY else "7f3a"
    assert core not in text
    assert text.count("***") >= 3


def test_traceback_shows_no_variables(lines):
    configure_logging(logs(), lines)
    hidden = "value-of-a-variable"
    try:
        {}[len(hidden)]
    except KeyError:
        logger.exception("it failed")
    assert "KeyError: 19" in lines.getvalue()
    assert "value-of-a-variable\n" not in lines.getvalue().replace('hidden = "value-of-a-variable"', "")


def test_json_lines_are_one_object_each(lines):
    configure_logging(logs(json=True), lines)
    logger.bind(venue="okx", quantity=Decimal("0.10")).error("rejected <b>{}</b>", "{x}")
    (line,) = lines.getvalue().splitlines()
    tree = json.loads(line)
    assert (tree["level"], tree["message"], tree["venue"], tree["quantity"]) == ("ERROR", "rejected <b>{x}</b>", "okx", "0.10")
    assert tree["ts_ns"] > 1_600_000_000_000_000_000


def test_braces_and_angle_brackets_are_no_markup(lines):
    configure_logging(logs(), lines)
    logger.info('{"a": 1} <red>not red</red> {nothing}')
    assert '{"a": 1} <red>not red</red> {nothing}' in lines.getvalue()


def test_file_gets_the_same_lines_without_secrets(lines, tmp_path):
    place = tmp_path / "trade.log"
    remove = configure_logging(logs(file=str(place)), lines)
    logger.warning("key is {}", CANARY)
    remove()
    assert place.read_text() == lines.getvalue()
    assert "key is ***" in place.read_text()


def test_file_that_cannot_be_written_is_named(lines, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"logs\.file: .*cannot be written"):
        configure_logging(logs(file=str(tmp_path / "file" / "x.log")), lines)


def test_rotation_that_means_nothing_is_named(lines, tmp_path):
    with pytest.raises(ConfigError, match=r"logs\.rotation"):
        configure_logging(logs(file=str(tmp_path / "x.log"), rotation="often"), lines)


def test_terminal_gets_colors_and_nothing_else_does(lines):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    configure_logging(logs(), terminal)
    logger.error("bad")
    logger.info("fine")
    red, plain = terminal.getvalue().splitlines()
    assert red.startswith("\x1b[31m")
    assert plain.endswith("fine")
    assert "\x1b" not in plain


def test_removing_leaves_other_sinks_alone(lines):
    remove = configure_logging(logs(), lines)
    other = io.StringIO()
    logger.add(other, format="{message}")
    remove()
    logger.info("later")
    assert (lines.getvalue(), other.getvalue()) == ("", "later\n")
