import base64
import copy
import json
import os
import pickle
import urllib.parse

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.errors import KeyringLocked

from autotrader.errors import ConfigError
from autotrader.secrets import KnownValues, Secret, is_reference, read_secret, redact

CANARY = "canary:s3cret/+&=%41"


@pytest.fixture
def secret():
    return Secret(CANARY)


@pytest.fixture
def safe(tmp_path):
    tmp_path.chmod(0o700)
    place = tmp_path / "key"
    place.write_text(CANARY + "\n")
    place.chmod(0o600)
    return place


def test_secret_shows_stars_in_every_form(secret):
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>10}", secret + "", "".join([secret]), json.dumps({"k": secret})]
    shown += [repr([secret]), repr(pickle.dumps(secret)), pickle.loads(pickle.dumps(secret)), format(secret), ascii(secret)]
    assert not [text for text in shown if "canary" in text]
    assert all("***" in text for text in shown if isinstance(text, str))
    assert secret.reveal() == CANARY


def test_secret_cannot_be_encoded_by_mistake(secret):
    with pytest.raises(TypeError):
        msgspec.json.encode({"k": secret})


def test_copies_keep_the_value(secret):
    assert copy.copy(secret).reveal() == copy.deepcopy([secret])[0].reveal() == CANARY


def test_secrets_are_equal_by_value_and_never_equal_text(secret):
    assert secret == Secret(CANARY)
    assert hash(secret) == hash(Secret(CANARY))
    assert secret != Secret("another-value")
    assert secret != "***"
    assert secret != CANARY


def test_secret_has_no_dictionary_to_dump(secret):
    with pytest.raises(TypeError):
        vars(secret)


FORMS = {
    "plain": str,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "HEX": lambda value: value.encode().hex().upper(),
    "URL": lambda value: urllib.parse.quote(value, safe=""),
    "form": urllib.parse.quote_plus,
    "JSON": lambda value: json.dumps(value)[1:-1],
    "repr": lambda value: repr(value)[1:-1],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_known_value_is_redacted(secret, form):
    text = FORMS[form](CANARY)
    assert redact(f"<{text}>").replace("=", "") == "<***>"


VALUES = st.text(min_size=8, max_size=40, alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]))


@given(VALUES, st.sampled_from(sorted(FORMS)))
def test_no_known_value_survives_redaction(value, form):
    values = KnownValues()
    values.add(value)
    assert FORMS[form](value).rstrip("=") not in values.redact(f"a {FORMS[form](value)} b")


@given(st.text(max_size=9), st.binary(min_size=12, max_size=30).map(lambda raw: raw.hex()))
def test_value_inside_a_longer_base64_text_is_redacted(before, value):
    values = KnownValues()
    values.add(value)
    whole = base64.b64encode(f"{before}:{value}:after".encode()).decode()
    cleaned = values.redact(whole)
    assert "***" in cleaned
    assert len(cleaned) < len(whole) - len(value)


def test_each_long_line_of_a_key_is_redacted():
    lines = ["-----BEGIN KEY-----", "MHcCAQEEIIGlRHQqlBQsvBVPiWvI", "AoGCCqGSM49AwEHoUQDQgAE1234", "-----END KEY-----"]
    Secret("\n".join(lines))
    assert redact(f"line {lines[1]} and {lines[2]}") == "line *** and ***"
    assert redact(lines[0]) == lines[0]


def test_longer_values_are_cleaned_before_those_inside_them():
    Secret("abcdefgh")
    Secret("abcdefghijkl")
    assert redact("abcdefghijkl") == "***"


def test_text_without_secrets_is_left_alone():
    assert redact("order accepted at 0.1") == "order accepted at 0.1"


def test_short_values_do_not_blank_ordinary_text():
    Secret("ok")
    assert redact("ok then") == "ok then"


# ---------------------------------------------------------------- where they come from


PLACES = [("env:X", True), ("file:/a b", True), ("keyring:a/b", True), ("abc", False), ("env:", False)]


@pytest.mark.parametrize(("text", "yes"), PLACES)
def test_references_are_told_from_values(text, yes):
    assert is_reference(text) is yes


def test_file_is_read_without_its_line_end(safe):
    got = read_secret(f"file:{safe}")
    assert (got.reveal(), got.source) == (CANARY, f"file:{safe}")


def test_rotated_file_is_read_anew(safe):
    read_secret(f"file:{safe}")
    safe.write_text("another-canary")
    assert read_secret(f"file:{safe}").reveal() == "another-canary"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666, 0o777])
def test_file_that_others_can_get_at_is_refused(safe, mode):
    safe.chmod(mode)
    with pytest.raises(ConfigError, match=f"has mode {mode:04o}.*chmod 600 {safe}"):
        read_secret(f"file:{safe}", what="venues.okx.api_key")


def test_folder_that_others_can_get_at_is_refused(safe):
    safe.parent.chmod(0o755)
    with pytest.raises(ConfigError, match=f"chmod 700 {safe.parent}"):
        read_secret(f"file:{safe}")


def test_file_of_another_user_is_refused(safe, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(ConfigError, match="belongs to another user"):
        read_secret(f"file:{safe}")


def test_link_folder_pipe_and_nothing_are_refused(safe):
    link = safe.parent / "link"
    link.symlink_to(safe)
    pipe = safe.parent / "pipe"
    os.mkfifo(pipe, 0o600)
    for place in (link, pipe, safe.parent, safe.parent / "none"):
        with pytest.raises(ConfigError):
            read_secret(f"file:{place}")


@pytest.mark.parametrize("raw", [b"\xff\xfe\xfa\xfb", b"", b"abc"])
def test_file_that_holds_no_secret_is_refused(safe, raw):
    safe.write_bytes(raw)
    with pytest.raises(ConfigError):
        read_secret(f"file:{safe}")


def test_variable_is_read_and_a_missing_one_is_named():
    assert read_secret("env:KEY", {"KEY": CANARY}).reveal() == CANARY
    with pytest.raises(ConfigError, match="the environment has no OTHER"):
        read_secret("env:OTHER", {"KEY": CANARY})


def test_value_in_place_of_a_reference_is_refused_without_showing_it():
    with pytest.raises(ConfigError) as caught:
        read_secret(CANARY)
    assert CANARY not in str(caught.value)


@pytest.fixture
def keyring(monkeypatch):
    import keyring
    import keyring.backend

    class Fake(keyring.backend.KeyringBackend):
        priority = 1
        answer = CANARY

        def get_password(self, service, username):
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer if (service, username) == ("autotrader", "okx/key") else None

        def set_password(self, service, username, password):
            raise NotImplementedError

        def delete_password(self, service, username):
            raise NotImplementedError

    before, fake = keyring.get_keyring(), Fake()
    keyring.set_keyring(fake)
    yield fake
    keyring.set_keyring(before)


def test_keyring_is_read(keyring):
    assert read_secret("keyring:autotrader/okx/key").reveal() == CANARY


def test_keyring_without_the_entry_says_how_to_add_it(keyring):
    with pytest.raises(ConfigError, match="keyring set autotrader other"):
        read_secret("keyring:autotrader/other")
    with pytest.raises(ConfigError, match="must read keyring:service/name"):
        read_secret("keyring:autotrader")


def test_locked_keyring_is_an_error_of_configuration(keyring):
    keyring.answer = KeyringLocked("locked")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_secret("keyring:autotrader/okx/key")
