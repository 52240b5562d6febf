"""Opens a tape's file: plain, gzip or zip, told by its first bytes and not by its name; text in UTF-8, a BOM allowed."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from autotrader.market.errors import TapeError

__all__ = ["HEAD_CHARS", "TapeFile", "open_tape"]

HEAD_CHARS = 65_536


class TapeFile:
    """An open tape: ``text`` yields lines with their ends kept, ``fraction()`` says how far it was read."""

    def __init__(self, path: Path, text: io.TextIOWrapper, position: Callable[[], int], size: int) -> None:
        self.path, self.text = path, text
        self._position, self._size = position, max(size, 1)

    def fraction(self) -> float:
        """Return the share of the file's bytes that was taken in, from 0 to 1."""
        return min(self._position() / self._size, 1.0)


@contextmanager
def open_tape(path: Path | str) -> Iterator[TapeFile]:
    """Open a tape for one pass; errors of the file, its compression and its encoding become ``TapeError``."""
    path = Path(path)
    try:
        with path.open("rb") as raw:
            yield _wrap(path, raw)
    except UnicodeDecodeError as e:
        raise TapeError(path, f"is not text in UTF-8 (byte {e.object[e.start]:#04x}); save it as plain CSV") from e
    except (zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile, NotImplementedError, RuntimeError) as e:
        raise TapeError(path, f"is damaged, cut short or locked ({e}); fetch it again") from e
    except OSError as e:
        raise TapeError(path, f"cannot be read: {e.strerror or e}") from e


def _wrap(path: Path, raw: io.BufferedReader) -> TapeFile:
    size = path.stat().st_size
    magic = raw.peek(4)[:4]
    if size == 0:
        raise TapeError(path, "is empty")
    if magic[:2] == b"PK":
        return _from_zip(path, raw)
    if magic[:2] == b"\x1f\x8b":
        return TapeFile(path, _text(gzip.GzipFile(fileobj=raw)), raw.tell, size)
    return TapeFile(path, _text(raw), raw.tell, size)


def _from_zip(path: Path, raw: io.BufferedReader) -> TapeFile:
    archive = zipfile.ZipFile(raw)
    files = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX")]
    if len(files) != 1:
        names = ", ".join(info.filename for info in files[:5]) or "nothing"
        raise TapeError(path, f"a zipped tape must hold exactly one file, this holds {len(files)}: {names}")
    if files[0].file_size == 0:
        raise TapeError(path, f"{files[0].filename} in it is empty")
    member = archive.open(files[0])
    return TapeFile(path, _text(member), member.tell, files[0].file_size)


def _text(stream: IO[bytes] | gzip.GzipFile) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="strict", newline="")
