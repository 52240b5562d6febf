"""Faults on the TWS socket: lost answers, late landings, resets, streams that err, restarts, lost connectivity."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulator_kit import AdminError, RunningVenue, running
from support import eventually

sys.path.insert(0, str(Path(__file__).parent))

from tws_wire import Tws, read_until, tws  # noqa: E402


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running("ibkr", limit="data_lost_s=0.4") as one:
        yield one


@pytest.fixture
def one(venue: RunningVenue) -> Iterator[Tws]:
    venue.market("AAPL", "250.00", "250.02", "1000", "1000")
    with tws(venue) as client:
        yield client
    venue.faults([])
    with tws(venue, 99) as client:
        client.send(58, 1)
        client.quiet()


def orders(venue: RunningVenue, ref: str) -> list[dict[str, Any]]:
    return [order for order in venue.ledger()["orders"] if order["client_order_id"] == ref]


def on(kind: str, *effects: dict[str, Any], **trigger: Any) -> dict[str, Any]:
    return {"on": kind, **(trigger or {"nth": 1}), "do": list(effects)}


def test_never_withholds_all_that_the_request_caused(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("submit", {"reply": "never"})])
    order_id = one.place(one.next_id, ref="unheard")
    assert one.quiet() == []
    assert [order["status"] for order in orders(venue, "unheard")] == ["FILLED"]
    one.send(7, 3, 9, 0, "", "", "", "", "", "")
    assert [message[2] for message in read_until(one, 11, 55)][-1] == str(order_id)


def test_a_request_that_does_not_land_leaves_nothing(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("submit", {"land": False})])
    one.place(one.next_id, ref="lost")
    assert one.quiet() == []
    assert orders(venue, "lost") == []
    one.place(one.next_id, ref="lost")
    one.status(one.next_id, "Filled")


def test_a_reset_comes_after_the_request_has_landed(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("submit", {"reply": "reset"})])
    order_id = one.place(one.next_id, type="LMT", limit="249.00", ref="reset")
    assert one.has_ended()
    assert not [message for message in one.seen if message[0] in ("3", "5")]
    assert [order["status"] for order in orders(venue, "reset")] == ["OPEN"]
    with tws(venue) as again:
        assert again.until(5)[1] == str(order_id)


def test_a_request_may_land_late(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("submit", {"land_after_s": 0.3}, {"reply": "never"})])
    one.place(one.next_id, type="LMT", limit="249.00", ref="late")
    assert one.quiet() == []
    assert orders(venue, "late") == []
    eventually(lambda: orders(venue, "late"))
    assert one.quiet() == []


def test_an_answer_may_be_late_while_others_are_not(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("query", {"delay_s": 0.3})])
    one.send(5, 1)
    assert one.quiet() == []
    one.until(53)


@pytest.mark.parametrize("how", ["cut", "empty", "slow"])
def test_an_answer_may_come_in_pieces_or_not_at_all(one: Tws, venue: RunningVenue, how: str) -> None:
    venue.faults([on("query", {"reply": how})])
    one.send(5, 1)
    if how == "cut":
        assert one.has_ended()
        assert not [message for message in one.seen if message[0] == "53"]
    elif how == "empty":
        assert one.read() == []
    else:
        with pytest.raises(TimeoutError):
            one.read(0.3)


def test_a_fill_may_be_told_before_the_order_is(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("submit", {"fill_before_ack": True})])
    one.place(one.next_id)
    one.status(one.next_id, "PreSubmitted")
    kinds = [message[0] for message in one.seen if message[0] in ("5", "3", "11", "59")]
    assert kinds == ["11", "5", "3", "59", "5", "3"]


def test_a_script_may_name_the_code_of_a_rejection(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("submit", {"reject": 201}), on("cancel", {"reject": 161})])
    one.place(one.next_id, ref="refused")
    one.error(one.next_id, 201)
    assert orders(venue, "refused") == []
    one.place(one.next_id, type="LMT", limit="249.00")
    one.status(one.next_id, "Submitted")
    one.cancel(one.next_id)
    one.error(one.next_id, 161)


def test_rules_find_their_order_by_its_reference(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("submit", {"reject": 201}, nth=1, client_order_id="that one", symbol="AAPL")])
    one.place(one.next_id, ref="another")
    one.status(one.next_id, "Filled")
    one.place(one.next_id + 1, ref="that one")
    one.error(one.next_id + 1, 201)


def test_fills_go_wrong_as_they_do_elsewhere(one: Tws, venue: RunningVenue) -> None:
    start = one.next_id
    wrong: list[dict[str, Any]] = [{"partial": 0.5}, {"overfill": 0.2}, {"silent": True}]
    venue.faults([on("submit", effect, nth=number) for number, effect in enumerate(wrong, 1)])
    one.place(start, type="LMT", limit="250.02")
    assert one.until(3, lambda message: message[3] == "5")[2] == "Submitted"
    one.place(start + 1, type="LMT", limit="249.00")
    assert one.status(start + 1, "Filled")[3] == "12"
    one.place(start + 2, type="LMT", limit="250.02")
    one.status(start + 2, "Submitted")
    assert [message[0] for message in one.quiet()] == []


def test_a_cancel_may_lose_against_a_fill(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("cancel", {"fill_on_cancel": True})])
    order_id = one.place(one.next_id, type="LMT", limit="249.00")
    one.status(order_id, "Submitted")
    one.cancel(order_id)
    one.status(order_id, "Filled")
    one.error(order_id, 10148)


def test_a_busted_trade_is_corrected_to_nothing(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("submit", {"bust": 1})])
    one.place(one.next_id, ref="busted")
    first = one.until(11)
    second = one.until(11)
    assert (first[14][:-2], first[14][-2:], second[14][-2:]) == (second[14][:-2], "01", "02")
    assert (first[19], second[19], second[24]) == ("10", "0", "0")
    one.send(7, 3, 9, 0, "", "", "", "", "", "")
    assert [message[19] for message in read_until(one, 11, 55) if message[26] == "busted"] == ["0"]


def test_events_are_dropped_doubled_and_littered_among(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("stream", {"drop": 1}, nth=3), on("stream", {"duplicate": 1}, nth=6)])
    one.place(one.next_id)
    one.until(3, lambda message: message[2] == "Filled")
    one.until(59)
    one.until(59)
    assert not [message for message in one.seen if message[0] == "11"]
    venue.faults([on("stream", {"garbage": "rubbish"}, nth=1)])
    one.place(one.next_id + 1)
    assert one.until(5)
    assert [] in one.seen


def test_a_status_that_a_socket_does_not_have_is_refused_by_the_rules_name(venue: RunningVenue) -> None:
    with pytest.raises(AdminError, match=r"400.*lost-reply"):
        venue.faults([{"name": "lost-reply", "on": "submit", "nth": 1, "do": [{"reply": {"status": 502, "body": "no"}}]}])


def test_a_faults_file_with_a_status_is_refused_at_the_start(tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text('{"rules": [{"name": "http", "on": "query", "nth": 1, "do": [{"reply": {"status": 500}}]}]}')
    with pytest.raises(AssertionError, match="rule http"), running("ibkr", faults=script):
        pass


def test_maintenance_is_lost_connectivity_and_refuses_orders(one: Tws, venue: RunningVenue) -> None:
    venue.faults([on("venue", {"maintenance_s": 0.1}, at_s=0)])
    one.error(-1, 1100)
    one.error(-1, 1102)
    one.error(-1, 2158)
    venue.faults([on("venue", {"maintenance_s": 1.0}, at_s=0)])
    one.error(-1, 1100)
    one.place(one.next_id, ref="meanwhile")
    one.error(one.next_id, 133)
    one.send(5, 1)
    one.until(53)
    one.error(-1, 1101)
    assert orders(venue, "meanwhile") == []


def test_a_restart_drops_the_socket_and_keeps_what_is_kept(one: Tws, venue: RunningVenue) -> None:
    order_id = one.place(one.next_id, type="LMT", limit="249.00", ref="kept")
    one.status(order_id, "Submitted")
    venue.faults([on("venue", {"restart": {"down_s": 0.3, "keep_orders": True}}, at_s=0)])
    assert one.has_ended()
    again: Tws = eventually(lambda: _connected(venue))
    assert again.next_id == order_id + 1
    again.send(5, 1)
    assert [message[1] for message in read_until(again, 5, 53)][-1] == str(order_id)
    again.close()


def _connected(venue: RunningVenue) -> Tws | None:
    try:
        return Tws(venue.ready)
    except (ConnectionError, EOFError):
        return None


@pytest.mark.parametrize("how", ["reset", "never"])
def test_a_client_may_not_be_let_in(venue: RunningVenue, how: str) -> None:
    venue.faults([on("connect", {"reply": how})])
    one = Tws(venue.ready, starts=False)
    if how == "reset":
        assert one.has_ended()
    else:
        with pytest.raises(TimeoutError):
            one.read(0.3)
    one.close()
    with tws(venue) as again:
        assert again.next_id


def test_a_client_may_be_refused_by_a_code(venue: RunningVenue) -> None:
    venue.faults([on("connect", {"reject": 326})])
    one = Tws(venue.ready, starts=False)
    one.greet()
    one.send(71, 2, 1, "")
    one.error(-1, 326)
    assert one.has_ended()
    one.close()


def test_latency_keeps_the_order_of_requests_and_answers() -> None:
    with running("ibkr", latency_ms=40) as venue, tws(venue) as one:
        venue.market("AAPL", "250.00", "250.02", "1000", "1000")
        for number in range(5):
            one.place(one.next_id + number, type="LMT", limit="249.00")
        one.status(one.next_id + 4, "Submitted")
        told = [message[1] for message in one.seen if message[0] == "5"]
        assert told == sorted(told)
        assert len(set(told)) == 5


def test_a_ledger_survives_the_process(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    with running("ibkr", ledger=ledger) as venue, tws(venue) as one:
        venue.market("AAPL", "250.00", "250.02", "1000", "1000")
        one.place(1, ref="bought")
        perm_id = one.status(1, "Filled")[6]
        wanted: list[dict[str, str]] = [{"type": "LMT", "limit": "90.00"}, {"type": "MOC"}, {"type": "STP", "aux": "900.00"}]
        for number, given in enumerate(wanted, 2):
            one.place(number, **given)
            one.status(number, "Submitted" if number == 2 else "PreSubmitted")
        venue.kill()
    with running("ibkr", ledger=ledger) as venue, tws(venue) as one:
        assert one.next_id == 5
        one.quiet()
        one.send(5, 1)
        told = read_until(one, 5, 53)
        assert [(message[1], message[15]) for message in told] == [("2", "LMT"), ("3", "MOC"), ("4", "STP")]
        one.send(7, 3, 9, 0, "", "", "", "", "", "")
        assert [message[21] for message in read_until(one, 11, 55)] == [perm_id]
        one.send(61, 1)
        assert read_until(one, 61, 62)[0][14] == "10"
