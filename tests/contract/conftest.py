"""Every case against every venue: ``desk`` is a connected adapter, and the books are compared when the case is over.

With ``CONTRACT_JSON=FILE`` the outcomes are written to a file, for ``scripts/print_contract.py``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.binance_venue import BinanceKit
from contract.cases import label
from contract.desk import Desk
from contract.ibkr_venue import IbkrKit
from contract.kit import VenueKit
from contract.paper_venue import PaperKit

from autotrader.oms import evidence

KITS: dict[str, Callable[[], VenueKit]] = {"binance": BinanceKit, "ibkr": IbkrKit, "paper": PaperKit}
"""A venue joins the contract by one line here: its name, and what makes its kit."""
SPAN_NS = 2_000_000_000
"""Over how long a time absence and life are shown, instead of ten seconds: one case waits for all of them (``real_time``)."""
_outcomes: dict[str, dict[str, str]] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a case once per venue."""
    if "desk" in metafunc.fixturenames:
        metafunc.parametrize("venue", sorted(KITS), scope="session")


@pytest.fixture(scope="session")
def kits() -> Iterator[dict[str, VenueKit]]:
    """Make each venue once per process."""
    made: dict[str, VenueKit] = {}
    yield made
    for kit in made.values():
        kit.close()


@pytest.fixture
def desk(
    request: pytest.FixtureRequest, venue: str, kits: dict[str, VenueKit], tmp_path: Path,
    record_property: Callable[[str, Any], None], monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    """Return a connected adapter, or pass the case over with the reason why the venue has no such thing."""
    case, options = request.node.get_closest_marker("contract").args
    record_property("case", label(case.number))
    record_property("venue", venue)
    kit = kits.get(venue) or kits.setdefault(venue, KITS[venue]())
    for need in case.needs:
        if need in kit.capabilities.missing:
            pytest.skip(f"not offered: {kit.capabilities.missing[need]}")
    options = dict(options)
    if not options.pop("real_time", False):
        monkeypatch.setattr(evidence, "SPAN_NS", SPAN_NS)
    held = Desk(kit, tmp_path, **options)
    try:
        held.connect()
        kit.begin()
        yield held
        kit.clear_faults()
        held.agree()
        held.close()
        kit.end()
    except BaseException:
        held.abandon()
        kit.close()
        raise


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the cases that wait longest, so that no process is left with one at the end."""
    items.sort(key=lambda item: not any(mark.args[1].get("real_time") for mark in item.iter_markers("contract")))


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker that ``contract.cases.case`` sets."""
    config.addinivalue_line("markers", "contract: a numbered case of the adapter contract")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather outcomes; a failure anywhere in a case is the case's."""
    facts = dict(report.user_properties)
    if "case" not in facts:
        return
    outcomes, venue = _outcomes.setdefault(str(facts["case"]), {}), str(facts["venue"])
    if report.failed:
        outcomes[venue] = "failed"
    elif report.skipped and isinstance(report.longrepr, tuple):
        outcomes[venue] = report.longrepr[2].removeprefix("Skipped: ")
    elif report.when == "call":
        outcomes[venue] = "holds"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the outcomes, once, by the process that gathered them all."""
    file = os.environ.get("CONTRACT_JSON")
    if file and not hasattr(session.config, "workerinput"):
        Path(file).write_text(json.dumps(_outcomes, indent=1, sort_keys=True))
