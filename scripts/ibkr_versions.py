"""Three generations of ibapi, each in a virtual environment of its own, tell one story at a fresh simulated TWS.

``python scripts/ibkr_versions.py``: the environments are made once, from the package index, in ``--folder`` and used again.
``--adapter`` runs our adapter's own tests in each as well: those environments have all that autotrader needs, with that ibapi.
Without the index and without the environments there is nothing to try: it says so, and ends with 2.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import venv
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from simulator_kit import running  # noqa: E402

STORY = ROOT / "tests" / "simulator" / "ibkr" / "tws_story.py"
CLIENTS = (("ibapi", "9.81.1.post1", 157), ("python-ibapi-stable", "10.30.1", 178), ("ibapi-latest", "10.51.1", 178))
ADAPTER_TESTS = ("tests/execution/adapters/ibkr",)
INSTALL_S, STORY_S, ADAPTER_S = 240, 120, 900


def python_of(folder: Path, package: str, version: str, more: tuple[str, ...] = ()) -> Path | None:
    """Return the Python of an environment that has the package, made where it is not there; None when it cannot be had."""
    home = folder / f"{package}-{version}{'-whole' if more else ''}"
    python, done = home / "bin" / "python", home / "complete"
    if done.exists():
        return python
    venv.create(home, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", f"{package}=={version}", *more]
    try:
        subprocess.run(command, check=True, timeout=INSTALL_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    done.touch()
    return python


def needed() -> tuple[str, ...]:
    """Return what autotrader and its tests need, but for ibapi: two of its distributions would overwrite each other."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = f"{config['options']['install_requires']}\n{config['options.extras_require']['test']}".split()
    return tuple(line for line in lines if not line.startswith("ibapi"))


def tell(python: Path) -> tuple[int | None, str]:
    """Return the version that was spoken with a fresh venue, None with what went wrong."""
    with running("ibkr") as venue:
        command = [str(python), str(STORY), venue.ready["host"], str(venue.ready["port"])]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=STORY_S, check=False)
        except subprocess.TimeoutExpired:
            return None, f"not done after {STORY_S} s"
    return (int(ended.stdout), "") if ended.returncode == 0 else (None, ended.stderr[-2000:])


def test_adapter(python: Path) -> str:
    """Run the adapter's tests with an environment's Python, and return the last line that they said."""
    command = [str(python), "-m", "pytest", "-q", "-n", "2", *ADAPTER_TESTS]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=ADAPTER_S, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    said = ended.stdout.strip().splitlines()[-1] if ended.stdout.strip() else ended.stderr[-2000:]
    return said if ended.returncode == 0 else f"FAILED: {said}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "autotrader-ibapi")
    parser.add_argument("--adapter", action="store_true", help="run the adapter's own tests as well; some minutes each")
    arguments = parser.parse_args()
    more = needed() if arguments.adapter else ()
    return max(_try(python_of(arguments.folder, *client[:2], more), *client, whole=bool(more)) for client in CLIENTS)


def _try(python: Path | None, package: str, version: str, expected: int, *, whole: bool) -> int:
    """Try one client, say how it went, and return what it makes of the exit code."""
    if python is None:
        print(f"{package} {version}: cannot be installed; nothing was tried")
        return 2
    started = time.monotonic()
    spoken, wrong = tell(python)
    tested = test_adapter(python) if whole else ""
    said = f"speaks {spoken}" if spoken else wrong
    print(f"{package} {version}: {said}; {tested or 'the story alone'}; {time.monotonic() - started:.1f} s", flush=True)
    return 0 if spoken == expected and not tested.startswith("FAILED") else 1


if __name__ == "__main__":
    sys.exit(main())
