"""What Interactive Brokers offers outside the engine: hands for a sweep, the checks of ``autotrader doctor``, and live quotes.

Only the client id that placed an order can cancel it. A sweep from outside takes the engine's own client id where the engine
has let go of it; else it can only cancel everything that is open at the login, and does so if ``kill.ibkr_global`` says so.
"""

from __future__ import annotations

from typing import Final, Literal

from autotrader.config import Settings
from autotrader.errors import Rejected
from autotrader.execution.adapters.ibkr.answering import AnsweringFollower
from autotrader.execution.adapters.ibkr.checks import examine
from autotrader.execution.adapters.ibkr.config import VENUE, IbkrSettings, ibkr_settings
from autotrader.execution.adapters.ibkr.contracts import symbol_of
from autotrader.execution.adapters.ibkr.feed import live_plan
from autotrader.execution.adapters.ibkr.hands import Hands, InUse
from autotrader.execution.adapters.ibkr.messages import (
    CancelRequest,
    ErrorKind,
    ErrorTold,
    GlobalCancelRequest,
    OpenOrderTold,
    OrderStatusTold,
    TwsEvent,
)
from autotrader.execution.adapters.ibkr.side import Address
from autotrader.execution.adapters.ibkr.snapshots import count_of_other_accounts, listed_orders, snapshot_of
from autotrader.execution.adapters.ibkr.statuses import Standing, standing_of
from autotrader.execution.adapters.outside import CancelFate, OpenOrders
from autotrader.messages import SendCancel
from autotrader.model import OrderUpdate

__all__ = ["IbkrSweepHands", "examine", "live_plan", "sweep_hands"]

SWEEP_DEADLINE_S: Final = 5.0
WORD_S: Final = 1.0
"""How long TWS's word on a cancel is waited for; the next list says in any case."""
HOW: Final = "set kill.ibkr_global = true to let a sweep from outside cancel everything at once, or cancel it in TWS"


class IbkrSweepHands:
    """Interactive Brokers' part in a sweep from outside; one thread. It connects when it is first asked for something."""

    bulk_scope: Literal["symbol", "venue"] = "venue"

    def __init__(self, settings: IbkrSettings, *, may_cancel_all: bool) -> None:
        self.venue, self.account, self.bulk = VENUE, settings.account, may_cancel_all
        self.request_life_s = settings.request_life_s
        self._settings = settings
        self._hands: Hands | None = None
        self._client_id = settings.client_id
        self._order_ids: dict[str, tuple[int, int]] = {}
        self._strangers = 0

    def list_open(self) -> OpenOrders:
        """Return all that is open at the account, under every client id."""
        follower = AnsweringFollower(VENUE, self.account, self._client_id, symbol_of)
        reading = self._connected().read(("open_orders",), self.account)
        listed = listed_orders(reading, follower)
        self._order_ids = {
            one.known.client_order_id: (one.told.client_id, one.told.order_id) for one in listed if one.known is not None
        }
        self._strangers = sum(one.known is None for one in listed) + count_of_other_accounts(reading)
        rows = snapshot_of(reading, listed, (), follower, 0).orders
        return OpenOrders(tuple(row for row in rows if not row.is_done))

    def cancel(self, command: SendCancel) -> CancelFate:
        """Cancel one order, if its client id is ours now; raises Rejected that says how else."""
        client_id, order_id = self._order_ids.get(command.client_order_id, (0, 0))
        if order_id <= 0:
            return "gone"
        hands = self._connected()
        if client_id != self._client_id:
            text = f"order {command.client_order_id} was placed under client id {client_id}, and no other can cancel it: {HOW}"
            raise Rejected(f"ibkr: {text}", venue=VENUE, code="OTHER_CLIENT")
        hands.write(CancelRequest(order_id))
        word = hands.await_word(lambda event: _is_end(event, order_id), WORD_S)
        return "gone" if isinstance(word, ErrorTold) and word.kind is ErrorKind.CANCEL else "taken"

    def cancel_all(self, symbol: str) -> CancelFate:  # noqa: ARG002  IB has none for one symbol
        """Cancel everything that is open at the login; not where orders of others would go with it."""
        if self._strangers:
            text = f"{self._strangers} open orders are not ours: a global cancel would end them too; cancel ours in TWS"
            raise Rejected(f"ibkr: {text}", venue=VENUE, code="NOT_ALL_OURS")
        self._connected().write(GlobalCancelRequest())
        return "taken"

    def is_open(self, order: OrderUpdate) -> bool | None:
        """Look for one order in the open list; None when it is not there."""
        rows = self.list_open().orders
        return True if any(row.client_order_id == order.client_order_id for row in rows) else None

    def close(self) -> None:
        """Let go of the connection."""
        if self._hands is not None:
            self._hands.close()

    def _connected(self) -> Hands:
        if self._hands is None:
            try:
                self._hands = self._come_as(self._settings.client_id)
            except InUse:  # the engine is connected, running or hung
                self._hands = self._come_as(self._settings.hand_client_id)
        return self._hands

    def _come_as(self, client_id: int) -> Hands:
        own = self._settings
        self._client_id = client_id
        deadline_s = min(own.deadline_s, SWEEP_DEADLINE_S)
        address = Address(own.host, own.port, client_id, min(own.connect_timeout_s, SWEEP_DEADLINE_S), own.codes)
        hands = Hands(address, deadline_s=deadline_s, may_cancel=True)
        if self.account not in hands.opened.accounts:
            hands.close()
            logged_in = ", ".join(hands.opened.accounts)
            text = f"ibkr: TWS is logged in to {logged_in}, not to {self.account}"
            raise Rejected(text, venue=VENUE, code="ACCOUNT_MISMATCH")
        return hands


def _is_end(event: TwsEvent, order_id: int) -> bool:
    if isinstance(event, ErrorTold):
        return event.id == order_id and event.kind in (ErrorKind.CANCEL, ErrorKind.CANCELED)
    ends = (Standing.CANCELED, Standing.FILLED, Standing.PENDING_CANCEL)
    return (
        isinstance(event, OpenOrderTold | OrderStatusTold) and event.order_id == order_id and standing_of(event.status) in ends
    )


def sweep_hands(settings: Settings) -> IbkrSweepHands:
    """Return the hands of a configuration; raises ConfigError."""
    own = ibkr_settings(settings.venues[VENUE], settings.mode)
    return IbkrSweepHands(own, may_cancel_all=settings.kill.ibkr_global)
