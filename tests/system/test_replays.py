"""Every recording through the launcher, with every example strategy; skipped where there are no recordings."""

import sqlite3
from pathlib import Path

import pytest
from launcher_kit import EXAMPLES, ROOT, books_agree, launch, verb

RECORDINGS = ROOT.parent / "shared" / "market-data"
TAPES = {
    "btcusdt-trades-2021-01-08.csv": (), "btcusdt-quotes-2021-01-08.csv": (), "usdjpy-ticks-2013-01.csv": (),
    "eurusd-ticks-2020-01-01.csv": (), "gbpusd-1m-2012-02.csv": (), "btc-perp-1m-2022-01.csv": (),
}
LONG = {"gbpusd-1m-2012-02.csv": 120, "btc-perp-1m-2022-01.csv": 120, "eurusd-ticks-2020-01-01.csv": 800}
STRATEGIES = ("MovingAverageCross", "MeanReversion", "TwoSidedQuoting")

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"the recordings are not at {RECORDINGS}")


def tape_of(name: str, folder: Path) -> str:
    """Return the recording, the first rows of a long one under the same name: a month of minutes is for the benchmark."""
    source = RECORDINGS / name
    if name not in LONG:
        return str(source)
    folder.mkdir(parents=True, exist_ok=True)
    short = folder / name
    with source.open() as whole:
        short.write_text("".join(line for line, _ in zip(whole, range(LONG[name]), strict=False)))
    return str(short)


@pytest.mark.parametrize("tape", TAPES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_recording_runs_to_its_end_and_clean(tape: str, strategy: str, tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    run = launch(journal, "--replay", tape_of(tape, tmp_path), "--speed", "max", "--strategy", f"{EXAMPLES}:{strategy}")
    assert run.process.returncode == 0, run.said
    summary = run.summary
    assert (summary["ended"], summary["clean"]) == ("tape_end", True)
    assert summary["unknown"] == 0
    orders, fills = books_agree(journal)
    assert orders >= summary["orders"] > 0
    assert fills == summary["fills"] > 0


def events(journal: Path) -> list[tuple[str, str, str]]:
    database = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        return [tuple(row) for row in database.execute("SELECT kind, payload, hex(hash) FROM events ORDER BY seq")]
    finally:
        database.close()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_tape_and_seed_give_the_same_journal_twice(strategy: str, tmp_path: Path) -> None:
    tape = str(RECORDINGS / "btcusdt-trades-2021-01-08.csv")
    told = []
    for number in ("one", "two"):
        journal = tmp_path / number / "j.db"
        run = launch(journal, "--replay", tape, "--speed", "max", "--strategy", f"{EXAMPLES}:{strategy}", "--set", "ids.seed=5",
                     "--set", "venues.paper.latency_ms=20", "--set", "venues.paper.reject_probability=0.1")
        assert run.process.returncode == 0, run.said
        told.append(events(journal))
    assert len(told[0]) > 10
    assert told[0] == told[1]


def test_a_replay_runs_n_times_as_fast(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    run = launch(journal, "--replay", str(RECORDINGS / "btcusdt-quotes-2021-01-08.csv"), "--speed", "40")
    assert run.process.returncode == 0, run.said
    assert run.summary["ended"] == "tape_end"
    assert books_agree(journal)[1] > 0
    assert verb("verify", journal=journal)["ok"] is True
