"""Every code of the sheet has a class, and what is not known ends no order."""

from __future__ import annotations

import re

import pytest

from autotrader.execution.adapters.ibkr.codes import KINDS, NOT_SUBSCRIBED, kind_of
from autotrader.execution.adapters.ibkr.messages import ErrorKind

SHEET = """
100 X|102 322 R|103 R|104 105 106 107 MR|109 163 R|110 RM|111 113 387 R|133 134 RM|135 136 161 10147 10148 C
162 165 366 10182 D|200 R|201 R|202 -|203 R|300 309 310 317 D|320 321 RM|326 X|328 329 RM|354 10089 10090 10168 10186 D
382 383 388 434 435 436 451 463 R|391 10314 R|399 W|404 W|412 460 R|481 W|492 W|501 502 503 504 505 506 507 508 509 520 579 X
1100 X|1101 1102 X|1300 X|2100 I|2101 W|2102 M|2103 2105 2157 W|2104 2106 2107 2108 2119 2158 I|2109 W|2110 X
2137 2148 2161 2168 2169 2174 W|2150 2199 W|10006 10015 10016 10052 R|10167 10197 W|10225 W|10268 10269 10274 R|10285 R
10289 10293 R|10311 R|10349 W
"""
MEANING = {
    "X": {ErrorKind.CONNECTION}, "R": {ErrorKind.REJECT}, "C": {ErrorKind.CANCEL}, "D": {ErrorKind.DATA},
    "W": {ErrorKind.WARNING}, "I": {ErrorKind.INFO}, "M": {ErrorKind.MODIFY}, "-": {ErrorKind.CANCELED},
    "RM": {ErrorKind.REJECT_OR_MODIFY, ErrorKind.REJECT, ErrorKind.MODIFY}, "MR": {ErrorKind.MODIFY, ErrorKind.REJECT},
}  # fmt: skip
CASES = [
    (int(code), row.split()[-1]) for row in re.split(r"[|\n]", SHEET) if row.strip() for code in row.split()[:-1]
]  # fmt: skip


@pytest.mark.parametrize(("code", "letters"), CASES)
def test_the_sheet(code: int, letters: str) -> None:
    assert kind_of(code) in MEANING[letters]


@pytest.mark.parametrize("code", [110, 320, 321])
def test_what_rejects_a_new_order_leaves_one_that_works(code: int) -> None:
    assert kind_of(code) is ErrorKind.REJECT_OR_MODIFY


@pytest.mark.parametrize("code", [104, 105, 329, 2102, 134])
def test_a_refused_change_is_no_end(code: int) -> None:
    assert kind_of(code) is ErrorKind.MODIFY


@pytest.mark.parametrize("code", [0, -1, 99, 888, 2099, 2200, 77777, 10_000_000])
def test_a_code_that_is_not_known_is_unknown(code: int) -> None:
    assert kind_of(code) is ErrorKind.UNKNOWN


def test_settings_come_first() -> None:
    assert kind_of(434, {434: ErrorKind.WARNING}) is ErrorKind.WARNING
    assert kind_of(77777, {77777: ErrorKind.REJECT}) is ErrorKind.REJECT
    assert kind_of(201, {434: ErrorKind.WARNING}) is ErrorKind.REJECT


def test_missing_permissions_are_about_data() -> None:
    assert {KINDS[code] for code in NOT_SUBSCRIBED} == {ErrorKind.DATA}
