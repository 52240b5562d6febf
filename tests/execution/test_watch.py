"""The watch: readiness, pulls and verdicts, as the last word on each venue."""

from __future__ import annotations

from autotrader.execution.watch import Watch
from autotrader.messages import Heartbeat, KillPulled, KillRearmed, KillVerdict, VenueReady
from autotrader.model import KillLevel


class Levels(dict[str, KillLevel]):
    def __missing__(self, venue: str) -> KillLevel:
        return KillLevel.ARMED


def watch(**levels: KillLevel) -> Watch:
    return Watch(("a", "b"), Levels(levels).__getitem__)


def pull(level: KillLevel, scope: str = "all") -> KillPulled:
    return KillPulled(level, scope, "r", "me", 0)


def verdict(venue: str, *, clean: bool) -> KillVerdict:
    return KillVerdict(venue, clean, 1, 0 if clean else 2, "2 open", 0)


def test_a_venue_is_not_ready_until_it_says_so() -> None:
    seen = watch()
    assert seen.not_ready() == ["a is not ready: not connected yet", "b is not ready: not connected yet"]
    seen.hear(VenueReady("a", True, "reconciled"))
    assert seen.not_ready("a") == []
    assert len(seen.not_ready()) == 1
    seen.hear(VenueReady("a", False, "link lost"))
    assert seen.not_ready("a") == ["a is not ready: link lost"]
    seen.hear(VenueReady("a", False, ""))
    assert seen.not_ready("a") == ["a is not ready: not ready"]


def test_below_cancel_nothing_has_to_be_swept() -> None:
    assert watch(a=KillLevel.HALT).unclean() == []


def test_at_cancel_a_venue_is_unclean_until_its_verdict_is_clean() -> None:
    seen = watch(a=KillLevel.CANCEL, b=KillLevel.FLATTEN)
    assert seen.unclean() == ["a is NOT CLEAN: its sweep has not ended", "b is NOT CLEAN: its sweep has not ended"]
    seen.hear(verdict("a", clean=False))
    assert seen.unclean("a") == ["a is NOT CLEAN: 2 open"]
    seen.hear(verdict("a", clean=True))
    assert seen.unclean("a") == []
    assert len(seen.unclean()) == 1


def test_a_pull_that_sweeps_makes_the_old_verdict_void() -> None:
    seen = watch(a=KillLevel.CANCEL, b=KillLevel.CANCEL)
    for venue in ("a", "b"):
        seen.hear(verdict(venue, clean=True))
    seen.hear(pull(KillLevel.CANCEL, "b"))
    assert seen.unclean() == ["b is NOT CLEAN: its sweep has not ended"]


def test_a_pull_to_halt_sweeps_nothing_and_leaves_the_verdict() -> None:
    seen = watch(a=KillLevel.CANCEL)
    seen.hear(verdict("a", clean=True))
    seen.hear(pull(KillLevel.HALT))
    assert seen.unclean("a") == []


def test_rearming_makes_verdicts_void() -> None:
    seen = watch(a=KillLevel.CANCEL)
    seen.hear(verdict("a", clean=True))
    seen.hear(KillRearmed("all", "looked", "me", 0))
    assert seen.unclean("a") == ["a is NOT CLEAN: its sweep has not ended"]


def test_other_news_is_passed_over() -> None:
    seen = watch()
    seen.hear(Heartbeat(1))
    assert len(seen.not_ready()) == 2
