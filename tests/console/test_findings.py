"""What the doctor prints for people."""

from __future__ import annotations

import pytest

from autotrader.console.tables import WIDTH, print_findings

ROWS = [
    {"check": "disk", "ok": True, "detail": "much is free", "fix": "never shown"},
    {"check": "TWS port", "ok": False, "detail": "refused:\n" + "a word " * 30, "fix": "start TWS"},
]


def test_a_finding_that_is_not_ok_says_what_to_do_and_lines_stay_narrow(capsys: pytest.CaptureFixture[str]) -> None:
    print_findings(ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ok   disk      much is free"
    assert lines[1].startswith("FIX  TWS port  refused: a word")
    assert lines[-1].strip() == "-> start TWS"
    assert max(map(len, lines)) <= WIDTH
    assert "never shown" not in "\n".join(lines)
