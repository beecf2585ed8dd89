"""What vanishes together below a mount point or a folder is held back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.buckets.namespace import run_apart

from bindery.sync.guard import Refusal, Subtree, refuse_below
from bindery.sync.subtrees import count_by_folder, outermost, remembered

OPENED = """
import subprocess, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from sync_room import QUICK, Room, folder_address, write
import msgspec
root, data = Path(sys.argv[2]), Path(sys.argv[3])
settings = msgspec.structs.replace(QUICK, folder_reconcile_interval=float(sys.argv[4]))
def mount(path, *options):
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", *options, "none", str(path)], check=True)
def unmount(path):  # while a listing reads it, it is busy for a moment
    until = time.monotonic() + 30
    while subprocess.run(["umount", str(path)]).returncode:
        assert time.monotonic() < until
        time.sleep(0.05)
def fill(folder, count, first=0):
    for number in range(first, first + count):
        write(folder / f"{number}.bin", bytes([0, number % 250]), age=30)
def on_disk():
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
def open_room(follow):
    room = Room(data, {"media": folder_address(root)}, settings=settings)
    return room
def begin(follow="auto"):
    room = open_room(follow)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    room.wait(lambda: room.binding("media").mounts and room.keys("media") == on_disk())
    return room
def listed(room):
    room.wait_listed("media")
"""

RUNNING = """
fill(root / "a", 350)
mount(root / "disk1")
fill(root / "disk1" / "x", 30)
fill(root / "disk1" / "y" / "z", 30)
room = begin()
everything = on_disk()
unmount(root / "disk1")
gone = "60 objects below disk1/: nothing is mounted there any more"  # a part of them, while they were listed
room.wait(lambda: gone in room.binding("media").reason)
assert room.binding("media").removals_held == 60
assert room.keys("media") == everything
(root / "a" / "7.bin").unlink()
write(root / "disk1" / "under.bin", "x", age=30)
room.wait_keys("media", everything - {"a/7.bin"} | {"disk1/under.bin"})
(root / "disk1" / "under.bin").unlink()
listed(room)
assert len(room.keys("media")) >= len(everything) - 1
mount(root / "disk1")
fill(root / "disk1" / "x", 30)
fill(root / "disk1" / "y" / "z", 30)
room.wait(lambda: room.binding("media").reason == "")
room.wait(lambda: room.keys("media") == on_disk())
(root / "disk1" / "x" / "0.bin").unlink()
room.wait(lambda: room.keys("media") == on_disk())
assert room.binding("media").reason == ""
room.close()
"""

STARTING = """
fill(root / "a", 1000)
mount(root / "disk1")
fill(root / "disk1", 50)
room = begin()
everything = on_disk()
room.close()
unmount(root / "disk1")
(root / "disk1").rmdir()
room = open_room("auto")
room.wait(lambda: "50 objects below disk1/" in room.binding("media").reason)
assert room.keys("media") == everything
room.close()
room = open_room("auto")
room.wait(lambda: "50 objects below disk1/" in room.binding("media").reason)
room.engine.confirm_deletion(room.binding("media"))
room.wait(lambda: room.keys("media") == on_disk())
room.wait(lambda: room.binding("media").reason == "")
room.close()
"""

OTHERS = """
mount(root / "one")
mount(root / "two")
fill(root / "one", 20)
fill(root / "two", 20)
fill(root / "hidden", 20)
fill(root / "a", 100)
room = begin()
everything = on_disk()
mount(root / "hidden")                      # over files that are known
unmount(root / "two")
mount(root / "two")                         # another disk at the same place
fill(root / "two", 3, first=100)
room.wait(lambda: "20 objects below hidden/: another file system is mounted" in room.binding("media").reason)
room.wait(lambda: "20 objects below two/: another file system" in room.binding("media").reason)
room.wait_keys("media", everything | {"two/100.bin", "two/101.bin", "two/102.bin"})
unmount(root / "hidden")
room.wait(lambda: "hidden/" not in room.binding("media").reason)
(root / "hidden" / "3.bin").unlink()
room.wait_keys("media", everything - {"hidden/3.bin"} | {"two/100.bin", "two/101.bin", "two/102.bin"})
unmount(root / "one")
room.wait(lambda: room.binding("media").removals_held == 40)
room.close()
"""

HIDDEN = """
mount(root / "one")
fill(root / "one", 20)
fill(root / "hidden", 20)
room = begin()
everything = on_disk()
store = room.store("media")
"""

DURING = (
    HIDDEN
    + """
look = store.mounts
def leave():                                # between the look at the mounts and the listing
    found = look()
    if (root / "hidden").is_mount():
        unmount(root / "hidden")
    elif "hidden/" not in found:
        (root / "hidden" / "3.bin").unlink(missing_ok=True)
    return found
store.mounts = leave
mount(root / "hidden")
room.wait(lambda: not (root / "hidden").is_mount())
room.wait_keys("media", everything - {"hidden/3.bin"})
assert sorted(room.binding("media").mounts) == ["one/"]
room.close()
"""
)

BETWEEN = (
    HIDDEN
    + """
walk = store.list
last = {"hidden/7.bin", "hidden/8.bin", "hidden/9.bin"}
def cover(**options):                       # between two files of the folder
    for page in walk(**options):
        if not (root / "hidden").is_mount():
            mount(root / "hidden")
            page = [info for info in page if info.key not in last]
        yield page
store.list = cover
room.engine.reconcile(room.binding("media"))
room.wait(lambda: "20 objects below hidden/: another file system" in room.binding("media").reason)
assert room.keys("media") == everything
room.close()
"""
)


@pytest.mark.parametrize(
    "program",
    [RUNNING, STARTING, OTHERS, DURING, BETWEEN],
    ids=["running", "starting", "others", "during a listing", "between two files"],
)
@pytest.mark.parametrize("interval", ["0.2", "60"], ids=["by listings", "by the kernel"])
def test_a_disk_below_the_bucket_that_goes_away(tmp_path: Path, program: str, interval: str) -> None:
    (tmp_path / "root").mkdir()
    run_apart(OPENED + program, Path(__file__).parent, tmp_path / "root", tmp_path / "data", interval)


@given(st.lists(st.text("ab/", max_size=8), unique=True))
def test_counts_by_folder(keys: list[str]) -> None:
    keys.sort()
    folders = {key[: end + 1] for key in keys for end, letter in enumerate(key) if letter == "/"}
    wanted = {folder: sum(key.startswith(folder) for key in keys) for folder in folders}
    assert dict(count_by_folder(keys)) == wanted


@given(st.sets(st.text("ab/", max_size=4)))
def test_outermost(prefixes: set[str]) -> None:
    kept = outermost(prefixes)
    assert all(any(prefix.startswith(outer) for outer in kept) for prefix in prefixes)
    assert not any(one != other and one.startswith(other) for one in kept for other in kept)


HELD = [Subtree("a/", 60, "gone"), Subtree("b/", 5, "gone")]


@pytest.mark.parametrize(
    ("confirmed", "below", "allowed"),
    [
        (0, (), False),
        (64, ("a/", "b/"), False),
        (65, ("a/", "b/"), True),
        (65, ("a/",), False),
        (65, (), True),
    ],
)
def test_what_was_confirmed_holds_for_its_prefixes(
    confirmed: int, below: tuple[str, ...], allowed: bool
) -> None:
    held = refuse_below(HELD, confirmed=confirmed, confirmed_below=below)
    assert (held is None) == allowed
    if held is not None:
        assert (held.count, held.below) == (65, ("a/", "b/"))
        assert "60 objects below a/: gone" in held.reason


def test_a_listing_that_is_not_believed_teaches_no_mounts() -> None:
    known, now = {"disk/": "one"}, {"other/": "two"}
    assert remembered(known, now, now, None) == now
    assert remembered(known, now, now, Refusal(1, "")) == known
    assert remembered(known, now, now, Refusal(1, "", ("disk/",))) == known | now
    assert remembered({}, {"new/": "x"}, {"new/": "x"}, Refusal(1, "", ("new/",))) == {}


@pytest.mark.parametrize(
    ("known", "began", "ended", "after"),
    [
        ("", "x", "", ""),
        ("", "", "x", ""),
        ("x", "x", "", "x"),
        ("x", "", "x", "x"),
        ("x", "y", "z", "x"),
        ("x", "y", "y", "y"),
        ("x", "", "", ""),
    ],
)
def test_a_mount_that_changes_during_a_listing_is_not_learned(
    known: str, began: str, ended: str, after: str
) -> None:
    def mounts(mark: str) -> dict[str, str]:
        return {"one/": "same"} | ({"disk/": mark} if mark else {})

    assert remembered(mounts(known), mounts(began), mounts(ended), None) == mounts(after)
    refused = Refusal(1, "", ("two/",))
    assert remembered(mounts(known), mounts(began), mounts(ended), refused) == mounts(after)


def test_the_first_listing_knows_a_disk_that_fell_off_while_it_ran() -> None:
    assert remembered(None, {"disk/": "x"}, {}, None) == {"disk/": "x"}
