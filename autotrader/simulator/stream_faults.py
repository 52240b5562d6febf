"""What a fault script does to the events of one stream: lose, repeat, reorder, litter. Pure."""

from __future__ import annotations

from autotrader.simulator.fault_script import Effects

__all__ = ["StreamFaults"]


class StreamFaults:
    """The state of one stream.

    ``drop`` n: this event and the n - 1 after it are lost; ``duplicate`` n: this event comes n times more; ``reorder`` n: it
    comes behind the n events after it; ``garbage`` comes before it, as a frame of its own.
    """

    def __init__(self) -> None:
        self._drop = self._duplicate = self._reorder = 0
        self._garbage: str | None = None
        self._kept: list[tuple[int, bytes]] = []

    @property
    def is_calm(self) -> bool:
        """Say whether the next event goes out as it is."""
        return not (self._drop or self._duplicate or self._reorder or self._kept) and self._garbage is None

    def strike(self, effects: Effects) -> None:
        """Let effects begin with the next event."""
        self._drop += effects.drop
        self._duplicate += effects.duplicate
        self._reorder += effects.reorder
        self._garbage = effects.garbage if effects.garbage is not None else self._garbage

    def take(self, event: bytes) -> list[bytes]:
        """Return what goes out now that this event is told."""
        out: list[bytes] = []
        if self._garbage is not None:
            out.append(self._garbage.encode())
            self._garbage = None
        if self._drop:
            self._drop -= 1
            return out
        if self._reorder:
            self._kept.append((self._reorder, event))
            self._reorder = 0
            return out
        out += [event] * (1 + self._duplicate)
        self._duplicate = 0
        return out + self._released()

    def _released(self) -> list[bytes]:
        """Return the events that enough others have overtaken."""
        counted = [(left - 1, event) for left, event in self._kept]
        self._kept = [(left, event) for left, event in counted if left > 0]
        return [event for left, event in counted if left <= 0]
