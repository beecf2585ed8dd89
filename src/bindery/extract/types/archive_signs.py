"""Signs and extensions of archives, for ``media_types.py``.

Source: the formats' own descriptions (named in ``extract/archives``); IANA's registry, shared-mime-info for others.
"""

from __future__ import annotations

import posixpath
import re

_NUMBERED = re.compile(r"\.\d{2,4}")
_LETTERED = re.compile(r"\.[zr]\d\d", re.IGNORECASE)

ARCHIVE_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
    (0, b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    (0, b"070701", "application/x-cpio"),
    (0, b"070702", "application/x-cpio"),
    (0, b"070707", "application/x-cpio"),
    (0, b"\xc7\x71", "application/x-cpio"),
    (0, b"\x71\xc7", "application/x-cpio"),
    (0, b"!<arch>\ndebian-binary", "application/vnd.debian.binary-package"),
    (0, b"!<arch>\n", "application/x-archive"),
    (0, b"!<thin>\n", "application/x-archive"),
    (0, b"\xed\xab\xee\xdb", "application/x-rpm"),
    (0, b"xar!", "application/x-xar"),
    (0, b"\x1f\x9d", "application/x-compress"),
    (0, b"\x1f\xa0", "application/x-compress"),
    (0, b"\x04\x22\x4d\x18", "application/x-lz4"),
    (0, b"\x02\x21\x4c\x18", "application/x-lz4"),
    (0, b"LZIP", "application/x-lzip"),
    (0, b"\x89LZO\0\r\n\x1a\n", "application/x-lzop"),
    (0, b"LRZI", "application/x-lrzip"),
    (0, b"\x60\xea", "application/x-arj"),
    (7, b"**ACE**", "application/x-ace-compressed"),
    (20, b"\xdc\xa7\xc4\xfd", "application/x-zoo"),
    (0, b"StuffIt (c)", "application/x-stuffit"),
    (0, b"SIT!\0", "application/x-stuffit"),
    (0, b"MSWIM\0\0\0", "application/x-ms-wim"),
    (0, b"hsqs", "application/vnd.squashfs"),
    (0, b"ALZ\x01", "application/x-alz"),
    (0, b"EGGA", "application/x-egg"),
)
"""Offset, bytes and type."""

ARCHIVES_BY_EXTENSION = {
    "zip": "application/zip", "jar": "application/java-archive", "war": "application/java-archive",
    "ear": "application/java-archive", "apk": "application/vnd.android.package-archive", "tar": "application/x-tar",
    "gz": "application/gzip", "tgz": "application/gzip", "bz2": "application/x-bzip2", "tbz": "application/x-bzip2",
    "tbz2": "application/x-bzip2", "xz": "application/x-xz", "txz": "application/x-xz",
    "7z": "application/x-7z-compressed", "rar": "application/vnd.rar", "zst": "application/zstd",
    "tzst": "application/zstd", "iso": "application/x-iso9660-image", "cab": "application/vnd.ms-cab-compressed",
    "cpio": "application/x-cpio", "deb": "application/vnd.debian.binary-package",
    "udeb": "application/vnd.debian.binary-package", "rpm": "application/x-rpm", "xar": "application/x-xar",
    "pkg": "application/x-xar", "lzh": "application/x-lzh-compressed", "lha": "application/x-lzh-compressed",
    "z": "application/x-compress", "taz": "application/x-compress", "lz4": "application/x-lz4",
    "lz": "application/x-lzip", "tlz": "application/x-lzma", "lzma": "application/x-lzma", "lzo": "application/x-lzop",
    "lrz": "application/x-lrzip", "arj": "application/x-arj", "ace": "application/x-ace-compressed",
    "zoo": "application/x-zoo", "sit": "application/x-stuffit", "wim": "application/x-ms-wim",
    "squashfs": "application/vnd.squashfs", "snap": "application/vnd.squashfs", "alz": "application/x-alz",
    "egg": "application/x-egg", "a": "application/x-archive", "whl": "application/zip", "xpi": "application/zip",
    "ipa": "application/zip", "z01": "application/zip", "crx": "application/x-chrome-extension",
}  # fmt: skip


def archive_of_part(stem: str, extension: str) -> str | None:
    """The type of the archive whose part a name such as ``a.7z.002``, ``a.z02`` or ``a.r00`` says it is."""
    if _NUMBERED.fullmatch(extension):
        return ARCHIVES_BY_EXTENSION.get(posixpath.splitext(stem)[1][1:].lower())
    if _LETTERED.fullmatch(extension):
        return ARCHIVES_BY_EXTENSION["zip" if extension[1] in "zZ" else "rar"]
    return None


def is_lzh(head: bytes) -> bool:
    """Whether a header names a method such as ``-lh5-`` (LHA's header, level 0 to 2)."""
    return head[2:4] in (b"-l", b"-p") and head[4:5] in (b"h", b"z", b"m", b"c") and head[6:7] == b"-"


def is_lzma_alone(head: bytes) -> bool:
    """Whether the header of LZMA_Alone makes sense: properties, a dictionary of 2^n, an honest size.

    Source: lzma-file-format.txt of XZ Utils.
    """
    if len(head) < 14 or head[0] >= 225 or head[13] != 0:
        return False
    dictionary, size = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:13], "little")
    plausible = dictionary.bit_count() == 1 or (dictionary & (dictionary - 1)).bit_count() == 1
    return plausible and dictionary >= 4096 and (size == 2**64 - 1 or (size < 2**38 and head[0] == 0x5D))
