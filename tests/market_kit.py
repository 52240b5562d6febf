"""What tests of tapes share."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

from autotrader.market import Tape, TapeSettings
from autotrader.model import Quote

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "market-data"

BINANCE_TRADES = """\
553287559,39432.48,0.00026300,10.37074224,1610064000278,True,True
553287560,39439.44,0.00437600,172.58698944,1610064000310,False,True
553287561,39430.00,0.00031100,12.26559742,1610064000368,True,True
"""
QUOTES = """\
timestamp_ms,bid,bid_size,ask,ask_size
1610064001076,39432.99,0.0031,39433.62,0.066851
1610064001157,39432.33,2.0,39433.6,0.018027
1610064001257,39430.29,0.33,39433.6,0.018027
"""
BARS = """\
timestamp,open,high,low,close,volume
2021-12-31 23:01:00.000000,46319.0,46385.0,46310.0,46377.0,2300413.7295
2021-12-31 23:02:00.000000,46377.0,46411.5,46340.0,46350.0,1829623.1938
"""


def tape_of(folder: Path, text: str | bytes, name: str = "btcusdt-x.csv", **settings: Any) -> Tape:
    """Write a tape and open it."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Tape(TapeSettings(path=str(path), **settings))


def quotes_of(folder: Path, text: str | bytes, name: str = "btcusdt-x.csv", **settings: Any) -> list[Quote]:
    return list(tape_of(folder, text, name, **settings))


def zipped(folder: Path, name: str, **members: str) -> bytes:
    """Return the bytes of a zip of these members; a double underscore in a name stands for a dot."""
    path = folder / f"{name}.tmp"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in members.items():
            archive.writestr(member.replace("__", "."), text)
    return path.read_bytes()


def gzipped(text: str) -> bytes:
    return gzip.compress(text.encode())
