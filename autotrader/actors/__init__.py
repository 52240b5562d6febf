"""The actor runtime over Pykka: the only package that imports it."""

from autotrader.actors.context import Context
from autotrader.actors.handle import Handle, PinnedHandle
from autotrader.actors.in_flight import InFlight
from autotrader.actors.inbox import Inbox, MailboxStats
from autotrader.actors.policy import RestartPolicy
from autotrader.actors.runtime import Runtime
from autotrader.actors.spec import ActorStatus, ChildSpec, ChildState
from autotrader.actors.ticker import ManualTicker, Ticker, TickToken
from autotrader.actors.worker import Worker, handles, handles_batch

__all__ = [
    "ActorStatus", "ChildSpec", "ChildState", "Context", "Handle", "InFlight", "Inbox", "MailboxStats", "ManualTicker",
    "PinnedHandle", "RestartPolicy", "Runtime", "TickToken", "Ticker", "Worker", "handles", "handles_batch",
]
