"""Receipts: numbered, sealed, counted."""

import msgspec

from autotrader.messages import Receipt
from autotrader.model import WriteClass
from autotrader.risk import ReceiptBook


def test_receipts_are_numbered_and_say_what_for():
    book = ReceiptBook()
    first, second = (book.issue("okx", f"c{n}", WriteClass.RISK, 7) for n in (1, 2))
    assert (first.number, second.number) == (1, 2)
    assert (first.client_order_id, first.write_class, first.issued_ns) == ("c1", WriteClass.RISK, 7)


def test_receipts_are_counted_by_venue():
    book = ReceiptBook()
    for venue in ("okx", "okx", "ibkr"):
        book.issue(venue, "c", WriteClass.RISK, 0)
    assert (book.issued("okx"), book.issued("ibkr"), book.issued("oanda"), book.total_issued) == (2, 1, 0, 3)


def test_only_what_the_book_issued_is_genuine():
    book, other = ReceiptBook(), ReceiptBook()
    receipt = book.issue("okx", "c", WriteClass.RISK, 0)
    assert book.is_genuine(receipt)
    assert not other.is_genuine(receipt)
    assert not book.is_genuine(Receipt(1, "c", WriteClass.RISK, 0, object()))
    assert not book.is_genuine(Receipt(1, "c", WriteClass.RISK, 0))
    assert not book.is_genuine(None)
    assert not book.is_genuine("receipt")


def test_a_receipt_does_not_survive_being_written_down():
    book = ReceiptBook()
    receipt = book.issue("okx", "c", WriteClass.RISK, 0)
    plain = msgspec.structs.replace(receipt, seal=None)
    assert not book.is_genuine(msgspec.json.decode(msgspec.json.encode(plain), type=Receipt))
