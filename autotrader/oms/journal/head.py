"""The head file: sequence and hash of the last commit, beside the journal, so that a tail that was cut off is noticed."""

from __future__ import annotations

import os
from pathlib import Path
from zlib import crc32

from autotrader.errors import JournalError

__all__ = ["Head", "HeadFile", "head_path", "read_head"]

Head = tuple[int, bytes]
"""(sequence, hash)."""


def head_path(journal: Path) -> Path:
    """Return where the head of a journal stands."""
    return journal.with_name(journal.name + ".head")


def _line(head: Head) -> bytes:
    text = f"{head[0]:020d} {head[1].hex()}"
    return f"{text} {crc32(text.encode()):08x}\n".encode()


def read_head(journal: Path) -> Head | None:
    """Return the head that was noted last, None when there is no file; raises ``JournalError`` when it cannot be read."""
    path = head_path(journal)
    try:
        line = path.read_bytes()
    except FileNotFoundError:
        return None
    if not line:
        return None
    try:
        sequence, digest, _ = line.decode("ascii").split()
        head = int(sequence), bytes.fromhex(digest)
    except ValueError:
        head = 0, b""
    if _line(head) != line:
        raise JournalError(f"{path} is damaged: it should hold sequence and hash of the last commit")
    return head


class HeadFile:
    """Notes the head after each commit: one write in place, not synced, since being behind after a crash is harmless."""

    def __init__(self, journal: Path) -> None:
        self._fd = os.open(head_path(journal), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, head: Head) -> None:
        """Note the head; the line has a fixed length within one disk sector."""
        os.pwrite(self._fd, _line(head), 0)

    def sync(self) -> None:
        """Wait until the note is on disk."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)
