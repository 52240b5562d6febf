import json
import pickle

import pytest

from autotrader.config import load_settings
from autotrader.errors import ConfigError
from autotrader.secrets import Secret

CANARY = "canary-of-config-51"
ON = {"AUTOTRADER__VENUES__BINANCE__ENABLED": "true"}


@pytest.fixture
def key_file(tmp_path):
    tmp_path.chmod(0o700)
    place = tmp_path / "key"
    place.write_text(f"{CANARY}\n")
    place.chmod(0o600)
    return place


def load(*sets, files=(), env=None, **kwargs):
    return load_settings(files, {**ON, **(env or {})}, sets, **kwargs)


def binance(settings):
    return settings.venues["binance"]


def test_secret_is_read_from_its_file(key_file):
    secret = binance(load(f"venues.binance.api_key=file:{key_file}")).secret("api_key")
    assert secret.reveal() == CANARY


def test_secret_is_read_from_a_named_variable():
    settings = load("venues.binance.api_key=env:MY_KEY", env={"MY_KEY": CANARY})
    assert binance(settings).secret("api_key").reveal() == CANARY


@pytest.mark.parametrize("value", [CANARY, "123456789", "0x1f", f'"{CANARY}"'])
def test_secret_may_stand_in_the_environment_and_digits_stay_text(value):
    settings = load(env={"AUTOTRADER__VENUES__BINANCE__PASSPHRASE": value})
    assert binance(settings).secret("passphrase").reveal() == value.strip('"')


def test_secret_may_come_from_code():
    settings = load(extra=[("ready file", {"venues": {"binance": {"api_secret": CANARY, "rest": "http://127.0.0.1:1"}}})])
    assert binance(settings).secret("api_secret").reveal() == CANARY
    assert binance(settings).options["rest"] == "http://127.0.0.1:1"


KEYS = ["api_key", "api_secret", "secret", "passphrase", "password", "token", "private_key", "secret_key"]


@pytest.mark.parametrize("key", KEYS)
def test_secret_on_the_command_line_is_refused_and_not_repeated(key):
    with pytest.raises(ConfigError, match="every process of this machine") as caught:
        load(f"venues.binance.{key}={CANARY}")
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None or CANARY not in repr(caught.value.__cause__)


def test_secret_in_a_file_of_settings_is_refused_and_not_repeated(tmp_path):
    place = tmp_path / "my.toml"
    place.write_text(f'[venues.binance]\napi_key = "{CANARY}"')
    with pytest.raises(ConfigError, match="holds the secret itself") as caught:
        load(files=[place])
    assert CANARY not in str(caught.value)


def test_secret_that_is_no_text_is_refused():
    with pytest.raises(ConfigError, match="must be text"):
        load(extra=[("code", {"venues": {"binance": {"api_key": 5}}})])


def test_missing_secret_names_its_place():
    with pytest.raises(ConfigError, match=r"venues\.binance\.api_key: the environment has no MY_KEY"):
        load("venues.binance.api_key=env:MY_KEY")


def test_secrets_of_a_venue_that_is_off_are_not_read():
    settings = load_settings(sets=["venues.okx.api_key=env:NOT_THERE"], env={})
    assert settings.venues["okx"].secret("api_key") is None
    assert settings.venues["okx"].options["api_key"] == "env:NOT_THERE"


def test_reading_can_be_left_out():
    settings = load("venues.binance.api_key=env:NOT_THERE", read_secrets=False)
    assert binance(settings).options["api_key"] == "env:NOT_THERE"


def test_key_named_otherwise_is_no_secret():
    assert binance(load("venues.binance.key_name=organizations/1")).options["key_name"] == "organizations/1"


def test_no_form_of_the_settings_shows_a_secret(key_file):
    settings = load(f"venues.binance.api_key=file:{key_file}", f"alerts.urls=['file:{key_file}']", "mode=TESTNET")
    shown = [settings.echo(), repr(settings), str(settings), json.dumps(settings.tree(), default=str)]
    shown += [settings.model_dump_json(), str(settings.model_dump()), repr(pickle.dumps(settings.model_dump()))]
    shown += [repr(settings.venues["binance"].options)]
    assert not [text for text in shown if CANARY in text]
    assert "venues.binance.api_key = ***" in settings.echo()


def test_alert_urls_are_hidden_and_can_be_revealed():
    settings = load(env={"AUTOTRADER__ALERTS__URLS": f"['tgram://{CANARY}/1']"})
    assert CANARY not in settings.echo()
    assert settings.alerts.revealed == (f"tgram://{CANARY}/1",)
    assert isinstance(settings.alerts.urls[0], Secret)


def test_alert_url_with_a_token_on_the_command_line_is_refused_but_a_local_one_is_taken():
    with pytest.raises(ConfigError, match="such a URL holds a token") as caught:
        load(f"alerts.urls=['tgram://{CANARY}/1']")
    assert CANARY not in str(caught.value)
    assert load("kill.urls=json://127.0.0.1:9/x").kill.revealed == ("json://127.0.0.1:9/x",)


def test_a_wrong_value_beside_a_secret_does_not_show_it():
    with pytest.raises(ConfigError) as caught:
        load("venues.binance.deadline_s=never", env={"AUTOTRADER__VENUES__BINANCE__API_KEY": CANARY})
    assert CANARY not in str(caught.value)
