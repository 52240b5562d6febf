"""What TWS tells of orders and executions, as the events that the order manager knows (pure). Source: ibkr.md sections 7 and 8.

Statuses only drive the state, and only what is new is told; fills come from executions alone. No order of arrival is relied on.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from autotrader.execution.adapters.ibkr.endings import is_over, same_terms
from autotrader.execution.adapters.ibkr.fills import FillBook
from autotrader.execution.adapters.ibkr.messages import (
    CommissionTold,
    Contract,
    ExecutionTold,
    OpenOrderTold,
    OrderStatusTold,
    OrderTerms,
)
from autotrader.execution.adapters.ibkr.orders import meaning_of
from autotrader.execution.adapters.ibkr.registry import Known, Registry, Stage
from autotrader.execution.adapters.ibkr.statuses import Standing, standing_of
from autotrader.messages import (
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderReplaced,
    OrderReported,
    TradeBusted,
)
from autotrader.model import ZERO, Fill, OrderState, OrderType

__all__ = ["HELD", "Follower"]

HELD: Final = "PreSubmitted"
SECOND: Final = 1_000_000_000
PATIENCE_NS: Final = 2 * SECOND
KEPT_LIVE: Final = 100_000
_MARKET: Final = (OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP)


class Follower:
    """Follows one account's orders; one thread. ``told`` gathers what the order manager is to hear, in its order.

    ``answered`` names orders that TWS has acknowledged just now, with the time; ``doubts`` those whose state has to be asked
    for, and why. ``strangers`` is set when something was told of an order that is not known to be ours.
    """

    def __init__(self, venue: str, account: str, client_id: int, symbol_of: Callable[[Contract], str]) -> None:
        self.venue, self.account = venue, account
        self.registry = Registry(venue, account, client_id)
        self.fills = FillBook(venue, account)
        self.told: list[Message] = []
        self.answered: list[tuple[Known, int]] = []
        self.doubts: dict[str, str] = {}
        self.strangers = False
        self._symbol_of = symbol_of
        self._live: dict[str, None] = {}  # trades that were told as they happened

    def symbol_of(self, contract: Contract) -> str:
        """Return how people spell a contract: as configured, where it is."""
        return self._symbol_of(contract)

    def doubt(self, known: Known, why: str) -> None:
        """Have the state of an order asked for."""
        self.doubts.setdefault(known.client_order_id, why)

    # ------------------------------------------------------------ openOrder, orderStatus

    def on_open_order(self, told: OpenOrderTold) -> None:
        """Take an order as TWS has it: its numbers, its terms, its status."""
        if told.terms.account not in ("", self.account):
            return
        known = self.meet(told)
        if known is None:
            self.strangers = True
            return
        self._take_terms(known, told)
        self._take_status(known, told.status, told.recv_ns)

    def meet(self, told: OpenOrderTold) -> Known | None:
        """Return our order that an openOrder speaks of, taken in if it carries our tag; None for a stranger's."""
        ref = told.terms.order_ref
        known = self.registry.find(
            order_id=told.order_id, client_id=told.client_id, perm_id=told.perm_id, order_ref=ref
        )
        if known is None:
            if not self.registry.is_tagged(ref):
                return None
            known = self.registry.meet(ref, self.symbol_of(told.contract), told.client_id)
        if known.contract is None:
            known.contract = told.contract
        self.registry.learn(known, order_id=told.order_id, client_id=told.client_id, perm_id=told.perm_id)
        return known

    def on_status(self, told: OrderStatusTold) -> None:
        """Take a status: it may repeat, be late, or be the only word."""
        known = self.registry.find(order_id=told.order_id, client_id=told.client_id, perm_id=told.perm_id)
        if known is None:
            self.strangers = True
            return
        self.registry.learn(known, order_id=told.order_id, client_id=told.client_id, perm_id=told.perm_id)
        self.count(known, told.filled, told.recv_ns)
        self._take_status(known, told.status, told.recv_ns)

    def count(self, known: Known, filled: Decimal, recv_ns: int) -> None:
        """Note how much TWS counts as filled; executions that do not come for a while are asked for."""
        known.counted = max(known.counted, filled)
        known.gap_ns = (known.gap_ns or recv_ns) if known.counted > known.filled + known.unseen else 0

    def look_at_the_late(self, now_ns: int) -> None:
        """Doubt orders that are Inactive without an error, or whose executions do not come; ``now_ns`` is the engine's."""
        for known in self.registry.open_orders():
            if known.inactive_ns and now_ns - known.inactive_ns > PATIENCE_NS:
                self.doubt(known, "TWS shows it as Inactive, and no error says why")
                self._works(known, now_ns, held=True)
            if known.gap_ns and now_ns - known.gap_ns > PATIENCE_NS:
                known.gap_ns = 0
                self.doubt(known, f"TWS counts {known.counted:f} as filled, and executions show {known.filled:f}")

    def _take_terms(self, known: Known, told: OpenOrderTold) -> None:
        """See whether a change was carried out, ours or another's; only quantity and prices count."""
        terms, wanted = told.terms, known.replacing
        if known.terms is None:
            known.terms = terms
        if wanted is not None and same_terms(wanted.terms, terms):
            known.terms, known.replacing = wanted.terms, None
            self.told.append(
                OrderReplaced(
                    known.client_order_id, self.venue, told.recv_ns, known.venue_order_id, wanted.quantity, wanted.price,
                    wanted.stop_price,
                )
            )
        elif wanted is None and known.stage is Stage.WORKING and terms.quantity > ZERO and not same_terms(known.terms, terms):
            self._take_change(known, known.terms, terms, told.recv_ns)

    def _take_change(self, known: Known, before: OrderTerms, terms: OrderTerms, recv_ns: int) -> None:
        """Tell of terms that were changed by hand, or by TWS; what TWS has just refused is asked for before it is believed."""
        if known.refused is not None and same_terms(known.refused, terms):
            self.doubt(known, "TWS shows it with the terms of a change that it refused")
            return
        known.terms = replace(before, quantity=terms.quantity, limit_price=terms.limit_price, aux_price=terms.aux_price)
        state = OrderState.PARTIALLY_FILLED if known.filled else OrderState.OPEN
        meaning = meaning_of(known.terms)
        is_priced = known.order is None or known.order.type not in _MARKET
        self.told.append(
            OrderReported(
                known.client_order_id, self.venue, recv_ns, known.venue_order_id, state, None, known.terms.quantity,
                meaning.price if is_priced else None, reason="its terms were changed at TWS",
            )
        )

    def _take_status(self, known: Known, status: str, recv_ns: int) -> None:
        standing = standing_of(status)
        known.status = status or known.status
        if known.is_done:
            if standing is Standing.WORKING and known.filled < (known.quantity or ZERO):
                self.doubt(known, f"TWS shows it as {status} after its end")
            return
        if standing in (Standing.WORKING, Standing.PENDING_CANCEL, Standing.FILLED):
            held = known.held if standing is Standing.PENDING_CANCEL else status == HELD
            self._works(known, recv_ns, held=held)
        elif standing is Standing.CANCELED:
            self.ended(known, recv_ns, "")
        elif standing is Standing.INACTIVE:
            known.inactive_ns = known.inactive_ns or recv_ns
        elif standing is Standing.UNKNOWN and status:
            self.doubt(known, f"TWS gives it the status {status!r}")

    def _works(self, known: Known, recv_ns: int, *, held: bool) -> None:
        """Tell that an order works, the first time, and when its permId or what holds it back has changed."""
        known.inactive_ns = 0
        first = known.stage < Stage.WORKING
        if first:
            known.stage = Stage.WORKING
            self.answered.append((known, recv_ns))
        elif known.shown_perm_id == known.perm_id and known.held == held:
            return
        known.held, known.shown_perm_id = held, known.perm_id
        self.told.append(OrderAccepted(known.client_order_id, self.venue, recv_ns, known.venue_order_id, held))

    def ended(self, known: Known, recv_ns: int, reason: str) -> None:
        """Tell an order's end, once: expired where its time in force is over, else cancelled."""
        if known.is_done:
            return
        if known.stage < Stage.WORKING:
            self.answered.append((known, recv_ns))
        if not reason and known.refusal is not None:
            reason = " ".join(known.refusal)
        self.registry.close(known)
        end: type[OrderCanceled] | type[OrderExpired] = OrderExpired if is_over(known, recv_ns) else OrderCanceled
        self.told.append(end(known.client_order_id, self.venue, recv_ns, known.venue_order_id, reason))

    # ------------------------------------------------------------ lists

    def listed(self, known: Known, told: OpenOrderTold, status: str, filled: Decimal) -> None:
        """Take an order of a list that the order manager gets too: nothing is told of it here, but a change of ours."""
        if known.terms is None or known.replacing is not None:
            self._take_terms(known, told)
        self.count(known, filled, told.recv_ns)
        standing = standing_of(status)
        known.status = status
        if standing in (Standing.FILLED, Standing.CANCELED):
            self.registry.close(known)
        elif not known.is_done and standing is not Standing.UNKNOWN:
            if known.stage < Stage.WORKING:
                known.stage = Stage.WORKING
                self.answered.append((known, told.recv_ns))
            known.held, known.shown_perm_id = status == HELD, known.perm_id

    def list_execution(self, told: ExecutionTold) -> Fill | None:
        """Take an execution of a list that the order manager gets too; return the fill behind it as it stands."""
        if told.execution.account not in ("", self.account):
            return None
        known = self.order_of(told)
        name = "" if known is None else known.client_order_id
        symbol = self.symbol_of(told.contract) if known is None else known.symbol
        news = self.fills.take(told, name, symbol)
        if known is not None:
            for exec_id in news.busted:
                self._tell_bust(known, exec_id, told)
            if news.fill is not None:
                self._note_fill(known, news.fill, news.busted, told.recv_ns)
        return self.fills.get(told.execution.exec_id)

    def settled(self, known: Known) -> None:
        """Note that all executions that TWS has of an order were listed: what it counts beyond them is of earlier days."""
        known.unseen = max(known.counted - known.filled, ZERO)
        known.gap_ns = 0

    # ------------------------------------------------------------ executions

    def on_execution(self, told: ExecutionTold) -> None:
        """Take an execution, live or told again; each trade is told once, a correction in place of what it corrects."""
        if told.execution.account not in ("", self.account):
            return
        known = self.order_of(told)
        name = "" if known is None else known.client_order_id
        symbol = self.symbol_of(told.contract) if known is None else known.symbol
        self.strangers = self.strangers or known is None
        news = self.fills.take(told, name, symbol)
        for exec_id in news.busted:
            if known is not None or exec_id in self._live:
                self._tell_bust(known, exec_id, told)
        if news.fill is None:
            return
        self._live[news.fill.trade_id] = None
        if len(self._live) > KEPT_LIVE:
            del self._live[next(iter(self._live))]
        if known is not None:
            self._note_fill(known, news.fill, news.busted, told.recv_ns)
        self._tell_fill(news.fill, told.recv_ns)

    def _tell_bust(self, known: Known | None, exec_id: str, told: ExecutionTold) -> None:
        name, symbol = ("", self.symbol_of(told.contract)) if known is None else (known.client_order_id, known.symbol)
        venue_id = f"{told.execution.perm_id}" if told.execution.perm_id else None
        self.told.append(TradeBusted(name, self.venue, told.recv_ns, venue_id, trade_id=exec_id, symbol=symbol))

    def order_of(self, told: ExecutionTold) -> Known | None:
        """Return our order that was executed, taken in if it carries our tag."""
        one = told.execution
        known = self.registry.find(
            order_id=one.order_id, client_id=one.client_id, perm_id=one.perm_id, order_ref=one.order_ref
        )
        if known is None:
            if not self.registry.is_tagged(one.order_ref):
                return None
            known = self.registry.meet(one.order_ref, self.symbol_of(told.contract), one.client_id)
        self.registry.learn(known, order_id=one.order_id, client_id=one.client_id, perm_id=one.perm_id)
        return known

    def on_commission(self, told: CommissionTold) -> None:
        """Take a commission: the fill is told again with it, if the order manager surely knows the fill."""
        fill = self.fills.take_commission(told)
        if fill is None:
            return
        known = self.registry.get(fill.client_order_id)
        if fill.trade_id in self._live or (known is not None and known.order is not None):
            self._tell_fill(fill, told.recv_ns)

    def _note_fill(self, known: Known, fill: Fill, busted: tuple[str, ...], recv_ns: int) -> None:
        for exec_id in busted:
            known.trades.pop(exec_id, None)
        known.note_trade(fill.trade_id, fill.quantity)
        self.count(known, ZERO, recv_ns)
        if known.stage < Stage.WORKING:
            known.stage = Stage.WORKING
            known.shown_perm_id = known.perm_id
            self.answered.append((known, recv_ns))
        if known.quantity is not None and known.filled >= known.quantity > ZERO:
            self.registry.close(known)

    def _tell_fill(self, fill: Fill, recv_ns: int) -> None:
        self.told.append(OrderFilled(fill.client_order_id, self.venue, recv_ns, fill.venue_order_id, fill=fill))
