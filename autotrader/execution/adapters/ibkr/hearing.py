"""The part of the broker that hears: every event of TWS to where it belongs - listing, reading, orders, or the link itself.

While the books are not handed over, what concerns orders is kept back; it follows the books. Source: ibkr.md section 11.
"""

from __future__ import annotations

import base64
from abc import abstractmethod
from enum import Enum
from typing import Any, Final

from autotrader.actors import handles
from autotrader.execution.adapters.ibkr.clock import clock_offset_ns
from autotrader.execution.adapters.ibkr.messages import (
    AccountsTold,
    AccountValueTold,
    CommissionTold,
    CompletedOrderTold,
    ContractTold,
    EndTold,
    ErrorKind,
    ErrorTold,
    ExecutionTold,
    FrameLost,
    MarketDataTypeTold,
    NextIdTold,
    OpenOrderTold,
    OrderBoundTold,
    OrderStatusTold,
    PositionTold,
    TickTold,
    TimeTold,
    TwsEvent,
)
from autotrader.execution.adapters.ibkr.readings import ReadingBroker
from autotrader.messages import AccountConfirmed, FrameUnreadable
from autotrader.model import AccountInfo

__all__ = ["HearingBroker", "Stage"]

SECOND: Final = 1_000_000_000
OrderTold = OpenOrderTold | OrderStatusTold | ExecutionTold | CommissionTold


class Stage(Enum):
    """How far the hand-over is."""

    WAITING = "waiting for a connection"
    CUT_OFF = "TWS has lost IB's servers"
    LISTING = "asking what is traded"
    READING = "reading the books"
    HERE = "handed over"


class HearingBroker(ReadingBroker):
    """Hears; ``stage`` says how far the hand-over is, ``kept`` holds what has to follow it, ``accounts`` are the login's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stage = Stage.WAITING
        self.is_open = False
        self.accounts: tuple[str, ...] = ()
        self.kept: list[TwsEvent] = []
        self.offset_ns = 0

    @abstractmethod
    def look_at_listing(self) -> None:
        """Go on once everything that is traded is resolved."""

    @abstractmethod
    def wrong_account(self) -> None:
        """Take no orders for a login that is not ours."""

    @abstractmethod
    def take_notice(self, event: ErrorTold) -> None:
        """Take what concerns the whole link."""

    def account_info(self) -> AccountInfo:
        """Return who we are here."""
        return AccountInfo(self.venue, self.account, self.settings.mode, can_trade=True, can_short=True)

    # ------------------------------------------------------------ what TWS tells

    def hear(self, event: TwsEvent) -> None:
        """Note that TWS was heard."""
        self.last_heard_ns = self.memory.heard_ns = max(self.last_heard_ns, event.recv_ns)

    @handles(OpenOrderTold, OrderStatusTold, ExecutionTold, CommissionTold)
    def _on_order_told(self, event: OrderTold) -> None:
        self.hear(event)
        if isinstance(event, OpenOrderTold | OrderStatusTold):
            self.memory.ids.seen(event.order_id)
        is_listed = isinstance(event, ExecutionTold) and event.req_id >= 0
        if self.stage is not Stage.HERE:
            if not is_listed:
                self.kept.append(event)
        elif not is_listed:
            self.follow(event)
        self.take_for_reading(event)

    @handles(CompletedOrderTold, PositionTold, AccountValueTold, EndTold)
    def _on_list_told(self, event: TwsEvent) -> None:
        self.hear(event)
        if self.listing.take(event):
            self.look_at_listing()
        else:
            self.take_for_reading(event)

    @handles(ContractTold)
    def _on_contract(self, event: ContractTold) -> None:
        self.hear(event)
        self.listing.take(event)

    @handles(AccountsTold)
    def _on_accounts(self, event: AccountsTold) -> None:
        """Take which accounts the login has; ours may come or go while the connection stands."""
        self.hear(event)
        self.accounts = event.accounts
        if self.is_open and self.stage is Stage.HERE and self.account not in event.accounts:
            self.wrong_account()

    @handles(NextIdTold)
    def _on_next_id(self, event: NextIdTold) -> None:
        self.hear(event)
        self.memory.ids.connected(event.order_id)

    @handles(TickTold, MarketDataTypeTold)
    def _on_tick(self, event: TwsEvent) -> None:
        """Pass over quotes: they come by a connection of their own."""
        self.hear(event)

    @handles(OrderBoundTold)
    def _on_bound(self, event: OrderBoundTold) -> None:
        self.hear(event)
        self.memory.ids.seen(event.order_id)

    @handles(TimeTold)
    def _on_time(self, event: TimeTold) -> None:
        self.hear(event)
        self.calls.note(ok=1)
        offset_ns = clock_offset_ns(event.epoch_s, event.recv_ns)
        moved = abs(offset_ns - self.offset_ns) > SECOND // 4
        self.offset_ns = offset_ns
        if moved and self.stage is Stage.HERE:
            self.told.append(AccountConfirmed(self.account_info(), offset_ns))  # the order manager judges the clock

    @handles(FrameLost)
    def _on_frame_lost(self, event: FrameLost) -> None:
        raw = base64.b64encode(event.raw).decode()
        self.tell(FrameUnreadable(self.venue, raw, event.reason, event.recv_ns))

    @handles(ErrorTold)
    def _on_error(self, event: ErrorTold) -> None:
        self.hear(event)
        if self.listing.take(event):
            return self.look_at_listing()
        if event.id > 0:
            if self.stage is Stage.HERE:
                self.follow(event)
            else:
                self.kept.append(event)
            return self.take_for_reading(event)
        return self.take_notice(event)

    def follow(self, event: TwsEvent) -> None:
        """Take an event of an order, at once or after the books."""
        follower = self.follower
        if isinstance(event, OpenOrderTold):
            follower.on_open_order(event)
        elif isinstance(event, OrderStatusTold):
            follower.on_status(event)
        elif isinstance(event, ExecutionTold):
            follower.on_execution(event)
        elif isinstance(event, CommissionTold):
            follower.on_commission(event)
        elif isinstance(event, ErrorTold):
            known = follower.on_error(event)
            self.write_down(event, "" if known is None else known.client_order_id)

    def write_down(self, event: ErrorTold, order_id: str) -> None:
        """Put an error's text into the log."""
        log = self.log.bind(venue=self.venue, order_id=order_id, code=event.code)
        quiet = event.kind in (ErrorKind.INFO, ErrorKind.CANCELED)
        (log.debug if quiet else log.warning)("TWS: {} {}", event.code, event.text)
