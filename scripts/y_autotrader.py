"""autotrader on the common yardstick: strategy → limits → journal → resiliency manager → paper venue → fill → strategy.

Environment: python3 -m venv $V/perf-autotrader && $V/perf-autotrader/bin/pip install autotrader-live
Needs ``yardstick.py`` beside it or on PYTHONPATH.
  --journal on | off    intents are durable before the send (FULL, grouped), or nothing is written
  --busy K              beside K threads of pure-Python CPU work
"""

import os
import tempfile
import threading
from pathlib import Path

import yardstick
from bench_engine import Window, make_engine, own_process

A = yardstick.args(n=20_000, journal="on", busy=0)


def spin():
    x = 0
    while True:
        x = (x + 1) % 1000


for _ in range(A.busy):
    threading.Thread(target=spin, daemon=True).start()
own_process()
load = yardstick.Load(A.n, A.window)


class Yard(Window):
    """Sends and counts as the yardstick says."""

    started = False

    def decide(self, snapshot):
        """Begin to count at the first."""
        if not self.started:
            self.started = True
            load.base_mb, load.cpu0 = yardstick.rss_now_mb(), yardstick.time.process_time()
        return super().decide(snapshot)


def sent(i):
    load.sent = i + 1
    load.t0[i] = yardstick.now()


def filled(i):
    load.t1[i] = yardstick.now()
    load.done += 1
    if load.done == load.n:
        load.cpu1 = yardstick.time.process_time()


strategy = Yard(A.n, A.window or A.n, lambda i: load.side_qty(i)[0], sent, filled)
with tempfile.TemporaryDirectory(prefix="perf-yard-") as directory:
    engine = make_engine(Path(directory), journal=A.journal == "on")
    engine.connect(30)
    engine.run_live_trading(strategy, until_fills=A.n, duration_s=300)
    position = next(one.quantity for one in engine.positions() if one.symbol == "BTCUSDT")
    engine.stop()
assert position == load.net(), position
load.report("autotrader", journal=A.journal, sync="FULL" if A.journal == "on" else "-", busy=A.busy)
os._exit(0)
