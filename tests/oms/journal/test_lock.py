"""One process per journal, one engine per account."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from journal_kit import open_store

from autotrader.errors import JournalError
from autotrader.oms.journal.lock import AccountLock, FileLock, is_locked, state_directory

HOLDER = """
import sys
from pathlib import Path
from autotrader.oms.journal.lock import AccountLock, FileLock
kind, path = sys.argv[1:]
lock = FileLock(Path(path), "journal J", "hint") if kind == "file" else AccountLock("okx", "h:1", "A", state_dir=Path(path))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def start_holder(kind: str, path: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, kind, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_two_engines_in_one_process_do_not_share_a_journal(tmp_path: Path) -> None:
    store = open_store(tmp_path / "journal.db")
    with pytest.raises(JournalError, match=f"in use by process {os.getpid()} since .*; stop it first, or choose another"):
        open_store(tmp_path / "journal.db")
    store.close()
    open_store(tmp_path / "journal.db").close()


def test_another_process_is_refused_by_name_and_a_dead_one_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "journal.db.lock"
    holder = start_holder("file", path)
    with pytest.raises(JournalError, match=f"in use by process {holder.pid} since"):
        FileLock(path, "journal", "hint").acquire()
    holder.kill()
    holder.communicate()
    lock = FileLock(path, "journal", "hint")
    lock.acquire()
    assert f"process {os.getpid()} " in path.read_text()
    lock.release()


def test_a_lock_is_released_once_and_may_be_taken_again(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "deep" / "x.lock", "it", "hint")
    with lock:
        assert lock.is_held
        with pytest.raises(JournalError, match="by this very engine"):
            lock.acquire()
    lock.release()
    assert not lock.is_held
    with lock:
        pass


def test_a_forked_child_does_not_keep_the_lock_of_its_parent(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "x.lock", "it", "hint")
    lock.acquire()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write_end)
        os.read(read_end, 1)
        os._exit(0)
    os.close(read_end)
    lock.release()
    FileLock(tmp_path / "x.lock", "it", "hint").acquire()
    os.close(write_end)
    os.waitpid(child, 0)


def test_an_account_has_one_engine_per_host(tmp_path: Path) -> None:
    holder = start_holder("account", tmp_path)
    with pytest.raises(JournalError, match="account A of okx at h:1 is in use by process"):
        AccountLock("okx", "h:1", "A", state_dir=tmp_path).acquire()
    for other in (("okx", "h:1", "B"), ("okx", "h:2", "A"), ("binance", "h:1", "A")):
        with AccountLock(*other, state_dir=tmp_path):
            pass
    holder.communicate()
    with AccountLock("okx", "h:1", "A", state_dir=tmp_path):
        pass


def test_paper_accounts_live_in_their_journal(tmp_path: Path) -> None:
    one = AccountLock("paper", "", "P", journal=tmp_path / "one.db", state_dir=tmp_path)
    two = AccountLock("paper", "", "P", journal=tmp_path / "two.db", state_dir=tmp_path)
    with one, two, pytest.raises(JournalError):
        AccountLock("paper", "", "P", journal=tmp_path / "sub" / ".." / "one.db", state_dir=tmp_path).acquire()


def test_asking_whether_a_journal_is_in_use_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    assert not is_locked(path)
    store = open_store(path)
    assert is_locked(path)
    store.close()
    assert not is_locked(path)
    open_store(path).close()


def test_locks_lie_in_the_users_own_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_directory() == tmp_path / "autotrader"
    lock = AccountLock("okx", "h:1", "A")
    with lock:
        assert lock.path.parent == tmp_path / "autotrader" / "locks"
        assert lock.path.stat().st_mode & 0o777 == 0o600
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_directory() == tmp_path / ".local" / "state" / "autotrader"


def test_a_store_that_cannot_open_gives_its_lock_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"x" * 5000)
    for _ in range(2):
        with pytest.raises(JournalError, match="cannot open"):
            open_store(path)
