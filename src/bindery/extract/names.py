"""What pairs of files have in common by their names: a camera's raw and its JPEG, a live photo and its video lie side
by side and differ in the extension alone.
"""

from __future__ import annotations

from bindery.extract.types.picture_types import RAW_TYPES
from bindery.file import File

SIDECAR = "Sidecar"
"""The tag of a picture whose entry is made with sidecars: their keys."""
NAME_STEM = "NameStem"
_PAIRED = RAW_TYPES | {
    "image/jpeg", "image/heic", "image/heif", "image/jxl", "video/quicktime", "video/mp4",
}  # fmt: skip
_LONGEST = 1024


def name_stem(key: str, content_type: str | None) -> str | None:
    """The folder and the name without its extension, for what may be half of a pair (a raw and its JPEG, a live
    photo and its video); None for others."""
    folder, _, name = key.rpartition("/")
    stem, _, _ = name.rpartition(".")
    if content_type not in _PAIRED or not stem or len(key) > _LONGEST:
        return None
    return f"{folder}/{stem}" if folder else stem


def add_name_stem(file: File, key: str) -> None:
    """Tell the stem among the tags of a file, or tell that of its new name."""
    stem = name_stem(key, file.content_type)
    if stem is not None and stem != next(iter((file.tags or {}).get(NAME_STEM, ())), None):
        file.tags = dict(sorted({**(file.tags or {}), NAME_STEM: (stem,)}.items()))
