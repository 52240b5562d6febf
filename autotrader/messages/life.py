"""The life of actors."""

from __future__ import annotations

from autotrader.messages.base import Lane, Message

__all__ = ["ActorExited", "ActorReady", "Heartbeat", "HeartbeatSeen", "RestartActor", "StopActor"]


class StopActor(Message, frozen=True):
    """Finish what is at hand and end."""

    lane = Lane.URGENT


class Heartbeat(Message, frozen=True):
    """Answered through the mailbox by ``HeartbeatSeen``, so that a hung handler shows."""

    number: int
    lane = Lane.CONTROL


class HeartbeatSeen(Message, frozen=True):
    name: str
    epoch: int
    number: int


class ActorReady(Message, frozen=True):
    name: str
    epoch: int


class ActorExited(Message, frozen=True):
    """Told by the thread's own ``finally``; ``error`` is empty after an orderly stop."""

    name: str
    epoch: int
    error: str
    poison: str = ""
    lane = Lane.URGENT


class RestartActor(Message, frozen=True):
    """An operator asks for a fresh incarnation."""

    name: str
    by: str = ""
