"""What the documents show runs as it stands, and the page on the API leaves no public name out."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import autotrader.execution
from autotrader.cli import _parser  # noqa: PLC2701
from autotrader.execution import ExecutionConfig, ExecutionEngine
from autotrader.execution.adapters.paper import paper_settings
from autotrader.execution.facades import BaseBrokerAdapter, OrderManager, ResiliencyManager
from autotrader.execution.kill_switch import KillSwitch
from autotrader.execution.summary import RunSummary
from autotrader.execution.tickets import Ticket
from autotrader.simulator.fault_script import load_faults

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LIMIT_S = 60
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: where it begins, its language, its text."""

    where: str
    language: str
    text: str


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(f"{page.relative_to(ROOT)}:{line}", found[1], found[2])


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def of_language(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def run(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run an example in a process, a home and a folder of its own."""
    names = ("PATH", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    env = {name: os.environ[name] for name in names if name in os.environ}
    env |= {"HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", text]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=LIMIT_S, check=False)


@pytest.mark.parametrize("block", of_language("python"), ids=lambda block: block.where)
def test_an_example_runs(block: Block, tmp_path: Path) -> None:
    done = run(block.text, tmp_path)
    assert done.returncode == 0, f"{block.where}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, f"{block.where}\n{done.stderr}"


def test_an_example_that_is_wrong_would_be_noticed(tmp_path: Path) -> None:
    assert run("from autotrader.execution import NoSuchName", tmp_path).returncode != 0
    assert run("import threading; threading.Thread(target=lambda: 1 / 0).start()", tmp_path).stderr.count("Traceback") == 1


@pytest.mark.parametrize("block", of_language("toml"), ids=lambda block: block.where)
def test_a_file_that_is_shown_is_a_file_that_is_taken(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "shown.toml"
    file.write_text(block.text, encoding="utf-8")
    if "[[rules]]" in block.text:
        assert load_faults(file).rules
        paper_settings({"faults": str(file)}, ledger="unused")
    else:
        ExecutionConfig(env={}, files=[file])


def commands() -> list[tuple[str, str]]:
    lines = [(block.where, line) for block in BLOCKS if not block.language for line in block.text.splitlines()]
    return [(where, line.removeprefix("$ ")) for where, line in lines if line.removeprefix("$ ").startswith("autotrader ")]


@pytest.mark.parametrize(("where", "line"), commands())
def test_a_command_that_is_shown_is_one_that_the_program_takes(where: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    assert callable(_parser().parse_args(words[1:]).verb), where


def test_the_first_block_of_the_readme_trades_and_the_next_one_tests() -> None:
    first, second = [block.text for block in blocks_of(ROOT / "README.md")][:2]
    assert first.count("\n") == second.count("\n") == 1
    assert "scripts/run_live.py --until-fills 20" in first
    assert "pytest" in second


# ---------------------------------------------------------------- nothing is left out

API_PAGE = (ROOT / "docs" / "api" / "execution.md").read_text(encoding="utf-8")


def members(one: type) -> list[str]:
    """Return the public methods and properties that a class defines, its parents' own ones included."""
    found = [name for name, _ in inspect.getmembers(one, lambda value: callable(value) or isinstance(value, property))]
    return [name for name in found if not name.startswith("_")]


def is_mentioned(name: str, text: str) -> bool:
    return re.search(rf"`{re.escape(name)}\b", text) is not None


def section(title: str) -> str:
    """Return the part of the page under a heading, up to the next of its rank."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", API_PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/api/execution.md has no section {title}"
    return found[1]


@pytest.mark.parametrize("name", autotrader.execution.__all__)
def test_every_public_name_has_its_section(name: str) -> None:
    titles = set(re.findall(r"^## (.+)$", API_PAGE, re.MULTILINE))
    assert name in titles, f"docs/api/execution.md has no section {name}"


@pytest.mark.parametrize(
    ("title", "one"),
    [("ExecutionEngine", ExecutionEngine), ("Ticket", Ticket), ("KillSwitch", KillSwitch), ("OrderManager", OrderManager),
     ("ResiliencyManager", ResiliencyManager), ("Adapters", BaseBrokerAdapter), ("ExecutionConfig", ExecutionConfig)],
)  # fmt: skip
def test_every_public_method_is_described(title: str, one: type) -> None:
    text = section(title).replace(f"`{title}.", "`")
    missing = [name for name in members(one) if not is_mentioned(name, text)]
    assert not missing, f"docs/api/execution.md does not mention {', '.join(missing)} of {title}"


def test_every_field_of_a_summary_is_described() -> None:
    missing = [name for name in RunSummary.__struct_fields__ if not is_mentioned(name, section("RunSummary"))]
    assert not missing


def test_every_error_is_described() -> None:
    from autotrader import errors

    missing = [name for name in errors.__all__ if not is_mentioned(name, section("Errors"))]
    assert not missing


def test_a_name_that_is_not_described_would_be_noticed() -> None:
    assert not is_mentioned("connect", "`disconnect()` and connect, `connected`")
    assert is_mentioned("connect", "| `connect(timeout_s)` |")
