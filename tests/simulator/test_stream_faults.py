from sim_kit import effects

from autotrader.simulator.stream_faults import StreamFaults


def told(count: int, *struck: dict[str, object]) -> list[str]:
    """Return what goes out of events 1, 2, ... when effects strike before the first."""
    faults = StreamFaults()
    faults.strike(effects("stream", *struck))
    return [one.decode() for number in range(1, count + 1) for one in faults.take(str(number).encode())]


def test_a_calm_stream_lets_everything_through() -> None:
    faults = StreamFaults()
    assert faults.is_calm
    assert faults.take(b"1") == [b"1"]


def test_drop_loses_this_event_and_those_after_it() -> None:
    assert told(4, {"drop": 2}) == ["3", "4"]


def test_duplicate_tells_an_event_so_many_times_more() -> None:
    assert told(2, {"duplicate": 2}) == ["1", "1", "1", "2"]


def test_reorder_lets_so_many_others_overtake() -> None:
    assert told(4, {"reorder": 2}) == ["2", "3", "1", "4"]


def test_garbage_comes_before_the_event_and_loses_nothing() -> None:
    assert told(2, {"garbage": "{{"}) == ["{{", "1", "2"]


def test_a_stream_is_calm_again_after_its_faults() -> None:
    faults = StreamFaults()
    faults.strike(effects("stream", {"drop": 1}, {"garbage": "x"}))
    assert not faults.is_calm
    faults.take(b"1")
    assert faults.is_calm


def test_an_event_that_is_held_back_keeps_the_stream_from_being_calm() -> None:
    faults = StreamFaults()
    faults.strike(effects("stream", {"reorder": 1}))
    assert faults.take(b"1") == []
    assert not faults.is_calm
    assert faults.take(b"2") == [b"2", b"1"]
    assert faults.is_calm
