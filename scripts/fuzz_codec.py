#!/usr/bin/env python3
"""Fuzz Binance's codec: bodies bent out of shape into every entry point, until time or runs are over.

    python scripts/fuzz_codec.py [--runs N] [--seconds S] [--seed N] [--atheris]

Without ``--atheris`` a random mutator works on recorded payloads (tests/binance_payloads) and on what was found before
(tests/fuzz/corpus); a seed names every body. With it (``pip install -e '.[fuzz]'``) coverage guides what is kept, in a folder
that goes away. A body that breaks a promise (tests/fuzz/checks.py) is written to tests/fuzz/corpus, where the tests find it.
Ends with 1 if there is one.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
SLOW_S = 1.0
LONGEST = 20_000


def bodies() -> list[bytes]:
    """Return what to start from: recorded payloads of a handy size, and the corpus."""
    from binance_payloads import EVERY_BODY

    found = [*EVERY_BODY.values(), *(path.read_bytes() for path in sorted(CORPUS.iterdir()))]
    return [body for body in found if len(body) < LONGEST]


def keep(body: bytes, error: BaseException) -> None:
    """Say what broke, and keep the body for the tests."""
    name = f"found-{hashlib.sha256(body).hexdigest()[:12]}"
    (CORPUS / name).write_bytes(body)
    print(f"{type(error).__name__}: {str(error)[:300]}\n  {body[:300]!r}\n  kept as {CORPUS / name}", flush=True)


def plain(runs: int, seconds: float, seed: int) -> int:
    """Mutate and check; return how many bodies broke a promise (one for each place that broke)."""
    from fuzz.checks import check_everything
    from fuzz.mutations import mutate

    seeds, places, done, slowest = bodies(), set(), 0, 0.0
    began = time.monotonic()
    while (not runs or done < runs) and time.monotonic() - began < seconds:
        rng = Random(seed + done)
        body = mutate(rng, rng.choice(seeds), seeds)
        started = time.monotonic()
        try:
            check_everything(body)
        except Exception as error:  # noqa: BLE001 - any error is a finding
            place = last_place(error)
            if place not in places:
                places.add(place)
                keep(body, error)
        slowest = max(slowest, time.monotonic() - started)
        done += 1
    spent = time.monotonic() - began
    print(f"{done:,} bodies in {spent:.0f} s ({done / spent:,.0f}/s) from seed {seed}, the slowest {slowest * 1e3:.0f} ms,"
          f" {len(places)} findings")
    return len(places)


def last_place(error: BaseException) -> tuple[str, str, int]:
    """Return where an error came from, so that one defect is told once."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = ("", 0) if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return (type(error).__name__, *where)


def guided(runs: int, seconds: float, seed: int) -> int:
    """Let atheris guide; it ends the process itself, so this does not return."""
    import atheris

    with atheris.instrument_imports(include=["autotrader.execution.adapters.binance.codec"]):
        import autotrader.execution.adapters.binance.codec  # noqa: F401
    from fuzz.checks import check_everything
    from fuzz.mutations import mutate

    seeds = bodies()

    def one(body: bytes) -> None:
        try:
            check_everything(body)
        except Exception as error:
            keep(body, error)
            raise

    def bend(body: bytes, longest: int, draw: int) -> bytes:
        rng = Random(draw)
        return bytes(atheris.Mutate(body, longest)) if rng.random() < 0.3 else mutate(rng, body, seeds)[:longest]

    with tempfile.TemporaryDirectory(prefix="fuzz-codec-") as folder:
        for body in seeds:
            (Path(folder) / hashlib.sha256(body).hexdigest()[:16]).write_bytes(body)
        words = [sys.argv[0], f"-max_total_time={int(seconds)}", f"-max_len={LONGEST}", f"-seed={seed or 1}", "-timeout=5",
                 "-rss_limit_mb=2048", f"-artifact_prefix={folder}/", "-print_final_stats=1", folder]
        atheris.Setup(words if not runs else [*words[:1], f"-atheris_runs={runs}", *words[1:]], one, custom_mutator=bend)
        atheris.Fuzz()
    return 0


def main() -> int:
    """Fuzz as the words say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=0, help="stop after so many bodies (0: by time alone)")
    parser.add_argument("--seconds", type=float, default=60.0, help="stop after so many seconds")
    parser.add_argument("--seed", type=int, default=0, help="the first body's seed")
    parser.add_argument("--atheris", action="store_true", help="guide by coverage (needs the extra 'fuzz')")
    given = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    found = (guided if given.atheris else plain)(given.runs, given.seconds, given.seed)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
