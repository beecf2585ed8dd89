"""Addresses of stores as users write them, taken apart and checked before anything is opened.

Whoever writes one may mean harm: nothing here raises anything but StoreMisconfigured, and no message shows a value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec

from bindery.buckets.store import StoreMisconfigured

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._:-]{0,254}")
_MOST_OPTIONS = 32
_LONGEST = 32_768
_LONGEST_PATH = 4_096


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What the URL of a kind of store may say."""

    options: frozenset[str]
    on_this_machine: frozenset[str] = frozenset()
    """Options that name files and settings of the server; only the operator may use them."""


class StoreUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A URL without its options, and those. Has no representation that shows them."""

    url: str
    options: dict[str, str]

    def __repr__(self) -> str:
        return f"StoreUrl({self.url!r}, options hidden)"


def parse_folder(text: str, *, trusted: bool) -> str:
    """The URL of a folder from its path. ``~`` and relative paths are the operator's."""
    _check_text(text)
    if not text:
        raise StoreMisconfigured("name a folder, or the URL of a store")
    if not trusted and not text.startswith("/"):
        raise StoreMisconfigured("write the whole path of the folder, beginning with /")
    if len(text.encode()) > _LONGEST_PATH:
        raise StoreMisconfigured(f"the path of a folder has up to {_LONGEST_PATH} bytes")
    try:
        return f"file://{(Path(text).expanduser() if trusted else Path(text)).resolve()}"
    except (OSError, RuntimeError, ValueError) as error:
        raise StoreMisconfigured(f"the path of the folder leads nowhere: {_reason(error)}") from error


def parse_url(text: str, kinds: Mapping[str, Kind], *, trusted: bool) -> StoreUrl:
    """A URL whose scheme is among ``kinds``, with options that its kind has."""
    _check_text(text)
    scheme, _, rest = text.partition("://")
    if scheme not in kinds:
        known = ", ".join(sorted(kinds.keys() - {"memory"}))  # that one is for tests
        raise StoreMisconfigured(f"no store for {scheme[:32]}://; write a folder or one of: {known}")
    place, _, query = rest.partition("?")
    options = _options(query)
    _check_options(scheme, kinds[scheme], options, trusted=trusted)
    if scheme == "file":
        return StoreUrl(url=parse_folder(_absolute(place), trusted=False), options=options)
    return StoreUrl(url=_bucket_url(scheme, place), options=options)


def _absolute(place: str) -> str:
    if not place.startswith("/"):
        raise StoreMisconfigured(
            "a folder as a URL is file:// and its whole path, as in file:///srv/photos"
        )
    return place


def _bucket_url(scheme: str, place: str) -> str:
    if "#" in place:
        raise StoreMisconfigured("write # in a URL as %23")
    try:
        parts = urlsplit(f"{scheme}://{place}")
    except ValueError as error:
        raise StoreMisconfigured("the URL of the store cannot be read") from error
    if "@" in parts.netloc:
        raise StoreMisconfigured("credentials do not stand before the bucket's name; write them as options")
    if not parts.netloc:
        raise StoreMisconfigured(f"the URL names no bucket; write {scheme}://NAME?endpoint=…")
    if not _NAME.fullmatch(parts.netloc):
        raise StoreMisconfigured("the name of the bucket in the URL is none that a store takes")
    return f"{scheme}://{parts.netloc}{parts.path}"


def _options(query: str) -> dict[str, str]:
    """Secret keys hold plus signs, and no spaces."""
    if not query:
        return {}
    if "#" in query:
        raise StoreMisconfigured("write # in a URL as %23")
    try:
        pairs = parse_qsl(
            query.replace("+", "%2B"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_OPTIONS,
        )
    except ValueError:
        raise StoreMisconfigured("options are name=value&name=value, percent-encoded UTF-8") from None
    options = dict(pairs)
    if len(options) < len(pairs):
        raise StoreMisconfigured("an option stands in the URL twice")
    for name, value in options.items():
        if not value or _CONTROL.search(value) or _CONTROL.search(name):
            raise StoreMisconfigured(f"the option {name[:32]!r} is empty, or holds control characters")
    return options


def _check_options(scheme: str, kind: Kind, options: Mapping[str, str], *, trusted: bool) -> None:
    for name, value in options.items():
        if name in kind.options and not value.isascii():
            raise StoreMisconfigured(f"the option {name} holds ASCII characters only")
        if name not in kind.options | kind.on_this_machine:
            raise StoreMisconfigured(_unknown(scheme, name, sorted(kind.options | kind.on_this_machine)))
        if name in kind.on_this_machine and not trusted:
            raise StoreMisconfigured(f"{name} is taken from the server's configuration only")


def _unknown(scheme: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    advice = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
    return f"{scheme}:// has no option {name[:32]!r}; {advice}"


def _check_text(text: str) -> None:
    if len(text) > _LONGEST:
        raise StoreMisconfigured(f"the address of a store has up to {_LONGEST} characters")
    if _CONTROL.search(text):
        raise StoreMisconfigured("the address of a store holds no control characters")


def _reason(error: Exception) -> str:
    return (
        (error.strerror or "it cannot be read") if isinstance(error, OSError) else "it cannot be resolved"
    )
