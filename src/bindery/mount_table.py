"""The rows of ``/proc/self/mountinfo``. Source: proc_pid_mountinfo(5)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_ESCAPED = re.compile(rb"\\([0-7]{3})")


class Row(msgspec.Struct, frozen=True):
    """A mounted file system, or a part of one."""

    number: int
    """The kernel's, of the mount."""
    root: bytes
    """Which folder of the file system is mounted."""
    point: bytes
    """Where."""
    kind: str
    """Type of the file system, such as ``nfs4``."""
    options: frozenset[bytes]
    """Of the file system as a whole."""


def rows_of(table: bytes) -> Iterator[Row]:
    """The rows of a ``mountinfo`` file; what is no row is passed over."""
    for line in table.splitlines():
        before, dash, after = line.partition(b" - ")
        fields, (kind, *rest) = before.split(b" "), after.split(b" ")
        if dash and len(fields) >= 6 and fields[0].isdigit():
            yield Row(
                int(fields[0]),
                _unescape(fields[3]),
                _unescape(fields[4]),
                kind.decode("utf-8", "replace"),
                frozenset(rest[-1].split(b",")) if rest else frozenset(),
            )


def _unescape(field: bytes) -> bytes:
    """White space and backslashes are written as three octal digits."""
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), field)
