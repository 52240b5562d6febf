"""How files are opened: compression, encodings, damage, size."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from market_kit import QUOTES, gzipped, quotes_of, tape_of, zipped

from autotrader.market import Tape, TapeError, TapeSettings


def test_plain_gzip_and_zip_give_the_same_quotes_whatever_their_names(tmp_path: Path) -> None:
    plain = quotes_of(tmp_path, QUOTES)
    assert len(plain) == 3
    assert quotes_of(tmp_path, gzipped(QUOTES), "btcusdt.bin") == plain
    assert quotes_of(tmp_path, zipped(tmp_path, "z", btcusdt__csv=QUOTES), "btcusdt.csv") == plain


@pytest.mark.parametrize("change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t.rstrip("\n"),
                                    lambda t: t.replace("\n", "\n\n"), lambda t: t.replace(",", ";"),
                                    lambda t: t.replace(",", "\t"), lambda t: "\n\n" + t])
def test_bom_line_ends_empty_lines_and_other_delimiters_change_nothing(tmp_path: Path, change) -> None:
    assert quotes_of(tmp_path, change(QUOTES)) == quotes_of(tmp_path, QUOTES)


def test_a_file_that_is_not_there_or_is_a_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="cannot be read: No such file"):
        Tape(TapeSettings(path=str(tmp_path / "none.csv")))
    with pytest.raises(TapeError, match="cannot be read: Is a directory"):
        Tape(TapeSettings(path=str(tmp_path)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "holds no rows"),
        (QUOTES.splitlines()[0].encode(), "holds no rows after the header"),
        (QUOTES.encode("utf-16"), "is not text in UTF-8"),
        (b"timestamp,bid,ask\n\xff\xfe,1,2\n", "is not text in UTF-8"),
        (b"PK\x03\x04 and then nothing", "is damaged, cut short or locked"),
    ],
)
def test_files_that_are_no_tape_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(TapeError, match=message):
        tape_of(tmp_path, data)


def test_a_zip_must_hold_one_file(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="exactly one file, this holds 2: a.csv, b.csv"):
        tape_of(tmp_path, zipped(tmp_path, "z", a__csv=QUOTES, b__csv=QUOTES))
    with pytest.raises(TapeError, match="holds 0: nothing"):
        tape_of(tmp_path, zipped(tmp_path, "z"))
    with pytest.raises(TapeError, match="a.csv in it is empty"):
        tape_of(tmp_path, zipped(tmp_path, "z", a__csv=""))


def long_tape(rows: int) -> str:
    return "timestamp,bid,ask\n" + "".join(f"{1610064000000 + i * 7},{100 + i % 13}.{i % 10},{101 + i % 13}.{i % 10}\n"
                                           for i in range(rows))


def test_a_cut_gzip_and_a_cut_zip_are_errors_not_short_tapes(tmp_path: Path) -> None:
    whole = gzipped(long_tape(5000))
    with pytest.raises(TapeError, match="cut short"):
        quotes_of(tmp_path, whole[: len(whole) // 2])
    archive = zipped(tmp_path, "z", a__csv=long_tape(5000))
    with pytest.raises(TapeError, match="cut short"):
        quotes_of(tmp_path, archive[: len(archive) // 2])


def test_a_flipped_byte_in_a_zip_is_noticed(tmp_path: Path) -> None:
    archive = bytearray(zipped(tmp_path, "z", a__csv=long_tape(5000)))
    archive[len(archive) // 2] ^= 0xFF
    with pytest.raises(TapeError):
        quotes_of(tmp_path, bytes(archive))


def test_memory_does_not_grow_with_the_tape(tmp_path: Path) -> None:
    tape = tape_of(tmp_path, long_tape(60_000))
    tracemalloc.start()
    count = sum(1 for _ in tape)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 60_000
    assert peak < 1_000_000


def test_progress_is_by_bytes_and_ends_at_one(tmp_path: Path) -> None:
    for data in (long_tape(60_000).encode(), gzipped(long_tape(60_000)), zipped(tmp_path, "z", a__csv=long_tape(60_000))):
        tape = tape_of(tmp_path, data)
        seen = [tape.fraction for number, _ in enumerate(tape) if number % 20_000 == 0]
        assert seen == sorted(seen)
        assert seen[1] < 1.0
        assert tape.fraction == 1.0


def test_each_pass_begins_anew(tmp_path: Path) -> None:
    tape = tape_of(tmp_path, QUOTES)
    assert list(tape) == list(tape) == list(tape.quotes(0))
    assert tape.counts.quotes == 3
