"""What waited on a commit: told once it is durable, or answered for when it is not."""

from __future__ import annotations

from collections.abc import Iterable

from autotrader.errors import Unavailable
from autotrader.messages import Lane, Message, OrderNotSent, ReplaceRejected, SendOrder, SendReplace
from autotrader.oms.journal.commit import Commit, Outlet

__all__ = ["refuse", "release"]


def _by_outlet(commits: Iterable[Commit]) -> Iterable[tuple[Outlet, list[Message]]]:
    """Return what waits as one list per outlet and lane, in order."""
    lists: dict[tuple[int, Lane], tuple[Outlet, list[Message]]] = {}
    for commit in commits:
        for outlet, messages in commit.releases:
            for message in messages:
                key = (id(outlet), message.lane)
                known = lists.get(key)
                if known is None:
                    lists[key] = (outlet, [message])
                else:
                    known[1].append(message)
    return lists.values()


def release(commits: Iterable[Commit], now_ns: int) -> list[Message]:
    """Tell all that waited; return what the order manager must hear of those whom nobody was there to take."""
    unsent: list[Message] = []
    for outlet, messages in _by_outlet(commits):
        try:
            outlet.tell(messages)
        except Unavailable as e:
            unsent += _answers(messages, now_ns, e.code, str(e))
    return unsent


def refuse(commits: Iterable[Commit], now_ns: int, reason: str) -> list[Message]:
    """Answer for orders and replaces that must not leave, and tell the rest, which only lowers risk or asks."""
    unsent: list[Message] = []
    for outlet, messages in _by_outlet(commits):
        unsent += _answers(messages, now_ns, "JOURNAL", reason)
        rest = [message for message in messages if not isinstance(message, (SendOrder, SendReplace))]
        try:
            if rest:
                outlet.tell(rest)
        except Unavailable:  # the order manager sees that the venue is away, and asks again when it is back
            continue
    return unsent


def _answers(messages: Iterable[Message], now_ns: int, code: str, reason: str) -> list[Message]:
    answers: list[Message] = []
    for message in messages:
        if isinstance(message, SendOrder):
            order = message.order
            answers.append(OrderNotSent(order.client_order_id, order.venue, now_ns, None, code, reason))
        elif isinstance(message, SendReplace):
            order = message.order
            answers.append(ReplaceRejected(order.client_order_id, order.venue, now_ns, message.venue_order_id, code, reason))
    return answers
