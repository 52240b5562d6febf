"""What the order manager's floor may call outside of its own thread's reach."""

from __future__ import annotations

from collections.abc import Callable

from autotrader.messages import Alerted, Message
from autotrader.model import KillLevel, OrderUpdate

__all__ = ["Hooks"]


class Hooks:
    """What the floor may call outside the order manager; each returns at once.

    ``kill(level, scope, reason)``, ``alert(alert)``, ``recall(client id, venue, venue id, symbol)`` gives an order's journalled
    events, ``look_up(client id)`` its row, ``is_own(client id, venue)`` says whether it carries this engine's tags; ``close``
    lets go of what the others read from.
    """

    def __init__(
        self,
        *,
        kill: Callable[[KillLevel, str, str], None],
        alert: Callable[[Alerted], None],
        recall: Callable[[str, str, str | None, str], list[Message]],
        look_up: Callable[[str], OrderUpdate | None],
        is_own: Callable[[str, str], bool],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.kill, self.alert, self.recall, self.look_up, self.is_own = kill, alert, recall, look_up, is_own
        self.close = close
