"""The live status line on a terminal, and the progress bar of a replay; nothing where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from autotrader.errors import AutotraderError
from autotrader.execution.engine import ExecutionEngine

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["live_line"]

EVERY_S = 0.25
PLAIN_EVERY_S = 10.0


@contextmanager
def live_line() -> Iterator[Callable[[ExecutionEngine], None]]:
    """Give what ``run_live_trading`` calls as it goes: on a terminal a line written anew, else a log line now and then."""
    if not sys.stderr.isatty():
        yield _every(PLAIN_EVERY_S, _log_line)
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as live:
        yield _every(EVERY_S, lambda running: live.update(_render(running)))


def _every(seconds: float, do: Callable[[ExecutionEngine], None]) -> Callable[[ExecutionEngine], None]:
    due = [time.monotonic()]

    def progress(engine: ExecutionEngine) -> None:
        if time.monotonic() >= due[0]:
            due[0] = time.monotonic() + seconds
            try:
                do(engine)
            except AutotraderError:
                return  # an engine that is too busy to answer is shown by the next line

    return progress


def _log_line(engine: ExecutionEngine) -> None:
    from loguru import logger

    logger.info("{}", _text(engine))


def _text(engine: ExecutionEngine) -> str:
    status = engine.get_status()
    metrics = status["metrics"]
    venues = " ".join(f"{one['name']}:{'ready' if one['ready'] else one['reason']}" for one in status["venues"])
    equity = "unknown" if status["equity"] is None else f"{float(status['equity']):,.2f} {status['currency']}"
    kill = "" if status["kill"]["level"] == "ARMED" else f" · KILL {status['kill']['level']}"
    return (
        f"{status['mode']} {venues} · {metrics['orders']} orders · {metrics['fills']} fills · {metrics['denied']} denied · "
        f"equity {equity}{kill}"
    )


def _render(engine: ExecutionEngine) -> RenderableType:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    progress = engine.progress
    line = Text(_text(engine), no_wrap=True, overflow="ellipsis")
    if progress is None:
        return line
    return Group(line, ProgressBar(total=1.0, completed=progress.fraction, width=60))
