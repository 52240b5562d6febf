"""Clients of the TWS socket: how they are let in, what is whose, and what is said to whom."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulator_kit import RunningVenue, running

sys.path.insert(0, str(Path(__file__).parent))

from tws_wire import AAPL, Tws, contract, framed, read_until, tws  # noqa: E402

EXECUTIONS = (7, 3, 5, 0, "", "", "", "", "", "")


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running("ibkr") as one:
        one.market("AAPL", "250.00", "250.02", "1000", "1000")
        yield one


@pytest.mark.parametrize(
    ("versions", "version"),
    [
        ("v100..157", 157), ("v100..158", 157), ("v157..178", 178), ("v100..226", 178), ("v100..173", 173),
        ("v100..178 +PACEAPI", 178),
    ],
)  # fmt: skip
def test_the_version_is_the_highest_that_both_speak(venue: RunningVenue, versions: str, version: int) -> None:
    with tws(venue, 1, versions) as one:
        assert one.version == version
        assert one.connected_at.endswith(" EST")


def test_a_handshake_may_come_byte_by_byte(venue: RunningVenue) -> None:
    one = Tws(venue.ready, starts=False, versions="v100..178")
    one.greet()
    assert one.version == 178
    for byte in framed(b"71\x002\x003\x00\x00"):
        one.socket.sendall(bytes((byte,)))
    assert one.until(15)[2] == "DU1234567"
    one.close()


@pytest.mark.parametrize("versions", ["v100..147", "nonsense"])
def test_a_client_that_speaks_no_common_version_is_left(venue: RunningVenue, versions: str) -> None:
    one = Tws(venue.ready, starts=False, versions=versions)
    assert one.has_ended()
    one.close()


def test_a_client_that_wants_a_higher_version_is_told_which_is_spoken(venue: RunningVenue) -> None:
    """Its own minimum is a client's to check (ibkr.md section 4.1); a connection that just ends would say nothing."""
    one = Tws(venue.ready, starts=False, versions="v200..226")
    one.greet()
    assert one.version == 178
    one.close()


def test_what_a_client_is_told_first_comes_in_the_venues_order(venue: RunningVenue) -> None:
    with tws(venue) as one:
        assert [message[0] for message in one.seen] == ["15", "9", "4", "4", "4"]
        assert [message[3] for message in one.seen[2:]] == ["2104", "2106", "2158"]


def test_a_client_id_that_is_in_use_is_refused_and_free_again_after_its_client_left(venue: RunningVenue) -> None:
    with tws(venue, 3):
        second = Tws(venue.ready, starts=False)
        second.greet()
        second.send(71, 2, 3, "")
        second.error(-1, 326)
        assert second.has_ended()
        second.close()
    with tws(venue, 3) as again:
        assert again.next_id >= 1


def test_order_ids_go_on_where_the_client_left_off(venue: RunningVenue) -> None:
    with tws(venue, 4) as one:
        order_id = one.place(one.next_id + 5, type="LMT", limit="100.00")
        one.status(order_id, "Submitted")
    with tws(venue, 4) as again:
        assert again.next_id == order_id + 1
        told = again.until(5)
        assert (told[1], told[0]) == (str(order_id), "5")
        again.send(8, 1, 1)
        assert again.until(9)[2] == str(order_id + 1)
        again.cancel(order_id)
        again.status(order_id, "Cancelled")
    with tws(venue, 5) as other:
        assert other.next_id == 1


def test_open_orders_may_be_told_before_the_log_on_with_their_end() -> None:
    with running("ibkr", limit="push_open=2") as venue:
        with tws(venue, 4) as one:
            assert [message[0] for message in one.seen][:2] == ["15", "9"]
            one.status(one.place(one.next_id, type="LMT", limit="100.00"), "Submitted")
        with tws(venue, 4) as again:
            assert [message[0] for message in again.seen][:5] == ["5", "3", "53", "15", "9"]
            assert again.quiet() == []


def test_what_executions_cost_is_told_before_their_end(venue: RunningVenue) -> None:
    with tws(venue, 45) as one:
        for order_id in (one.next_id, one.next_id + 1):
            one.place(order_id)
            one.until(59)
        one.send(7, 3, 5, 45, "", "", "", "", "", "")
        assert [said[0] for said in read_until(one, 11, 55)] == ["11", "11"]
        assert [said[0] for said in one.seen[-5:]] == ["11", "11", "59", "59", "55"]
        assert [said[2] for said in one.seen[-3:-1]] == [said[14] for said in one.seen[-5:-3]]


def test_a_client_hears_of_its_own_orders_and_may_read_everybodys(venue: RunningVenue) -> None:
    with tws(venue, 6) as mine, tws(venue, 7) as theirs:
        order_id = mine.place(mine.next_id, type="LMT", limit="100.00", ref="mine")
        mine.status(order_id, "Submitted")
        assert theirs.quiet() == []
        theirs.send(5, 1)
        assert read_until(theirs, 5, 53) == []
        theirs.send(16, 1)
        assert [message[23] for message in read_until(theirs, 5, 53)] == ["mine"]
        theirs.cancel(order_id)
        theirs.error(order_id, 10147)
        theirs.send(58, 1)
        mine.status(order_id, "Cancelled")


def test_an_order_by_hand_is_bound_to_client_0_alone(venue: RunningVenue) -> None:
    by_hand = venue.order("AAPL", "BUY", "3", "100.00")
    with tws(venue, 8) as other, tws(venue, 0) as master:
        other.send(16, 1)
        assert [message[1] for message in read_until(other, 5, 53)] == ["0"]
        master.send(5, 1)
        bound = master.until(100)
        assert bound[1:] == [by_hand["venue_order_id"], "0", "-1"]
        assert [message[1] for message in read_until(master, 5, 53)] == ["-1"]
        master.cancel(-1)
        master.status(-1, "Cancelled")


def test_a_client_0_that_binds_hears_of_orders_by_hand(venue: RunningVenue) -> None:
    with tws(venue, 0) as master, tws(venue, 8) as other:
        other.send(15, 1, 1)
        other.error(-1, 321)
        master.send(15, 1, 1)
        master.quiet()
        venue.order("AAPL", "BUY", "1")
        assert master.until(11)[2].startswith("-")


def test_questions_are_answered_with_their_ends(venue: RunningVenue) -> None:
    with tws(venue, 12) as one:
        one.place(one.next_id, ref="asked")
        one.until(59)
        ends = {
            (61, 1): (61, 62), (99, 0): (101, 102), EXECUTIONS: (11, 55), (62, 1, 1, "All", "NetLiquidation,$LEDGER"): (63, 64),
            (6, 2, 1, ""): (6, 54), (76, 1, 2, "", "", 0): (73, 74), (74, 1, 3, "", ""): (71, 72),
            (92, 4, "DU1234567", ""): (94, 94),
        }  # fmt: skip
        for asked, (row, end) in ends.items():
            one.send(*asked)
            assert one.until(row)
            assert row == end or one.until(end)
        one.send(17, 1)
        assert one.until(15)[2] == "DU1234567"


def test_executions_are_filtered(venue: RunningVenue) -> None:
    with tws(venue, 13) as one:
        one.place(one.next_id, action="SELL", ref="filtered")
        one.until(59)
        wanted = {
            "its client": (13, "", "", "", "", "", "SELL"), "its account": (0, "DU1234567", "", "AAPL", "STK", "IEX", "SLD"),
        }
        for name, (client, account, when, *rest) in wanted.items():
            one.send(7, 3, 9, client, account, when, *rest)
            assert [message[26] for message in read_until(one, 11, 55)][-1:] == ["filtered"], name
        for empty in ((99, "", ""), (0, "DU9", ""), (0, "", "20300101 00:00:00")):
            one.send(7, 3, 9, *empty, "", "", "", "")
            assert read_until(one, 11, 55) == []


def test_done_orders_have_a_reason_and_no_order_id(venue: RunningVenue) -> None:
    with tws(venue, 14) as one:
        done = one.place(one.next_id, ref="done")
        perm_id = one.status(done, "Filled")[6]
        gone = one.place(done + 1, type="LMT", limit="100.00", ref="gone")
        one.cancel(gone)
        one.error(gone, 202)
        one.send(99, 0)
        rows = {message[22]: message for message in read_until(one, 101, 102)}
        assert rows["done"][23] == perm_id
        assert "Filled Size: 10" in rows["done"]
        assert "Cancelled by Trader" in rows["gone"]


@pytest.mark.parametrize(
    ("what", "count"),
    [
        (AAPL, 1), (contract(symbol="ES", sec_type="FUT", exchange="CME"), 2), (contract(local="ESZ6", exchange="CME"), 1),
        (contract(symbol="AAPL", sec_type="OPT"), 2), (contract(symbol="AAPL", sec_type="STK", currency=""), 2),
        (contract(con_id=12087792, exchange="", currency=""), 1), (contract(local="AAPL  261218C00250000"), 1),
        (contract(symbol="EUR", sec_type="CASH", exchange="IDEALPRO"), 1),
    ],
)  # fmt: skip
def test_a_vague_contract_has_several_answers(venue: RunningVenue, what: list[object], count: int) -> None:
    with tws(venue, 15) as one:
        one.send(9, 8, 3, *what, 0, "", "", "")
        assert len(read_until(one, 10, 52)) == count


def test_a_contract_that_is_not_there_is_an_error_and_no_end(venue: RunningVenue) -> None:
    with tws(venue, 15) as one:
        one.send(9, 8, 3, *contract(symbol="NOPE", sec_type="STK"), 0, "", "", "")
        one.error(3, 200)
        assert one.quiet() == []


def test_quotes_come_live_and_stop_when_they_are_cancelled(venue: RunningVenue) -> None:
    with tws(venue, 16) as one:
        one.send(1, 11, 7, *AAPL, 0, "", 0, 0, "")
        assert one.until(81)[1] == "7"
        assert one.until(58)[3] == "1"
        assert one.until(1, lambda message: message[3] == "2")[4] == "250.02"
        venue.market("AAPL", "250.00", "250.03", "1000", "1000")
        assert one.until(1, lambda message: message[3] == "2")[4:6] == ["250.03", "1000"]
        one.send(1, 11, 7, *AAPL, 0, "", 0, 0, "")
        one.error(7, 102)
        one.send(2, 2, 7)
        venue.market("AAPL", "250.00", "250.02", "1000", "1000")
        assert one.quiet() == []
        one.send(2, 2, 7)
        one.error(7, 300)


def test_a_snapshot_ends(venue: RunningVenue) -> None:
    with tws(venue, 16) as one:
        one.send(1, 11, 8, *AAPL, 0, "", 1, 0, "")
        assert len(read_until(one, 1, 57)) >= 2


def test_quotes_that_are_not_paid_for_are_refused_or_delayed() -> None:
    with running("ibkr", limit="live_data=0") as venue, tws(venue) as one:
        one.send(1, 11, 7, *AAPL, 0, "", 0, 0, "")
        one.error(7, 354)
        one.send(59, 1, 3)
        one.send(1, 11, 8, *AAPL, 0, "", 0, 0, "")
        one.error(8, 10167)
        assert one.until(58)[3] == "3"
        assert one.until(1)[3] == "66"


def test_three_summaries_are_one_too_many(venue: RunningVenue) -> None:
    with tws(venue, 17) as one:
        for number in (1, 2):
            one.send(62, 1, number, "All", "NetLiquidation")
            one.until(64)
        one.send(62, 1, 3, "All", "NetLiquidation")
        one.error(3, 322)
        one.send(63, 1, 1)
        one.send(62, 1, 3, "All", "NetLiquidation")
        one.until(64)


def test_positions_and_figures_follow_a_trade(venue: RunningVenue) -> None:
    with tws(venue, 18) as one:
        one.send(61, 1)
        one.until(62)
        one.send(6, 2, 1, "DU1234567")
        one.until(54)
        one.place(one.next_id, quantity="7")
        held = one.until(61)
        assert held[4] == "AAPL"
        assert one.until(7)[3] == "AAPL"
        one.send(64, 1)
        one.send(6, 2, 0, "")
        one.place(one.next_id + 1, quantity="7", action="SELL")
        one.until(59)
        assert not [message for message in one.quiet() if message[0] in ("61", "7", "6")]


def test_a_message_that_cannot_be_read_is_said_so_and_the_next_one_is_read(venue: RunningVenue) -> None:
    with tws(venue, 19) as one:
        for fields in ((3, 1, 2), (7, 3), (4242, 1), ("x",), (9, 8, "abc")):
            one.send(*fields)
            one.error(-1, 320)
        one.send(49, 1)
        one.until(49)


def test_a_frame_beyond_all_measure_ends_the_connection(venue: RunningVenue) -> None:
    with tws(venue, 20) as one:
        one.socket.sendall((1 << 30).to_bytes(4, "big"))
        one.error(-1, 507)
        assert one.has_ended()


def test_a_client_that_is_too_fast_is_warned_and_then_cut_off() -> None:
    with running("ibkr", limit="messages_per_s=5") as venue, tws(venue) as one:
        for _ in range(18):
            one.send(49, 1)
        assert one.has_ended()
        warned = [message[4] for message in one.seen if message[0] == "4" and message[3] == "100"]
        assert [text[-3:] for text in warned] == ["(1)", "(2)", "(3)"]


def test_a_client_that_asks_to_be_paced_is_slowed_and_not_warned() -> None:
    with running("ibkr", limit="messages_per_s=50") as venue, tws(venue, versions="v100..178 +PACEAPI") as one:
        for _ in range(60):
            one.send(49, 1)
        for _ in range(60):
            assert one.until(49)
        assert not [message for message in one.seen if message[0] == "4" and message[3] == "100"]


def test_a_market_rule_has_one_step(venue: RunningVenue) -> None:
    with tws(venue, 21) as one:
        one.send(9, 8, 3, *contract(local="ESZ6", exchange="CME"), 0, "", "", "")
        details = one.until(10)
        one.send(91, details[-6].split(",")[0])
        assert one.until(93)[2:] == ["1", "0", "0.25"]
        one.send(91, 424242)
        one.error(-1, 321)


def test_what_is_not_simulated_is_refused_under_its_request(venue: RunningVenue) -> None:
    with tws(venue, 22) as one:
        one.send(20, 77, *AAPL, 0, "", "1 min", "1 D", 0, "TRADES", 1, 0, "")
        assert "Historical" in one.error(77, 162)[4]
        one.send(10, 5, 78, *AAPL, 5, 0, "")
        one.error(78, 10092)


def test_read_only_takes_no_orders() -> None:
    with running("ibkr", limit="read_only=1") as venue, tws(venue) as one:
        one.place(1)
        assert "Read-Only" in one.error(1, 321)[4]
        one.send(61, 1)
        one.until(62)


def test_an_old_client_gets_no_quotes_of_fractional_sizes_where_that_rule_is_on() -> None:
    pair = contract(symbol="EUR", sec_type="CASH", exchange="IDEALPRO")
    with running("ibkr", limit="fractional_rules=1") as venue, tws(venue, 1, "v100..157") as old, tws(venue, 2) as new:
        old.send(1, 11, 7, *pair, 0, "", 0, 0, "")
        old.error(7, 10285)
        new.send(1, 11, 7, *pair, 0, "", 0, 0, "")
        new.until(1)


def test_a_limit_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(AssertionError, match="there is no such limit"), running("ibkr", limit="nonsense=1"):
        pass
