from autotrader.resiliency.failures import FailureLog
from autotrader.resiliency.streaks import RejectStreaks

SECOND = 1_000_000_000


def test_failures_are_counted_by_code_for_five_minutes():
    log = FailureLog()
    log.note("TIMEOUT", 0, 3)
    log.note("HTTP_502", 100 * SECOND)
    log.note("TIMEOUT", 200 * SECOND)
    assert log.by_code(250 * SECOND) == {"TIMEOUT": 4, "HTTP_502": 1}
    assert log.by_code(350 * SECOND) == {"HTTP_502": 1, "TIMEOUT": 1}
    assert log.by_code(900 * SECOND) == {}


def test_endless_codes_are_counted_together():
    log = FailureLog()
    for number in range(1_000):
        log.note(f"code {number}", 0)
    assert len(log._counts) <= 65
    assert sum(log.by_code(0).values()) == 1_000


def test_old_codes_make_room_for_new_ones():
    log = FailureLog()
    for number in range(64):
        log.note(f"old {number}", 0)
    log.note("new", 1_000 * SECOND)
    assert log.by_code(1_000 * SECOND) == {"new": 1}


def reject(streaks, at_s, code="TOO_SMALL", strategy="s", symbol="X"):
    return streaks.rejected(strategy, "paper", symbol, code, round(at_s * SECOND))


def test_the_third_identical_reject_in_ten_seconds_advises_a_pause():
    streaks = RejectStreaks()
    assert [reject(streaks, at) for at in (0, 4, 9.9)] == [False, False, True]


def test_after_advice_the_streak_begins_anew():
    streaks = RejectStreaks()
    assert [reject(streaks, 0) for _ in range(6)] == [False, False, True, False, False, True]


def test_slow_rejects_are_no_streak():
    streaks = RejectStreaks()
    assert not any(reject(streaks, at) for at in (0, 5, 10, 15, 20))


def test_another_code_symbol_or_outcome_breaks_the_streak():
    streaks = RejectStreaks()
    assert not any([reject(streaks, 0), reject(streaks, 0), reject(streaks, 0, code="OTHER"), reject(streaks, 0)])
    streaks.accepted("s")
    assert not any([reject(streaks, 0), reject(streaks, 0), reject(streaks, 0, symbol="Y"), reject(streaks, 0)])
    streaks.accepted("s")
    assert not reject(streaks, 0)


def test_strategies_do_not_share_a_streak():
    streaks = RejectStreaks()
    assert not any(reject(streaks, 0, strategy=name) for name in ("a", "b", "a", "b"))
