import msgspec
import pytest
from resiliency_fakes import START, cancel, replace, send

from autotrader.messages import DeadLetterClosed
from autotrader.resiliency.dead_letters import DeadLetters, letter_for, letter_id, read_body, write_body
from autotrader.resiliency.retry import Failure, Retry, RetrySettings


def letter(command, first_ns=START):
    given_up = Retry(first_ns, 2.0, attempt=3).increment(Failure("not_sent", "REFUSED", "no"), first_ns, 0.0, RetrySettings())
    return letter_for(command, "paper", given_up)


@pytest.mark.parametrize("command", [send(), replace(), cancel()])
def test_body_is_the_whole_command_but_for_its_seal(command):
    back = read_body(write_body(command))
    if hasattr(command, "receipt"):
        assert back.receipt.seal is None
        command = msgspec.structs.replace(command, receipt=msgspec.structs.replace(command.receipt, seal=None))
    assert back == command


@pytest.mark.parametrize(("command", "kind"), [(send(), "SUBMIT"), (replace(), "REPLACE"), (cancel(), "CANCEL")])
def test_letter_names_its_kind_and_order(command, kind):
    made = letter(command)
    assert (made.kind, made.client_order_id, made.attempts, made.first_ns) == (kind, "id1", 3, START)
    assert made.history == (f"{START} attempt 3: not_sent REFUSED no",)


def test_id_of_a_letter_is_the_same_in_a_replay_and_no_other():
    assert letter(send()).letter_id == letter(send()).letter_id
    ids = {letter_id(k, v, c, n) for k in ("SUBMIT", "CANCEL") for v in ("a", "b") for c in ("1", "2") for n in (1, 2)}
    assert len(ids) == 16


def test_rows_have_the_published_form():
    queue = DeadLetters()
    made = letter(send())
    queue.apply(made)
    queue.apply(letter(cancel(2)))
    assert [row["kind"] for row in queue.rows()] == ["SUBMIT", "CANCEL"]
    assert queue.rows()[0] == {
        "id": made.letter_id, "kind": "SUBMIT", "client_order_id": "id1", "venue": "paper",
        "reason": "no (given up after 3 attempts)", "attempts": 3, "first_ns": START, "last_ns": START, "status": "OPEN",
    }


def test_closing_keeps_the_letter_and_says_who_and_why():
    queue = DeadLetters()
    made = letter(send())
    queue.apply(made)
    queue.apply(DeadLetterClosed(letter_id=made.letter_id, status="DISCARDED", reason="stale", by="ann", ts_ns=9))
    queue.apply(made)
    shown = queue.show(made.letter_id)
    assert (shown["status"], shown["closed"]) == ("DISCARDED", {"by": "ann", "reason": "stale", "ts_ns": 9})
    assert shown["body"]["order"]["quantity"] == "0.1"
    assert shown["history"] == list(made.history)


def test_unknown_letter_is_an_error_that_names_it():
    queue = DeadLetters()
    for ask in (queue.show, queue.get, queue.status):
        with pytest.raises(KeyError, match="no dead letter abc"):
            ask("abc")
    with pytest.raises(KeyError, match="abc"):
        queue.apply(DeadLetterClosed(letter_id="abc", status="RETRIED", reason="", by="", ts_ns=0))
