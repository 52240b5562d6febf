"""The codec is pure: it may be read, tested and fuzzed without a network, a thread or a clock."""

from __future__ import annotations

import ast
from pathlib import Path

from autotrader.execution.adapters.binance import codec

FOLDER = Path(codec.__file__).parent
FORBIDDEN = {
    "asyncio", "binance", "http", "ibapi", "loguru", "pykka", "random", "requests", "socket", "threading", "time", "urllib3",
    "websocket",
}


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module.split(".")[0])
    return found


def test_no_module_imports_what_is_not_pure() -> None:
    assert {path.name: bad for path in FOLDER.glob("*.py") if (bad := imports_of(path) & FORBIDDEN)} == {}


def test_cryptography_is_imported_only_when_a_key_needs_it() -> None:
    tree = ast.parse((FOLDER / "signing.py").read_text())
    top = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert not any(name is not None and name.startswith("cryptography") for name in top)


def test_everything_public_is_there() -> None:
    assert sorted(codec.__all__, key=lambda name: (not name.isupper(), name)) == list(codec.__all__)
    assert all(hasattr(codec, name) for name in codec.__all__)
