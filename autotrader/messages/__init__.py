"""Every command, event and snapshot that crosses a mailbox.

Commands are verbs, events are past tense, state is ``...Snapshot``. All are frozen. The lane of a message says how it waits:
URGENT overtakes CONTROL, which overtakes EVENTS, ORDERS and QUOTES (conflated per ``conflation_key``). Under load a list of
messages of one lane travels as one. Times are nanoseconds since the epoch on the engine's clock unless a name says otherwise.
The classes under "journal events" are the truth on disk: their field names may be added to, never changed.
"""

from __future__ import annotations

from autotrader.messages.base import Lane, Message
from autotrader.messages.commands import CancelOrder, ModifyOrder, RequestRefused, SubmitOrder
from autotrader.messages.life import ActorExited, ActorReady, Heartbeat, HeartbeatSeen, RestartActor, StopActor
from autotrader.messages.news import (
    AccountChanged,
    AccountConfirmed,
    BarClosed,
    BreakerChanged,
    FillBooked,
    InstrumentsListed,
    LinkChanged,
    MarketEnded,
    OrderUpdated,
    PositionChanged,
    QuoteUpdate,
    StrategyStopped,
    TradeSeen,
    VenueReady,
)
from autotrader.messages.orders import (
    CancelAsked,
    CancelRejected,
    OrderAccepted,
    OrderAdopted,
    OrderCanceled,
    OrderDenied,
    OrderDoubted,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderSucceeded,
    OrderUnknown,
    ReplaceAsked,
    ReplaceRejected,
    TradeBusted,
)
from autotrader.messages.questions import (
    AttachRoute,
    ClearBlock,
    DiscardDeadLetter,
    GetBalances,
    GetInstruments,
    GetMetrics,
    GetOpenOrders,
    GetOrder,
    GetPositions,
    GetStatus,
    Question,
    RetryDeadLetter,
    StopTrading,
    Subscribe,
    SweepDue,
    SwitchStrategy,
)
from autotrader.messages.records import (
    Alerted,
    BalanceOpened,
    BalanceTransferred,
    Checkpointed,
    DeadLetterAdded,
    DeadLetterClosed,
    FrameUnreadable,
    KillPulled,
    KillRearmed,
    KillVerdict,
    PositionAdopted,
    RunStarted,
    SymbolBlocked,
    SymbolReleased,
)
from autotrader.messages.venue import (
    AttemptFailed,
    BudgetsListed,
    CallsFinished,
    OrdersTimed,
    PaceDue,
    ProbeVenue,
    QueryOrder,
    RateBudget,
    Receipt,
    RequestsAbandoned,
    RetryDue,
    SendCancel,
    SendCancelAll,
    SendOrder,
    SendReplace,
    SnapshotTaken,
    TakeSnapshot,
    UsageReported,
)

__all__ = [
    "AccountChanged", "AccountConfirmed", "ActorExited", "ActorReady", "Alerted", "AttachRoute", "AttemptFailed",
    "BalanceOpened", "BalanceTransferred", "BarClosed", "BreakerChanged", "BudgetsListed", "CallsFinished", "CancelAsked",
    "CancelOrder", "CancelRejected", "Checkpointed", "ClearBlock", "DeadLetterAdded", "DeadLetterClosed", "DiscardDeadLetter",
    "FillBooked", "FrameUnreadable", "GetBalances", "GetInstruments", "GetMetrics", "GetOpenOrders", "GetOrder", "GetPositions",
    "GetStatus", "Heartbeat", "HeartbeatSeen", "InstrumentsListed", "KillPulled", "KillRearmed", "KillVerdict", "Lane",
    "LinkChanged", "MarketEnded", "Message", "ModifyOrder", "OrderAccepted", "OrderAdopted", "OrderCanceled", "OrderDenied",
    "OrderDoubted", "OrderEvent", "OrderExpired", "OrderFilled", "OrderIntended", "OrderNotSent", "OrderRejected",
    "OrderReplaced", "OrderReported", "OrderSucceeded", "OrderUnknown", "OrderUpdated", "OrdersTimed", "PaceDue",
    "PositionAdopted", "PositionChanged", "ProbeVenue", "QueryOrder", "Question", "QuoteUpdate", "RateBudget", "Receipt",
    "ReplaceAsked", "ReplaceRejected", "RequestRefused", "RequestsAbandoned", "RestartActor", "RetryDeadLetter", "RetryDue",
    "RunStarted", "SendCancel", "SendCancelAll", "SendOrder", "SendReplace", "SnapshotTaken", "StopActor", "StopTrading",
    "StrategyStopped", "SubmitOrder", "Subscribe", "SweepDue", "SwitchStrategy", "SymbolBlocked", "SymbolReleased",
    "TakeSnapshot", "TradeBusted", "TradeSeen", "UsageReported", "VenueReady",
]
