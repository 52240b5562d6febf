"""Day loss and drawdown over time."""

from decimal import Decimal

import pytest

from autotrader.risk.losses import DAY_NS, HOUR_NS, LossWatch

D = Decimal
MORNING = 19_000 * DAY_NS + 8 * HOUR_NS


def watch(*results, brought_in=1000):
    losses = LossWatch()
    for hour, result in enumerate(results):
        losses.observe(MORNING + hour * HOUR_NS, D(result), D(brought_in))
    return losses


def test_before_the_first_look_nothing_is_known():
    losses = LossWatch()
    assert losses.day_loss is None
    assert losses.drawdown is None


def test_a_gain_is_no_loss():
    assert watch(0, 50).day_loss == 0
    assert watch(0, 50).drawdown == 0


def test_the_days_loss_is_a_share_of_the_equity_at_its_beginning():
    assert watch(0, -20).day_loss == D("0.02")
    assert watch(0, 100, -20).day_loss == D("0.02")


def test_the_drawdown_is_a_share_of_the_equity_at_the_peak():
    assert watch(0, 100, 45).drawdown == D(55) / 1100


def test_a_new_day_begins_at_what_it_finds_and_the_peak_stays():
    losses = watch(0, 100, 0)
    losses.observe(MORNING + DAY_NS, D(0), D(1000))
    assert losses.day_loss == 0
    assert losses.drawdown == D(100) / 1100
    losses.observe(MORNING + DAY_NS + 1, D(-30), D(1000))
    assert losses.day_loss == D("0.03")


def test_the_day_may_begin_at_another_hour():
    losses = LossWatch()
    losses.observe(MORNING, D(0), D(1000), 9)
    losses.observe(MORNING + HOUR_NS, D(-30), D(1000), 9)
    assert losses.day_loss == 0
    losses.observe(MORNING + 2 * HOUR_NS, D(-60), D(1000), 9)
    assert losses.day_loss == D(30) / 970


def test_a_clock_set_back_begins_no_day():
    losses = watch(0, -20)
    losses.observe(MORNING - DAY_NS, D(-20), D(1000))
    assert losses.day_loss == D("0.02")


def test_money_brought_in_is_part_of_the_equity():
    losses = watch(0)
    losses.observe(MORNING + 1, D(-20), D(2000))
    assert losses.day_loss == D("0.01")


@pytest.mark.parametrize("brought_in", [0, -5])
def test_a_loss_on_no_equity_is_a_whole_loss(brought_in):
    assert watch(0, -1, brought_in=brought_in).day_loss == 1


def test_a_breach_is_told_once_until_the_next_day_or_the_operator():
    losses = watch(0)
    assert losses.tell_once("day_loss.halt_share")
    assert not losses.tell_once("day_loss.halt_share")
    losses.observe(MORNING + DAY_NS, D(0), D(1000))
    assert losses.tell_once("day_loss.halt_share")
    losses.tell_once("drawdown.cancel_share")
    losses.observe(MORNING + 2 * DAY_NS, D(0), D(1000))
    assert not losses.tell_once("drawdown.cancel_share")
    losses.rearm()
    assert losses.tell_once("drawdown.cancel_share")


def test_rearming_begins_anew_at_the_present():
    losses = watch(0, 100, -200)
    losses.rearm()
    assert (losses.day_loss, losses.drawdown) == (0, 0)


def restarted(result, *, later=0, brought_in=980):
    """A first process gains 100, falls to -20 and ends; the second begins with the equity of then, 980."""
    first = watch(0, 100, -20)
    second = LossWatch()
    second.restore(first.export({}, {}))
    second.observe(MORNING + 3 * HOUR_NS + later, D(result), D(brought_in))
    return second


def test_a_restart_goes_on_where_it_was():
    assert restarted(0).day_loss == D("0.02")
    assert restarted(0).drawdown == D(120) / 1100


def test_a_loss_while_we_were_away_counts():
    assert restarted(-30).day_loss == D("0.05")


def test_a_loss_over_a_night_away_counts_for_the_new_day():
    losses = restarted(-49, later=DAY_NS)
    assert losses.day_loss == D(49) / 980
    assert losses.drawdown == D(169) / 1100
