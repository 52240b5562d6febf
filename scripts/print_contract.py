"""Run the adapter contract against every venue and write what holds where into docs/venues.md.

``python scripts/print_contract.py`` runs the suite, on two cores; with ``--results FILE`` it prints what an earlier run with
``CONTRACT_JSON=FILE`` has left. Exit code 1 when a case failed; the page says which.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "tests" / "contract"
PAGE = ROOT / "docs" / "venues.md"
LONGEST_S = 600

Outcomes = dict[str, dict[str, str]]

HEAD = """# Venues

What every adapter is held to, and what holds at which venue. Each line is a test in `tests/contract/`, run against the public
`BaseBrokerAdapter` and, behind it, a venue that keeps its own truth: the paper venue in the process, the others from
`autotrader simulate`. After every case the same check follows: our orders, fills (ids, quantities, prices, fees), positions and
balances equal the venue's ledger to the last digit, no intent has two orders there, and nothing is left in doubt.

**holds**: seen in the run that wrote this page · **failed**: it does not · **not offered**: the venue has no such thing, for
the reason noted at the end.

This page is written by `python scripts/print_contract.py`, and not by hand. A venue joins with a kit (`tests/contract/kit.py`
says what that is) and one line in `tests/contract/conftest.py`.
"""


def run_suite() -> Outcomes:
    """Run the contract in two processes and return case to venue to outcome."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outcomes.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", str(CONTRACT)]
        command.append(f"--ignore={CONTRACT / 'test_the_list.py'}")
        subprocess.run(command, cwd=ROOT, env={**os.environ, "CONTRACT_JSON": str(file)}, check=False, timeout=LONGEST_S)
        outcomes: Outcomes = json.loads(file.read_text())
        return outcomes


@cache
def known_cases() -> list[tuple[str, Any]]:
    """Return (theme, case) of every case there is, by number."""
    sys.path.insert(0, str(ROOT / "tests"))
    cases = import_module("contract.cases")
    themes: dict[int, str] = {}
    for file in sorted(CONTRACT.glob("test_*.py")):
        before = set(cases.CASES)
        text = import_module(f"contract.{file.stem}").__doc__ or file.stem
        themes |= dict.fromkeys(set(cases.CASES) - before, text)
    return [(themes[number], cases.CASES[number]) for number in sorted(cases.CASES)]


def page_of(outcomes: Outcomes) -> str:
    """Return the page."""
    label = import_module("contract.cases").label
    venues = sorted({venue for told in outcomes.values() for venue in told})
    notes: dict[str, int] = {}
    lines, theme = [HEAD, _counts(outcomes, venues)], ""
    for told, case in known_cases():
        if told != theme:
            theme = told
            lines += ["", f"## {theme.splitlines()[0].rstrip('.')}", "", f"| case | name | expected | {' | '.join(venues)} |"]
            lines.append("|---" * (3 + len(venues)) + "|")
        cells = [_cell(outcomes.get(label(case.number), {}).get(venue, "not run"), notes) for venue in venues]
        lines.append(f"| {label(case.number)} | {case.name} | {case.expected} | {' | '.join(cells)} |")
    lines += ["", "## Not offered", ""] + [f"{number}. {reason}" for reason, number in notes.items()]
    return "\n".join(lines) + "\n"


def _counts(outcomes: Outcomes, venues: list[str]) -> str:
    told = []
    for venue in venues:
        cells = [by_venue[venue] for by_venue in outcomes.values() if venue in by_venue]
        missing = sum(cell.startswith("not offered") for cell in cells)
        told.append(f"{venue}: {cells.count('holds')} hold, {cells.count('failed')} failed, {missing} not offered")
    return " · ".join(told)


def _cell(outcome: str, notes: dict[str, int]) -> str:
    if not outcome.startswith("not offered: "):
        return outcome
    reason = outcome.removeprefix("not offered: ")
    return f"not offered ({notes.setdefault(reason, len(notes) + 1)})"


def main() -> int:
    """Write the page and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--results", type=Path, help="outcomes of an earlier run, instead of a run now")
    arguments = parser.parse_args()
    outcomes = json.loads(arguments.results.read_text()) if arguments.results else run_suite()
    cases = known_cases()
    PAGE.write_text(page_of(outcomes))
    failed = [f"{number} at {venue}" for number, told in outcomes.items() for venue, cell in told.items() if cell == "failed"]
    print(f"{PAGE.relative_to(ROOT)}: {len(cases)} cases; {', '.join(failed) or 'none'} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
