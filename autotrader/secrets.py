"""Secrets: a type that never shows itself, the places where keys come from, and redaction by known value.

A reference says where a secret lies, in the order of preference (OWASP secrets management): ``keyring:service/name``,
``file:/path`` (mode 0600 in a directory of mode 0700, both ours), ``env:NAME``.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import re
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from autotrader.errors import ConfigError

__all__ = ["STARS", "KnownValues", "Secret", "is_reference", "known", "read_secret", "redact"]

STARS = "***"
SHORTEST = 4
LARGEST_FILE = 65_536
REFERENCE = re.compile(r"(keyring|file|env):(.+)", re.DOTALL)


class Secret(str):
    """A value that reads as ``***`` in text, formatting, JSON and pickles; only ``reveal()`` gives it.

    Two secrets are equal when their values are (compared in constant time); a secret never equals plain text.
    Making one registers its value for redaction. Any thread.
    """

    __slots__ = ("_value", "source")

    _value: str
    source: str

    def __new__(cls, value: str, source: str = "") -> Secret:
        """Take the value, and the reference that it was read from."""
        made = super().__new__(cls, STARS)
        made._value, made.source = value, source
        known.add(value)
        return made

    def reveal(self) -> str:
        """Return the value, for the one line that signs or sends it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({STARS})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return (str, (STARS,))

    def __reduce_ex__(self, _protocol: object) -> tuple[type[str], tuple[str]]:
        return self.__reduce__()

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self


class KnownValues:
    """Every secret value met in this process, and the forms that it takes in URLs, headers and dumps. Any thread."""

    __slots__ = ("_forms", "_lock", "_pattern")

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def add(self, value: str) -> None:
        """Redact ``value`` from now on, with its base64, hex and URL-encoded forms, and each long line of it.

        Listen keys and session tokens are secrets too; what is new with each request (a signature) has no place here, since
        nothing is ever forgotten, but in no log line either. A value under four characters is not taken: it would
        blank ordinary text.
        """
        if len(value) < SHORTEST:
            return
        forms = {form for part in _parts(value) for form in _forms(part) if len(form) >= SHORTEST}
        with self._lock:
            if not forms <= self._forms:
                self._forms |= forms
                self._pattern = None

    def redact(self, text: str) -> str:
        """Return ``text`` with every known value replaced by ``***``, longer ones first."""
        if not self._forms:
            return text
        return (self._pattern or self._compile()).sub(STARS, text)

    def _compile(self) -> re.Pattern[str]:
        with self._lock:
            pattern = self._pattern = re.compile("|".join(map(re.escape, sorted(self._forms, key=len, reverse=True))))
        return pattern


def _parts(value: str) -> Iterator[str]:
    yield value
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= 16 and not line.startswith("-----"))


def _forms(value: str) -> Iterator[str]:
    raw = value.encode()
    yield from (value, repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    yield from (raw.hex(), raw.hex().upper())
    yield from (quote(value, safe=""), quote(value), quote_plus(value))
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        yield encoded.decode().rstrip("=")
    for shift in (1, 2):  # inside a longer text, such as "key:secret", the letters fall on other borders
        core = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")[shift + 1 :]
        yield from (core[:-1], core[:-1].translate(str.maketrans("+/", "-_")))
    yield base64.b64encode(raw).decode().rstrip("=")[:-1]


known = KnownValues()


def redact(text: str) -> str:
    """Return ``text`` without any secret value known in this process."""
    return known.redact(text)


def is_reference(text: str) -> bool:
    """Say whether ``text`` names a place to read a secret from, and is none itself."""
    return REFERENCE.fullmatch(text) is not None


def read_secret(reference: str, env: Mapping[str, str] | None = None, *, what: str = "the secret") -> Secret:
    """Read a secret from its place; call it again to take up a rotated key.

    Raises ConfigError that names the place and what to do, never the value. ``env`` defaults to the process's.
    """
    match = REFERENCE.fullmatch(reference)
    if match is None:
        raise ConfigError(f"{what} must be given as keyring:service/name, file:/path or env:NAME, not as the value itself")
    kind, place = match.groups()
    if kind == "file":
        value = _from_file(Path(place).expanduser(), what)
    elif kind == "env":
        value = _from_env(place, os.environ if env is None else env, what)
    else:
        value = _from_keyring(place, what)
    if len(value) < SHORTEST:
        raise ConfigError(f"{what} from {kind}:{place} has under {SHORTEST} characters: put the whole value there")
    return Secret(value, reference)


def _from_env(name: str, env: Mapping[str, str], what: str) -> str:
    if not env.get(name):
        raise ConfigError(f"{what}: the environment has no {name}; set it, or name another place (a 0600 file is safer)")
    return env[name]


def _from_keyring(place: str, what: str) -> str:
    service, slash, name = place.partition("/")
    if not slash or not service or not name:
        raise ConfigError(f"{what}: keyring:{place} must read keyring:service/name")
    import keyring  # noqa: PLC0415  slow to import, and seldom used
    import keyring.errors  # noqa: PLC0415

    try:
        value = keyring.get_password(service, name)
    except keyring.errors.KeyringError as error:
        raise ConfigError(f"{what}: the keyring cannot be read ({error}); unlock it, or use file:/path of mode 0600") from error
    if value is None:
        raise ConfigError(f"{what}: the keyring has no {service}/{name}; add it with: keyring set {service} {name}")
    return value


def _from_file(path: Path, what: str) -> str:
    try:
        _check_private(path.parent.stat(), path.parent, 0o700, what)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ConfigError(f"{what}: {path} cannot be opened ({error.strerror}); it must be a plain 0600 file") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{what}: {path} is not a plain file")
        _check_private(status, path, 0o600, what)
        return os.read(descriptor, LARGEST_FILE).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(f"{what}: {path} is not UTF-8 text") from None  # the error itself holds the bytes
    finally:
        os.close(descriptor)


def _check_private(status: os.stat_result, path: Path, mode: int, what: str) -> None:
    if status.st_uid != os.geteuid():
        raise ConfigError(f"{what}: {path} belongs to another user (uid {status.st_uid}); it must be yours")
    if stat.S_IMODE(status.st_mode) & 0o077:
        found = stat.S_IMODE(status.st_mode)
        raise ConfigError(f"{what}: {path} has mode {found:04o}, others can get at it; run: chmod {mode:o} {path}")
