"""Reading the audit log: the newest first, over many files, by pages, past damaged lines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bindery.access.audit import reading as reading_module
from bindery.access.audit.reading import Position, Wanted, search
from bindery.access.audit.record import AuditRecord, Kind, bounded, decode, encode, format_instant, time_of

START = 1_800_014_400 * 10**9


def record(number: int, **values: object) -> AuditRecord:
    given = {"kind": Kind.CALL, "code": "OK", "request_id": str(number)} | values
    return AuditRecord(time=format_instant(START + number * 1_000_000), **given)


def write(folder: Path, records: list[AuditRecord], server: str = "0123abcd", extra: bytes = b"") -> Path:
    folder.mkdir(exist_ok=True)
    time = records[0].time
    day = time[:10].replace("-", "")
    of_day = time[11:-1].replace(":", "").replace(".", "")
    path = folder / f"call-{day}-{of_day}-{server}.jsonl"
    path.write_bytes(b"".join(map(encode, records)) + extra)
    return path


def ids(folder: Path, wanted: Wanted | None = None, limit: int = 10_000) -> list[int]:
    return [int(each.request_id) for each in search(folder, wanted or Wanted(), limit=limit).records]


def pages(folder: Path, limit: int, most_examined: int = 50_000) -> list[int]:
    found, before = [], None
    for _ in range(10_000):
        page = search(folder, Wanted(), before=before, limit=limit, most_examined=most_examined)
        found += [int(each.request_id) for each in page.records]
        if page.next is None:
            return found
        assert page.next != before
        before = page.next
    raise AssertionError("the pages have no end")


def test_a_page_ends_after_its_time_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    write(tmp_path, [record(number) for number in range(1_000)])
    found, before, count = [], None, 0
    while True:
        page = search(tmp_path, Wanted(), before=before, limit=10_000, most_seconds=0.0)
        found += [int(each.request_id) for each in page.records]
        count += 1
        if page.next is None:
            break
        before = page.next
    assert found == list(range(999, -1, -1))
    assert 2 <= count <= 1_001


def test_many_searches_at_once_find_what_one_finds(tmp_path: Path) -> None:
    write(tmp_path, [record(number) for number in range(1_000)])
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda _: ids(tmp_path) == list(range(999, -1, -1)), range(8)))


def test_a_folder_that_is_not_there_has_no_records(tmp_path: Path) -> None:
    assert search(tmp_path / "audit", Wanted()) == reading_module.Page((), None)


def test_files_of_several_servers_and_days_come_as_one(tmp_path: Path) -> None:
    day = 86_400_000
    numbers = [*range(0, 100, 3), *range(day, day + 50, 2)]
    others = [*range(1, 100, 2), *range(day + 1, day + 50, 3)]
    write(tmp_path, [record(n) for n in numbers if n < day], "aaaaaaaa")
    write(tmp_path, [record(n) for n in numbers if n >= day], "aaaaaaaa")
    write(tmp_path, [record(n) for n in others if n < day], "bbbbbbbb")
    write(tmp_path, [record(n) for n in others if n >= day], "bbbbbbbb")
    expected = sorted(numbers + others, reverse=True)
    assert ids(tmp_path) == expected
    assert pages(tmp_path, 7) == expected
    assert pages(tmp_path, 100, most_examined=3) == expected


@example(lengths=[0, 1, 1, 1, 1, 138, 300, 300, 1, 156, 300], servers=1, block=40, limit=1, equal=True)
@given(
    lengths=st.lists(st.integers(0, 300), min_size=1, max_size=60),
    servers=st.integers(1, 3),
    block=st.integers(40, 700),
    limit=st.integers(1, 9),
    equal=st.booleans(),
)
def test_pages_show_every_record_once(
    tmp_path_factory: pytest.TempPathFactory,
    lengths: list[int],
    servers: int,
    block: int,
    limit: int,
    equal: bool,
) -> None:
    folder = tmp_path_factory.mktemp("audit")
    made: dict[str, list[AuditRecord]] = {}
    for number, length in enumerate(lengths):
        time = format_instant(START + (number // 5 if equal else number) * 1_000)
        each = AuditRecord(
            time=time, kind=Kind.CALL, code="OK", request_id=str(number), address="x" * length
        )
        made.setdefault(f"{number % servers:08x}", []).append(each)
    for server, records in made.items():
        write(folder, records, server)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_module, "_BLOCK", block + 700)
        found = pages(folder, limit)
    assert sorted(found) == list(range(len(lengths)))
    if not equal:
        assert found == sorted(found, reverse=True)


def test_a_torn_last_line_is_passed_over(tmp_path: Path) -> None:
    whole = encode(record(9))
    for cut in range(1, len(whole)):
        write(tmp_path, [record(number) for number in range(3)], extra=whole[:cut])
        assert ids(tmp_path) == [2, 1, 0]


def test_a_line_that_is_none_hides_no_other(tmp_path: Path) -> None:
    path = write(tmp_path, [record(0), record(1)])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(
        lines[0] + b"\xff\xfe{}\n" + b"x" * 200_000 + b"\n" + b'{"Time":"2027"}\n\n' + lines[1]
    )
    assert ids(tmp_path) == [1, 0]


def test_the_place_of_a_file_that_is_gone_still_leads_on(tmp_path: Path) -> None:
    write(tmp_path, [record(n) for n in range(10)], "aaaaaaaa")
    other = write(tmp_path, [record(n) for n in range(10, 20)], "bbbbbbbb")
    first = search(tmp_path, Wanted(), limit=5)
    other.unlink()
    assert first.next is not None
    rest = search(tmp_path, Wanted(), before=first.next)
    assert [int(each.request_id) for each in rest.records] == list(range(9, -1, -1))


def test_a_span_of_time(tmp_path: Path) -> None:
    write(tmp_path, [record(n) for n in range(10)])
    write(tmp_path, [record(86_400_000 + n) for n in range(3)])
    since, until = record(4).time, record(8).time
    assert ids(tmp_path, Wanted(since=since, until=until)) == [7, 6, 5, 4]
    assert ids(tmp_path, Wanted(since=record(86_400_001).time)) == [86_400_002, 86_400_001]
    assert ids(tmp_path, Wanted(until=record(1).time)) == [0]


def test_filters(tmp_path: Path) -> None:
    write(
        tmp_path,
        [
            record(0, action="ram:CreateUser", principal="acs:ram::1:root", kind=Kind.CHANGE),
            record(1, action="imm:GetBinding", principal="acs:ram::1:user/Reader", code="NoPermission",
                   kind=Kind.DENIAL, resources=("acs:imm:cn-hangzhou:1:project/p/dataset/d",)),
            record(2, principal="acs:ram::1:user/reader", kind=Kind.DENIAL, count=7,
                   counts={"imm:GetBinding NoPermission": 6, "imm:ListProjects Forbidden": 1}),
            record(3, action="imm:GetBinding", principal="acs:ram::1:user/writer"),
        ],
    )  # fmt: skip
    assert ids(tmp_path, Wanted(principal="*:user/reader")) == [2, 1]
    assert ids(tmp_path, Wanted(action="imm:getbinding")) == [3, 2, 1]
    assert ids(tmp_path, Wanted(action="ram:*")) == [0]
    assert ids(tmp_path, Wanted(code="NoPermission")) == [2, 1]
    assert ids(tmp_path, Wanted(code="Forbidden")) == [2]
    assert ids(tmp_path, Wanted(resource="*project/p/*")) == [1]
    assert ids(tmp_path, Wanted(denied=True)) == [2, 1]
    assert ids(tmp_path, Wanted(denied=True, principal="*root")) == []


def test_a_place_far_back_is_found_without_reading_all(tmp_path: Path) -> None:
    path = write(tmp_path, [record(number, address="x" * 400) for number in range(20_000)])
    assert path.stat().st_size > 8_000_000
    far = Position(record(50).time, path.name, 10**9)
    page = search(tmp_path, Wanted(), before=far, limit=3)
    assert [each.request_id for each in page.records] == ["50", "49", "48"]


@given(st.text(), st.text(max_size=50))
def test_a_record_is_one_line_whatever_stands_in_it(text: str, name: str) -> None:
    made = record(1, action=bounded(text), parameters={bounded(name): bounded(text)})
    line = encode(made)
    assert line.count(b"\n") == 1
    assert decode(line.removesuffix(b"\n")) == made
    assert time_of(line) == made.time


def test_a_record_is_bounded() -> None:
    made = record(
        1, resources=("\x00" * 1_000,) * 20, parameters={str(n): "\x01" * 9_000 for n in range(30)}
    )
    line = encode(made)
    assert len(line) <= 65_536
    shown = decode(line)
    assert shown is not None
    assert shown.request_id == "1"


def test_text_of_callers_is_valid_short_and_without_secrets() -> None:
    assert bounded("a\udcff") == "a\\udcff"
    assert len(bounded("x" * 10_000)) <= 513
    assert "geheim" not in bounded("https://user:geheim@host/path?token=geheim")
