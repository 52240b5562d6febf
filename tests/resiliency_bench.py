"""A resiliency manager on a bench: the real worker, fakes on both sides, a clock that stands."""

import random

from resiliency_fakes import START
from support import Probe

from autotrader.actors import Runtime
from autotrader.clock import ManualClock
from autotrader.messages import AttemptFailed, CallsFinished, GetStatus, SendOrder
from autotrader.resiliency.manager import ResiliencyActor
from autotrader.resiliency.rate_limit import Budget
from autotrader.resiliency.settings import RateSettings, ResiliencySettings

TEN_A_SECOND = ResiliencySettings(rate=RateSettings(ceiling=1.0, reserve=0.2, budgets=(Budget("orders", 10, 1.0),)))


class Bench:
    """A resiliency manager driven by hand: real worker, fakes on both sides, and a clock that stands."""

    def __init__(self, settings=None):
        self.clock = ManualClock(START)
        self.runtime = Runtime(self.clock, self.clock, seed=1)
        self.broker, self.oms = Probe(), Probe()
        self.runtime.handle("broker.paper").bind(self.broker)
        self.runtime.handle("oms").bind(self.oms)
        context = self.runtime.context("resiliency.paper")
        self.actor = ResiliencyActor(
            context, "paper", self.runtime.handle("broker.paper"), self.runtime.handle("oms"), settings, random.Random(1)
        )

    def tell(self, *messages):
        for message in messages:
            self.runtime.handle("resiliency.paper").tell(message)
        self.actor.run_pending()

    def wait(self, seconds, step=0.01):
        """Let time pass in steps, as the ticker's thread would see it."""
        end_ns = self.clock.now_ns() + round(seconds * 1e9)
        while self.clock.now_ns() < end_ns:
            self.clock.set_ns(min(end_ns, self.clock.now_ns() + round(step * 1e9)))
            self.runtime.ticker.fire_due()
            self.actor.run_pending()

    def fail(self, command, kind="not_sent", code="CONNECT_FAILED", retry_after_s=0.0):
        self.tell(AttemptFailed(command=command, kind=kind, reason_code=code, reason="no", retry_after_s=retry_after_s))

    def break_it(self):
        self.tell(CallsFinished(venue="paper", ok=0, failed=5, slowest_ns=1, code="HTTP_502"))

    def status(self):
        return self.actor._on_get_status(GetStatus())

    def sent_ids(self):
        return [one.order.client_order_id for one in self.broker.of(SendOrder)]
