"""Runs a command of autotrader that ends with the process that started it: when its standard input ends, so does it.

``python -m autotrader.console.leashed simulate binance …`` with a pipe as standard input. The kernel closes the pipe's other
end however its owner ends, by a kill -9 too; this works wherever there are pipes.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
from collections.abc import Sequence

__all__ = ["main"]

PATIENCE_S = 5.0
"""How long an orderly end may take once the owner is gone."""


def main(argv: Sequence[str]) -> None:
    """Run the command as ``python -m autotrader.cli`` would; it exits with the command's code."""
    threading.Thread(target=_watch, name="leash", daemon=True).start()
    sys.argv[1:] = argv
    runpy.run_module("autotrader.cli", run_name="__main__", alter_sys=True)


def _watch() -> None:
    while os.read(0, 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(PATIENCE_S)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
