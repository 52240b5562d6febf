"""The cancel sweep, step by step."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import msgspec
import pytest

from autotrader.model import KillLevel, OrderState, OrderType, OrderUpdate, Side, TimeInForce
from autotrader.model.ids import ClientOrderIds, dashed
from autotrader.oms.sweep import Sweep
from autotrader.oms.sweep_values import OpenList, SweepDo, SweepSettings

VENUE, ACCOUNT = "okx", "acc"
SECOND = 1_000_000_000
IDS = ClientOrderIds(VENUE, ACCOUNT, "engine", 1)
FOREIGN_ID = "somebody-elses"


def order(state: OrderState = OrderState.OPEN, client_id: str | None = None, venue_id: str | None = "v1",
          symbol: str = "BTC-USDT") -> OrderUpdate:
    return OrderUpdate(
        client_order_id=client_id or IDS.next(), venue_order_id=venue_id, venue=VENUE, account=ACCOUNT, symbol=symbol,
        side=Side.BUY, type=OrderType.LIMIT, time_in_force=TimeInForce.GTC, quantity=Decimal(1), price=Decimal(10),
        stop_price=None, state=state, filled_quantity=Decimal(0), average_price=None, reason_code=None, reason=None,
        strategy="s", created_ns=0, updated_ns=0,
    )


def foreign() -> OrderUpdate:
    return order(client_id=FOREIGN_ID, venue_id="f1")


class Drill:
    """A sweep and the clock it lives by; plays the venue's part by hand."""

    def __init__(self, *orders: OrderUpdate, level: KillLevel = KillLevel.CANCEL, flatten: bool = False) -> None:
        self.now = 0
        self.sweep = Sweep(VENUE, ACCOUNT, level, Random(7), SweepSettings(), flatten=flatten)
        self.done: list[SweepDo] = []
        self.times: list[int] = []
        self.take(self.sweep.start(orders, 0))

    def take(self, do: SweepDo) -> SweepDo:
        self.done.append(do)
        self.times.append(self.now)
        return do

    @property
    def last(self) -> SweepDo:
        return self.done[-1]

    def cancels(self) -> list[tuple[str, str | None]]:
        return [(cancel.client_order_id, cancel.venue_order_id) for do in self.done for cancel in do.cancels]

    def verdicts(self) -> list[bool]:
        return [do.verdict.clean for do in self.done if do.verdict is not None]

    def wait_for_question(self) -> int:
        """Let time pass from wake to wake until the open list is asked for."""
        for _ in range(1000):
            if self.last.list_number:
                return self.last.list_number
            assert self.last.wake_ns > self.now
            self.now = self.last.wake_ns
            self.take(self.sweep.tick(self.now))
        raise AssertionError("never asked")

    def answer(self, *orders: OrderUpdate, complete: bool = True, **positions: str) -> SweepDo:
        number = self.wait_for_question()
        self.now += SECOND // 100
        held = {symbol: Decimal(quantity) for symbol, quantity in positions.items()}
        return self.take(self.sweep.listed(OpenList(number, orders, complete, held), self.now))

    def fail(self, reason: str = "connection refused") -> SweepDo:
        number = self.wait_for_question()
        self.now += SECOND // 100
        return self.take(self.sweep.list_failed(number, reason, self.now))


def test_every_order_of_ours_is_cancelled_at_once_by_the_best_id_known() -> None:
    orders = [
        order(OrderState.OPEN, venue_id="v1"), order(OrderState.SENT, venue_id=None), order(OrderState.UNKNOWN, venue_id=None),
        order(OrderState.PENDING_CANCEL, venue_id="v2"), order(OrderState.PENDING_REPLACE), order(OrderState.PARTIALLY_FILLED),
    ]
    drill = Drill(*orders)
    assert drill.cancels() == [(one.client_order_id, one.venue_order_id) for one in orders]


def test_what_never_left_or_is_over_or_is_foreign_is_left_alone() -> None:
    stranger = msgspec.structs.replace(order(), foreign=True)
    assert Drill(order(OrderState.DRAFT), order(OrderState.FILLED), order(OrderState.CANCELED), stranger).cancels() == []


def test_clean_takes_two_empty_lists_two_seconds_apart() -> None:
    drill = Drill(order())
    first_asked = drill.wait_for_question() and drill.now
    drill.answer()
    assert drill.verdicts() == []
    drill.wait_for_question()
    assert drill.now - first_asked >= 2 * SECOND
    assert drill.answer().verdict is not None
    verdict = drill.last.verdict
    assert verdict is not None
    assert (verdict.clean, verdict.canceled, verdict.remaining) == (True, 1, 0)
    assert drill.last.wake_ns == 0
    assert drill.sweep.is_clean


def test_nothing_open_still_takes_two_lists() -> None:
    drill = Drill()
    drill.answer()
    drill.answer()
    assert drill.verdicts() == [True]


def test_foreign_orders_are_counted_and_left_alone() -> None:
    drill = Drill()
    drill.answer(foreign())
    drill.answer(foreign())
    verdict = drill.last.verdict
    assert verdict is not None
    assert (verdict.clean, verdict.foreign) == (True, 1)
    assert "1 not ours" in verdict.detail
    assert drill.cancels() == []


def test_a_straggler_is_cancelled_and_begins_the_count_anew() -> None:
    drill, straggler = Drill(), order(venue_id="v9")
    drill.answer()
    drill.answer(straggler)
    assert drill.cancels() == [(straggler.client_order_id, "v9")]
    drill.answer()
    assert drill.verdicts() == []
    drill.answer()
    assert drill.verdicts() == [True]


def test_an_order_that_an_old_list_shows_once_more_counts_once() -> None:
    one = order()
    drill = Drill(one)
    drill.take(drill.sweep.order_changed(msgspec.structs.replace(one, state=OrderState.CANCELED), drill.now))
    drill.answer(one)
    while not drill.verdicts():
        drill.answer()
    verdict = next(do.verdict for do in drill.done if do.verdict is not None)
    assert (verdict.clean, verdict.canceled) == (True, 1)


def test_an_order_of_another_engine_on_our_account_is_ours() -> None:
    other = ClientOrderIds(VENUE, ACCOUNT, "another engine", 5).next()
    drill = Drill()
    drill.answer(order(client_id=other), order(client_id=ClientOrderIds(VENUE, "another account", "engine", 1).next()))
    assert [client for client, _ in drill.cancels()] == [other]


def test_the_same_id_with_dashes_is_the_same_order() -> None:
    mine = order()
    drill = Drill(mine)
    drill.answer(order(client_id=dashed(mine.client_order_id)))
    assert len(drill.cancels()) == 1


def test_the_venues_own_id_is_tried_as_soon_as_it_is_known() -> None:
    unsure = order(OrderState.UNKNOWN, venue_id=None)
    drill = Drill(unsure)
    drill.answer(order(client_id=unsure.client_order_id, venue_id="v5"))
    assert drill.cancels() == [(unsure.client_order_id, None), (unsure.client_order_id, "v5")]


def test_a_cancel_that_does_not_work_is_sent_again() -> None:
    stubborn = order()
    drill = Drill(stubborn)
    for _ in range(8):
        drill.answer(stubborn)
    assert len(drill.cancels()) >= 3
    assert drill.last.verdict is None or not drill.last.verdict.clean
    attempts = [cancel.attempt for do in drill.done for cancel in do.cancels]
    assert attempts == list(range(1, len(attempts) + 1))


def test_a_cancel_refused_for_being_busy_is_sent_again_soon() -> None:
    busy = order()
    drill = Drill(busy)
    drill.take(drill.sweep.cancel_failed(busy.client_order_id, drill.now))
    while len(drill.cancels()) < 2:
        drill.now = max(drill.now + 1, drill.last.wake_ns)
        drill.take(drill.sweep.tick(drill.now))
    assert drill.now < SECOND // 2


def test_a_failed_cancel_of_an_order_that_is_gone_does_nothing() -> None:
    drill = Drill()
    assert drill.take(drill.sweep.cancel_failed("whatever", 0)).cancels == ()


def test_an_order_in_doubt_keeps_the_verdict_open_until_its_fate_is_known() -> None:
    unsure = order(OrderState.UNKNOWN, venue_id=None)
    drill = Drill(unsure)
    for _ in range(5):
        drill.answer()
    assert True not in drill.verdicts()
    drill.take(drill.sweep.order_changed(order(OrderState.REJECTED, client_id=unsure.client_order_id), drill.now))
    drill.answer()
    assert drill.verdicts()[-1] is True


def test_an_order_that_was_in_doubt_and_lives_begins_the_count_anew() -> None:
    unsure = order(OrderState.SENT, venue_id=None)
    drill = Drill(unsure)
    drill.answer()
    drill.take(drill.sweep.order_changed(order(client_id=unsure.client_order_id, venue_id="late"), drill.now))
    assert drill.cancels()[-1] == (unsure.client_order_id, "late")
    drill.answer()
    assert drill.verdicts() == []
    drill.answer()
    assert drill.verdicts() == [True]


def test_an_order_that_came_after_the_question_is_not_gone_by_its_absence() -> None:
    drill = Drill()
    drill.answer()
    number = drill.wait_for_question()
    drill.now += 1
    drill.take(drill.sweep.order_changed(order(venue_id="new"), drill.now))
    drill.take(drill.sweep.listed(OpenList(number, ()), drill.now + 1))
    assert drill.verdicts() == []


def test_an_order_that_shows_after_clean_is_swept_again() -> None:
    drill = Drill()
    drill.answer()
    drill.answer()
    ghost = order(venue_id="ghost")
    drill.take(drill.sweep.order_changed(ghost, drill.now))
    assert drill.cancels() == [(ghost.client_order_id, "ghost")]
    drill.answer()
    assert drill.verdicts() == [True]
    drill.answer()
    assert drill.verdicts() == [True, True]


def test_an_incomplete_list_shows_stragglers_and_proves_nothing() -> None:
    drill, straggler = Drill(), order(venue_id="v3")
    drill.answer()
    drill.answer(straggler, complete=False)
    assert drill.cancels() == [(straggler.client_order_id, "v3")]
    for _ in range(5):
        drill.answer(complete=False)
    assert True not in drill.verdicts()


def test_an_answer_to_an_old_question_proves_nothing() -> None:
    drill = Drill()
    old = drill.wait_for_question()
    drill.now = drill.last.wake_ns
    drill.take(drill.sweep.tick(drill.now))  # given up
    drill.wait_for_question()
    for _ in range(3):
        drill.now += 3 * SECOND // 2
        drill.take(drill.sweep.listed(OpenList(old, ()), drill.now))
    assert True not in drill.verdicts()


# ---------------------------------------------------------------- out of reach


def test_an_unreachable_venue_is_reported_at_once_and_never_clean() -> None:
    drill = Drill(order(), order())
    drill.fail()
    verdict = next(do.verdict for do in drill.done if do.verdict is not None)
    assert (verdict.clean, verdict.remaining) == (False, 2)
    assert "connection refused" in verdict.detail
    for _ in range(100):
        drill.fail()
    assert set(drill.verdicts()) == {False}
    assert len(drill.verdicts()) >= 2


def test_an_unreachable_venue_is_tried_at_most_five_seconds_apart_with_jitter() -> None:
    drill = Drill(order())
    for _ in range(100):
        drill.fail()
    times = [when for when, do in zip(drill.times, drill.done, strict=True) if do.cancels]
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert max(gaps) <= 5.1 * SECOND
    assert len(set(gaps)) > 1


def test_no_answer_counts_as_out_of_reach() -> None:
    drill = Drill()
    drill.wait_for_question()
    drill.now = drill.last.wake_ns
    drill.take(drill.sweep.tick(drill.now))
    assert drill.verdicts() == [False]


def test_when_the_venue_is_back_everything_is_cancelled_at_once() -> None:
    one, two = order(), order()
    drill = Drill(one, two)
    drill.fail()
    before = len(drill.cancels())
    drill.take(drill.sweep.reachable(drill.now))
    assert len(drill.cancels()) == before + 2
    drill.answer()
    drill.answer()
    assert drill.verdicts()[-1] is True


def test_an_answer_after_an_outage_means_the_venue_is_back() -> None:
    stuck = order()
    drill = Drill(stuck)
    drill.fail()
    before = len(drill.cancels())
    drill.answer(stuck)
    assert len(drill.cancels()) == before + 1


def test_an_outage_between_the_two_lists_begins_the_count_anew() -> None:
    drill = Drill()
    drill.answer()
    drill.fail()
    drill.answer()
    assert True not in drill.verdicts()
    drill.answer()
    assert drill.verdicts()[-1] is True


def test_being_told_that_a_venue_is_there_which_was_never_lost_changes_nothing() -> None:
    drill = Drill(order())
    assert drill.take(drill.sweep.reachable(0)).cancels == ()


def test_a_venue_that_answers_but_keeps_an_order_is_reported_not_clean_at_the_limit() -> None:
    stubborn = order()
    drill = Drill(stubborn)
    while drill.now < 40 * SECOND:
        drill.answer(stubborn)
    assert drill.verdicts() == [False]
    while drill.now < 100 * SECOND:
        drill.answer(stubborn)
    assert drill.verdicts() == [False, False]


# ---------------------------------------------------------------- bulk and flatten


def test_symbols_where_nobody_else_has_an_order_may_be_cancelled_in_bulk() -> None:
    mine, shared = order(symbol="A"), order(symbol="B")
    drill = Drill()
    do = drill.answer(mine, shared, order(client_id=FOREIGN_ID, symbol="B"), order(client_id=FOREIGN_ID, symbol="C"))
    assert do.only_ours == {"A"}


@pytest.mark.parametrize(("level", "opted_in"), [(KillLevel.CANCEL, True), (KillLevel.FLATTEN, False)])
def test_positions_are_kept_unless_flatten_is_pulled_and_opted_in(level: KillLevel, opted_in: bool) -> None:
    drill = Drill(level=level, flatten=opted_in)
    drill.answer(BTC="1")
    drill.answer(BTC="1")
    assert not any(do.flatten for do in drill.done)
    assert drill.verdicts() == [True]


def test_flatten_closes_positions_after_the_cancels_and_lists_again() -> None:
    mine = order()
    drill = Drill(mine, level=KillLevel.FLATTEN, flatten=True)
    drill.answer(mine, BTC="1")
    drill.answer(BTC="1")
    assert not any(do.flatten for do in drill.done)
    assert drill.answer(BTC="1", ETH="0").flatten == {"BTC": Decimal(1)}
    drill.answer()
    assert drill.verdicts() == []
    drill.answer()
    assert drill.verdicts() == [True]


def test_what_is_left_is_flattened_again_and_more_slowly_after_some_rounds() -> None:
    drill = Drill(level=KillLevel.FLATTEN, flatten=True)
    times = []
    for _ in range(24):
        if drill.answer(BTC="1").flatten:
            times.append(drill.now)
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert len(times) >= 8
    assert min(gaps[-3:]) > max(gaps[:3])
    assert True not in drill.verdicts()


def test_a_raised_level_is_taken_up_by_a_running_sweep() -> None:
    drill = Drill(level=KillLevel.CANCEL, flatten=True)
    drill.answer(BTC="1")
    drill.sweep.level = KillLevel.FLATTEN
    assert drill.answer(BTC="1").flatten
