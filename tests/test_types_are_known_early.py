"""msgspec learns a struct's fields at its first use, without a lock: two threads there at once crash the process.

So decoders are made at the top of a module, and what ``msgspec.convert`` makes is a ``prepared`` type.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autotrader

PACKAGE = Path(autotrader.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
PLAIN = {"dict", "list", "str", "int", "Any", "Raw", "msgspec"}


def late_uses(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and type of each struct that is read by name inside a function, unless it is prepared where it is defined."""
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        for call in (one for one in ast.walk(function) if isinstance(one, ast.Call)):
            name = ast.unparse(call.func)
            wanted = [word.value for word in call.keywords if word.arg == "type"] if name.endswith(".decode") else []
            if name == "msgspec.convert":
                wanted = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "type")]
            elif name.endswith(".Decoder"):
                wanted = call.args[:1]
            for kind in wanted:
                named = {one.id for one in ast.walk(kind) if isinstance(one, ast.Name)}
                for other in sorted(named - PLAIN - PREPARED):
                    yield call.lineno, other


def prepared_types() -> set[str]:
    decorated = (one for file in FILES for one in ast.walk(ast.parse(file.read_text())) if isinstance(one, ast.ClassDef))
    return {one.name for one in decorated if any(ast.unparse(mark) == "prepared" for mark in one.decorator_list)}


PREPARED = prepared_types() | {"cls", "kind", "_Marks"}  # a classmethod's own type, ``prepared`` itself, a plain dict


@pytest.mark.parametrize("text", [
    "def f(x):\n    return msgspec.json.decode(x, type=Struct)",
    "def f(x):\n    return msgspec.convert(x, Struct, strict=False)",
    "def f(x):\n    return msgspec.json.Decoder(list[Struct])",
])
def test_the_check_finds_what_it_looks_for(text: str) -> None:
    assert [kind for _, kind in late_uses(text)] == ["Struct"]


def test_no_struct_is_first_looked_at_in_a_thread() -> None:
    found = [f"{file.relative_to(PACKAGE)}:{line} {kind}" for file in FILES for line, kind in late_uses(file.read_text())]
    assert not found


RACE = """
import sys, threading
sys.setswitchinterval(1e-6)
from autotrader.execution.rearm_request import read_rearm, rearm_path, request_rearm
request_rearm("j.db", "all", "drill", "test")
start = threading.Barrier(8)
def read():
    start.wait()
    assert read_rearm("j.db").reason == "drill"
threads = [threading.Thread(target=read) for _ in range(8)]
for one in threads:
    one.start()
for one in threads:
    one.join()
"""


def test_a_rearm_is_read_by_several_threads_at_once(tmp_path: Path) -> None:
    for _ in range(5):
        race = [sys.executable, "-c", RACE]
        done = subprocess.run(race, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
