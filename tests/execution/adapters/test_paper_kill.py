"""A real process with the actor in its own thread, killed at random instants: nothing told may be missing from the books."""

import signal
import subprocess
import sys
from pathlib import Path
from random import Random

from paper_kit import D, Paper

from autotrader.messages import SnapshotTaken
from autotrader.simulator.ledger_view import read_ledger

TRADER = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from paper_kit import buy, sell
from autotrader.actors import ChildSpec, RestartPolicy, Runtime
from autotrader.actors.gate import Gate
from autotrader.execution.adapters.paper import PaperBrokerActor, paper_settings
from autotrader.messages import OrderFilled, QuoteUpdate, SendOrder
from autotrader.model import Quote, WriteClass
from autotrader.risk.receipts import ReceiptBook
from decimal import Decimal as D

runtime, receipts, run = Runtime(seed=1), ReceiptBook(), sys.argv[3]
gate = Gate(receipts)
broker, number = runtime.handle("broker.paper"), 0

def trade():
    global number
    batch = []
    for make in (buy, sell, buy, sell):
        number += 1
        order = make("0.1", client_order_id=f"r{run}n{number}")
        batch.append(SendOrder(order, receipts.issue("paper", order.client_order_id, WriteClass.RISK, 1)))
    broker.tell(batch)

def hear(message):
    if isinstance(message, OrderFilled):
        sys.stdout.write(message.fill.trade_id + "\\n")
        if message.client_order_id == f"r{run}n{number}":
            sys.stdout.flush()
            trade()

runtime.handle("oms").bind(hear)
runtime.handle("resiliency.paper").bind(lambda message: None)
settings = paper_settings({}, ledger=sys.argv[1], seed=1)
made = []

def make_broker(context):
    made.append(PaperBrokerActor(
        context, oms=runtime.handle("oms"), resiliency=runtime.handle("resiliency.paper"), gate=gate, settings=settings))
    return made[-1]

runtime.start([ChildSpec("broker.paper", make_broker, RestartPolicy(intensity=1, period_s=60))], timeout_s=30)
import threading
broker.tell(QuoteUpdate(Quote("paper", "BTCUSDT", D("100.00"), D("100.01"), D(0), D(0), 1)))
while not made[0].inbox.empty():  # orders overtake quotes
    threading.Event().wait(0.001)
trade()
threading.Event().wait(60)
"""


def test_a_kill_leaves_every_trade_that_was_told_in_the_books(tmp_path: Path) -> None:
    rng = Random(11)
    for run in range(3):
        command = [sys.executable, "-c", TRADER, str(tmp_path / "books"), str(Path(__file__).parents[2]), str(run)]
        trader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert trader.stdout is not None
        told = [trader.stdout.readline() for _ in range(rng.randint(1, 150))]
        trader.send_signal(signal.SIGKILL)
        told += trader.stdout.readlines()
        trader.wait(30)
        trader.stdout.close()
        ids = [line.strip() for line in told if line.endswith("\n") and line.strip()]
        assert ids
        view = read_ledger(tmp_path / "books")
        assert set(ids) <= {fill["trade_id"] for fill in view["fills"]}
        signed = sum((D(fill["quantity"]) if fill["side"] == "BUY" else -D(fill["quantity"]) for fill in view["fills"]), D(0))
        assert D(view["balances"]["BTC"]) == 100 + signed
        paper = Paper(tmp_path).start(ready=False, quote=False)
        taken = paper.oms.of(SnapshotTaken)[-1].snapshot
        assert set(ids) <= {fill.trade_id for fill in taken.trades}
        assert {balance.asset: balance.total for balance in taken.balances}["BTC"] == 100 + signed
        paper.stop()
