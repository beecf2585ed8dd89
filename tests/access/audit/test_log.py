"""What is written of the audit log: whole lines, in files of their kind and day, within bounds, on a full disk too."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.own_threads import replace_here

from bindery.access.audit import files as files_module
from bindery.access.audit import log as log_module
from bindery.access.audit.files import list_files, make_room
from bindery.access.audit.log import AuditLog, AuditUnwritable
from bindery.access.audit.reading import Wanted, search
from bindery.access.audit.record import AuditRecord, Kind, decode
from bindery.access.audit.settings import AuditSettings

DAY_NS = 86_400 * 10**9
NOON = 1_800_014_400 * 10**9  # 2027-01-15T12:00:00Z
USER = "acs:ram::1:user/reader"


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No day ends within a test: each has shares and files of its own."""
    behind = NOON - time.monotonic_ns()
    replace_here(monkeypatch, log_module, "now_ns", lambda: behind + time.monotonic_ns())


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    made = AuditLog(tmp_path)
    yield made
    made.close()


def change(action: str = "ram:CreateUser", **values: object) -> AuditRecord:
    return AuditRecord(kind=Kind.CHANGE, code="OK", action=action, **values)


def denial(principal: str = USER, **values: object) -> AuditRecord:
    given = {"code": "NoPermission", "action": "imm:GetBinding"} | values
    return AuditRecord(kind=Kind.DENIAL, principal=principal, **given)


def written(data: Path) -> list[AuditRecord]:
    return list(search(data / "audit", Wanted(), limit=1_000_000, most_examined=1_000_000).records)


def test_a_change_is_on_the_disk_when_adding_it_returns(log: AuditLog, tmp_path: Path) -> None:
    log.add_durably(change(request_id="R", parameters={"UserName": "reader"}))
    (file,) = (tmp_path / "audit").iterdir()
    found = decode(file.read_bytes().removesuffix(b"\n"))
    assert found is not None
    assert (found.action, found.request_id, found.parameters) == (
        "ram:CreateUser",
        "R",
        {"UserName": "reader"},
    )


def test_the_folder_and_its_files_are_for_their_owner_alone(log: AuditLog, tmp_path: Path) -> None:
    log.add_durably(change())
    folder = tmp_path / "audit"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600]


def test_what_nobody_waits_for_is_written_by_the_end(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.add(denial())
    log.add(AuditRecord(kind=Kind.CALL, code="OK", action="imm:GetBinding"))
    log.close()
    log.close()
    assert {record.kind for record in written(tmp_path)} == {Kind.DENIAL, Kind.CALL}
    assert {file.kind for file in list_files(tmp_path / "audit")} == {Kind.DENIAL, Kind.CALL}


def test_threads_that_wait_together_all_find_their_records(log: AuditLog, tmp_path: Path) -> None:
    def add(number: int) -> None:
        for each in range(20):
            log.add_durably(change(request_id=f"{number}-{each}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [record.request_id for record in written(tmp_path)]
    assert sorted(ids) == sorted(f"{number}-{each}" for number in range(8) for each in range(20))


def test_a_killed_process_leaves_every_change_it_was_told_is_written(tmp_path: Path) -> None:
    program = f"""
import os, pathlib
from bindery.access.audit.log import AuditLog
from bindery.access.audit.record import AuditRecord, Kind
log = AuditLog(pathlib.Path({str(tmp_path)!r}))
for number in range(50):
    log.add_durably(AuditRecord(kind=Kind.CHANGE, code="OK", action="ram:CreateUser", request_id=str(number)))
    print(number, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    told = done.stdout.split()
    assert len(told) == 50, done.stderr
    assert [record.request_id for record in reversed(written(tmp_path))] == told


def test_each_day_and_a_clock_set_back_begin_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOON]
    replace_here(monkeypatch, log_module, "now_ns", lambda: now[0])
    log = AuditLog(tmp_path)
    for instant in (NOON, NOON + 1_000, NOON + DAY_NS, NOON + 500_000):
        now[0] = instant
        log.add_durably(change())
    log.close()
    files = list_files(tmp_path / "audit")
    assert [file.day for file in files] == ["20270115", "20270115", "20270116"]
    assert len(written(tmp_path)) == 4


def test_a_full_file_is_followed_by_the_next_and_the_oldest_go(tmp_path: Path) -> None:
    settings = AuditSettings(file_size=65_536, total_size=1_048_576)
    log = AuditLog(tmp_path, settings)
    for number in range(3_000):
        log.add(change(request_id=str(number), address="a" * 400))
        if number % 100 == 0:
            log.flush()
    log.close()
    folder = tmp_path / "audit"
    sizes = [(folder / file.name).stat().st_size for file in list_files(folder)]
    assert max(sizes) <= 65_536 + 600
    assert sum(sizes) <= 1_048_576 // 2
    found = written(tmp_path)
    assert [int(record.request_id) for record in found] == list(range(2_999, 2_999 - len(found), -1))
    assert len(found) > 800


def test_what_is_too_old_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    def file(day: str, kind: str = "change") -> Path:
        path = tmp_path / f"{kind}-{day}-000000000000-0123abcd.jsonl"
        path.write_bytes(bytes(100))
        return path

    old, held, young, other = file("20260101"), file("20260102"), file("20260301"), file("20260101", "call")
    with held.open() as writing:
        fcntl.flock(writing, fcntl.LOCK_SH)
        make_room(tmp_path, Kind.CHANGE, first_day="20260201", most=1_000)
    assert not old.exists()
    assert held.exists() and young.exists() and other.exists()
    make_room(tmp_path, Kind.CHANGE, first_day="20260101", most=150)
    assert not held.exists() and young.exists() and other.exists()


def test_refusals_of_one_caller_are_counted_beyond_his_share(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, AuditSettings(total_size=1_048_576, retention=86_400))
    for _ in range(5_000):
        log.add(denial())
    for _ in range(1_000):
        log.add(denial(code="Forbidden", action="imm:ListProjects"))
    log.add(denial("acs:ram::1:user/other", request_id="seen"))
    log.add_durably(change(request_id="seen too"))
    log.close()
    found = written(tmp_path)
    single = [record for record in found if record.principal == USER and record.count == 1]
    (total,) = [record for record in found if record.count > 1]
    assert 100 < len(single) < 1_000
    assert total.count + len(single) == 6_000
    assert total.principal == USER
    assert total.counts["imm:ListProjects Forbidden"] == 1_000
    assert sum(total.counts.values()) == total.count
    assert total.first_time <= total.time
    assert {"seen", "seen too"} <= {record.request_id for record in found}


def test_a_caller_cannot_buy_shares_with_names_of_sessions_or_addresses(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, AuditSettings(total_size=1_048_576, retention=86_400))
    for number in range(4_000):
        log.add(denial(f"acs:ram::1:assumed-role/job/{number}"))
        log.add(denial("", address=f"10.0.{number % 256}.{number // 256}", code="SignatureDoesNotMatch"))
    log.close()
    sums = {record.principal: record.count for record in written(tmp_path) if record.count > 1}
    assert set(sums) == {"acs:ram::1:assumed-role/job", ""}
    assert all(count > 3_000 for count in sums.values())


def test_the_names_of_counted_refusals_are_bounded(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, AuditSettings(total_size=1_048_576, retention=86_400))
    for number in range(3_000):
        log.add(denial(action=f"imm:Invented{number}"))
    log.close()
    (total,) = [record for record in written(tmp_path) if record.count > 1]
    assert len(total.counts) <= 21
    assert sum(total.counts.values()) == total.count


class FullDisk:
    """Lets writes fail as a full disk does, some of them halfway."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        self.half = False
        self._write = os.write
        replace_here(monkeypatch, files_module.os, "write", self.write)

    def write(self, descriptor: int, content: bytes) -> int:
        if self.is_full and self.half:
            return self._write(descriptor, content[: len(content) // 2])
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(descriptor, content)


@pytest.mark.parametrize("half", [False, True])
def test_a_full_disk_is_told_and_healed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: bool
) -> None:
    disk = FullDisk(monkeypatch)
    disk.half = half
    log = AuditLog(tmp_path)
    log.add_durably(change(request_id="before"))
    log.check()
    disk.is_full = True
    log.add_durably(change(request_id="done already"))
    with pytest.raises(AuditUnwritable, match="make room"):
        log.check()
    log.add(denial(request_id="refused meanwhile"))
    assert "No space left" in log.problem
    disk.is_full = False
    log.add_durably(change(request_id="after"))
    log.flush()
    log.check()
    log.close()
    ids = {record.request_id for record in written(tmp_path)}
    assert ids == {"before", "done already", "refused meanwhile", "after"}
    assert len(list_files(tmp_path / "audit")) == 2, "a full disk gets no further files"


def test_a_disk_that_cannot_sync_gets_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog(tmp_path)
    log.add_durably(change(request_id="before"))
    with monkeypatch.context() as patch:

        def fail(_: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        replace_here(patch, files_module.os, "fsync", fail)
        log.add_durably(change(request_id="unsure"))
        assert "Input/output error" in log.problem
    log.add_durably(change(request_id="after"))
    log.close()
    assert {record.request_id for record in written(tmp_path)} == {"before", "unsure", "after"}


def test_memory_is_bounded_while_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch)
    disk.is_full = True
    monkeypatch.setattr(log_module, "_MOST_HELD", 10_000)
    log = AuditLog(tmp_path)
    for _ in range(1_000):
        log.add(AuditRecord(kind=Kind.CALL, code="OK", action="imm:GetBinding"))
    log.flush()
    disk.is_full = False
    log.add_durably(change())
    log.close()
    assert 10 < len(written(tmp_path)) < 200


def test_little_room_is_told_before_it_is_too_late(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "_LITTLE_ROOM", 2**80)
    with pytest.raises(AuditUnwritable, match="full"):
        log.check()


def test_nothing_is_accepted_after_the_end(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.close()
    log.add_durably(change())
    log.add(denial())
    log.flush()
    assert written(tmp_path) == []
