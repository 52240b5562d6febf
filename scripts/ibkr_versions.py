"""Three generations of ibapi, each in a virtual environment of its own, tell one story at a fresh simulated TWS.

``python scripts/ibkr_versions.py``: the environments are made once, from the package index, in ``--folder`` and used again.
Without the index and without the environments there is nothing to try: it says so, and ends with 2.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from simulator_kit import running  # noqa: E402

STORY = ROOT / "tests" / "simulator" / "ibkr" / "tws_story.py"
CLIENTS = (("ibapi", "9.81.1.post1", 157), ("python-ibapi-stable", "10.30.1", 178), ("ibapi-latest", "10.51.1", 178))
INSTALL_S, STORY_S = 240, 120


def python_of(folder: Path, package: str, version: str) -> Path | None:
    """Return the Python of an environment that has the package, made where it is not there; None when it cannot be had."""
    home = folder / f"{package}-{version}"
    python, done = home / "bin" / "python", home / "complete"
    if done.exists():
        return python
    venv.create(home, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", f"{package}=={version}"]
    try:
        subprocess.run(command, check=True, timeout=INSTALL_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    done.touch()
    return python


def tell(python: Path) -> tuple[int | None, str]:
    """Return the version that was spoken with a fresh venue, None with what went wrong."""
    with running("ibkr") as venue:
        command = [str(python), str(STORY), venue.ready["host"], str(venue.ready["port"])]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=STORY_S, check=False)
        except subprocess.TimeoutExpired:
            return None, f"not done after {STORY_S} s"
    return (int(ended.stdout), "") if ended.returncode == 0 else (None, ended.stderr[-2000:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "autotrader-ibapi")
    folder = parser.parse_args().folder
    worst = 0
    for package, version, expected in CLIENTS:
        started = time.monotonic()
        python = python_of(folder, package, version)
        if python is None:
            print(f"{package} {version}: cannot be installed; nothing was tried")
            worst = max(worst, 2)
            continue
        spoken, wrong = tell(python)
        ok = spoken == expected
        worst = max(worst, 0 if ok else 1)
        print(f"{package} {version}: {f'speaks {spoken}' if spoken else wrong}, {time.monotonic() - started:.1f} s")
    return worst


if __name__ == "__main__":
    sys.exit(main())
