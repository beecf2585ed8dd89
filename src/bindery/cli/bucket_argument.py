"""The argument STORE of ``bind`` and ``estimate``: a bucket the server knows, a folder, or the URL of a store.

What contains a slash, or is ``.`` or ``..``, is a folder; a bare word is always the name of a bucket. What lies in the
working directory never decides.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec

_SMALLEST_NAME, _LARGEST_NAME = 3, 63


class StoreArgument(msgspec.Struct, frozen=True):
    """The bucket that is meant, and where it is when the server may not know it yet."""

    bucket: str
    location: str | None = None

    @property
    def uri(self) -> str:
        """The vendor's form, ``oss://bucket``."""
        return f"oss://{self.bucket}"


def parse_store_argument(text: str, name: str | None = None) -> StoreArgument:
    """``name`` is the bucket name for a folder or URL. Raises ClickException for a folder that is not there."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme == "oss" and "?" not in rest:
        bucket, _, below = rest.rstrip("/").partition("/")
        if below:
            raise click.ClickException(
                f"a binding is of a whole bucket, oss://{bucket}; for a part of it add --prefix {below}/"
            )
        return StoreArgument(bucket)
    if separator:
        return StoreArgument(name or bucket_name(text), text)
    if not _is_path(text):
        return StoreArgument(text)
    folder = _existing_folder(text)
    return StoreArgument(name or bucket_name(folder), folder)


def bucket_name(location: str) -> str:
    """A legal bucket name made from the last part of a path or the host of a URL."""
    scheme, separator, rest = location.partition("://")
    if not separator or scheme == "file":
        last = Path(rest.partition("?")[0] if separator else location).name
    else:
        last = re.split(r"[/?]", rest)[0]
    made = re.sub(r"[^a-z0-9-]+", "-", last.lower()).strip("-")[:_LARGEST_NAME]
    return made if len(made) >= _SMALLEST_NAME else f"bucket-{made}".strip("-")


def folder_beside(word: str) -> str:
    """A hint for a bare word of which the server knows no bucket, when a folder of that name is here."""
    return f"; for the folder here write ./{word}" if Path(word).is_dir() else ""


def unknown_here(bucket: str) -> str:
    """Why a command that reads the record itself cannot open a bucket, and what to do."""
    return f"no bucket {bucket} is known here: name the server's configuration with --config"


def _is_path(text: str) -> bool:
    return "/" in text or text in (".", "..") or text.startswith("~")


def _existing_folder(text: str) -> str:
    try:
        path = Path(text).expanduser()
        if path.is_dir():
            return str(path.resolve())
        problem = "is a file; name its folder" if path.exists() else "is no folder on this machine"
    except (OSError, RuntimeError, ValueError) as error:
        raise click.ClickException(f"{text} cannot be looked at: {error}") from error
    raise click.ClickException(f"{text} {problem}; nothing was bound")
