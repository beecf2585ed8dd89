"""Where the kernel tells what the control groups of this process may use: version 1, version 2, or both at once.

A container sees a part of the tree: where it is mounted, down to its own group; what holds further up it is not told.
Sources: cgroups(7), cgroup_namespaces(7), and the kernel's ``admin-guide/cgroup-v2.rst``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from bindery.mount_table import Row, rows_of

_VERSION_2 = ""
"""Instead of the name of a controller: in version 2 all of them share one tree."""


def groups_with(controller: str, system: Path = Path("/")) -> list[Path]:
    """Folders of the groups that this process is in, each with those above it, as far as they can be seen.

    ``controller`` is ``cpu`` or ``memory``; ``system`` the root of the file system. Elsewhere than on Linux there are
    none.
    """
    own = _own_groups(system)
    found: dict[Path, None] = {}
    for row in rows_of(_read(system / "proc/self/mountinfo")):
        name = _tree(row, controller)
        if name in own:
            found |= dict.fromkeys(_folders(row, own[name], system))
    return list(found)


def numbers_in(path: Path) -> list[int | None]:
    """What a file of a group holds, in its order; None for ``max`` and for all else that is no number. Empty for a
    file that cannot be read."""
    return [_number(word) for word in _read(path).split()]


def number_named(name: bytes, path: Path) -> int | None:
    """What stands behind a name at the beginning of a line."""
    lines = (line.split() for line in _read(path).splitlines())
    return next((_number(words[1]) for words in lines if len(words) > 1 and words[0] == name), None)


def _own_groups(system: Path) -> dict[str, PurePosixPath]:
    """By the name of a controller, the place of this process in its tree."""
    found = {}
    for line in os.fsdecode(_read(system / "proc/self/cgroup")).splitlines():
        number, *rest = line.split(":", 2)
        if number.isdigit() and len(rest) == 2:
            found.update(dict.fromkeys(rest[0].split(","), PurePosixPath(rest[1])))
    return found


def _tree(row: Row, controller: str) -> str | None:
    """Under which name this process has its place in what is mounted; None for another file system."""
    if row.kind == "cgroup2":
        return _VERSION_2
    return controller if row.kind == "cgroup" and os.fsencode(controller) in row.options else None


def _folders(row: Row, own: PurePosixPath, system: Path) -> Iterator[Path]:
    """From the group of this process up to what is mounted.

    Of a namespace the kernel tells all paths from its root on, ``/..`` for what lies above: a part that is mounted
    from there up holds the namespace too, in a place that cannot be told.
    """
    mounted = PurePosixPath(os.fsdecode(row.root))
    holds = own.is_relative_to(mounted)
    below = own.relative_to(mounted) if holds else PurePosixPath()
    holds = holds or (set(mounted.parts[1:]) == {".."} and ".." not in own.parts)
    if not holds or ".." in below.parts:
        return  # a part of the tree in which this process is not
    point = system / os.fsdecode(row.point).lstrip("/")
    for folder in (below, *below.parents):
        yield point / folder


def _number(word: bytes) -> int | None:
    try:
        return int(word)
    except ValueError:
        return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        return b""
