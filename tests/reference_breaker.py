"""The breaker as the words of the specification say it, with no thought of speed: the oracle of the model-based test."""

from autotrader.model import BreakerState as S

SECOND = 1_000_000_000


class ReferenceBreaker:
    def __init__(self, settings):
        self.limits, self.state, self.calls, self.open_s = settings, S.CLOSED, [], min(settings.open_s, settings.open_max_s)
        self.until = self.asked = 0
        self.permits = self.good = 0

    def open(self, now, longer):
        if longer:
            self.open_s = min(self.open_s * 2, self.limits.open_max_s)
        self.state, self.until, self.calls = S.OPEN, now + round(self.open_s * SECOND), []

    def record(self, now, ok, failed, slow):
        if self.state is S.CLOSED:
            fresh = [(now, False)] * ok + [(now, True)] * failed
            self.calls += [(*call, number >= len(fresh) - slow) for number, call in enumerate(fresh)]
            self.calls = [c for c in self.calls if c[0] >= now - self.limits.window_s * SECOND][-self.limits.window_calls :]
            known, bad, late = len(self.calls), sum(c[1] for c in self.calls), sum(c[2] for c in self.calls)
            if known >= self.limits.minimum_calls and fresh:
                by_failures = bad >= self.limits.minimum_failures and bad / known >= self.limits.failure_share
                if by_failures or late / known >= self.limits.slow_share:
                    self.open(now, longer=False)
        elif self.state is S.HALF_OPEN:
            if failed or (slow and ok):
                self.open(now, longer=True)
            else:
                self.good += ok
                if self.good >= self.limits.probes:
                    self.state, self.calls, self.open_s = S.CLOSED, [], min(self.limits.open_s, self.limits.open_max_s)

    def poll(self, now):
        if self.state is S.OPEN and now >= self.until:
            self.state, self.permits, self.good = S.HALF_OPEN, 0, 0
        elif self.state is S.HALF_OPEN and self.permits and now >= self.asked + self.limits.probe_timeout_s * SECOND:
            self.open(now, longer=True)

    def take_probe(self, now):
        if self.state is S.HALF_OPEN and self.permits < self.limits.probes:
            self.permits, self.asked = self.permits + 1, now
            return True
        return False
