"""HTML: title, author, language and visible text, in time that grows with the length only.

The standard library's parser takes minutes for 100 KB of unclosed tags, so tags are found by expressions
that never look past the next ``<``. Source: HTML Living Standard, 13.2.5 (tokenization), simplified.
"""

from __future__ import annotations

import html
import re

import msgspec

from bindery.extract.documents.document import Text

_TOKEN = re.compile(
    r"<!--.*?(?:--!?>|\Z)|<[!?][^<>]*+>?"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][^\s/<>]*+)(?P<attributes>(?:[^<>\"']++|\"[^<\"]*+\"|'[^<']*+')*+)[^<>]*+>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s=/\"'<>]{1,64})\s{0,8}=\s{0,8}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_MAX_ATTRIBUTES = 4_096
_MOST_NOTES = 1_000
"""Tags of one page that are asked what they say of it."""
_CHARSET = re.compile(
    rb"<meta[^<>]{0,256}?charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([\w.:-]{1,40})", re.IGNORECASE
)
_MAX_TAGS = 1_000_000
"""Tags and comments of one page that are looked at."""
_UNSEEN = frozenset({"script", "style", "noscript", "template", "math", "textarea", "select", "iframe"})
_READINGS = frozenset({"rt", "rp", "rtc"})
"""How the base of a ruby is spoken, and the brackets for programs that know no ruby: they would break its phrases."""
_READING_END = re.compile(r"<(?:/(?:rt|rp|rtc|ruby)|rt|rp|rb|rtc)(?=[\s/>])", re.IGNORECASE)
_LONGEST_READING = 1_024
_INLINE = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
        "ins", "kbd", "mark", "q", "rb", "rbc", "rp", "rt", "rtc", "ruby", "s",
        "samp", "small", "span", "strike", "strong", "sub", "sup", "time",
        "tspan", "tt", "u", "var", "wbr",
    }
)  # fmt: skip


_AUTHORS = ("author", "dc.creator", "dcterms.creator")


class HtmlHead(msgspec.Struct):
    """What a page says of itself."""

    title: str | None = None
    author: str | None = None
    language: str | None = None
    notes_left: int = 0
    meta: list[tuple[str, str]] = []
    """Names and contents of its ``meta`` elements, in order."""
    drawings: int = 0
    """Elements ``svg`` that are open: their titles are not the page's."""


def declared_charset(data: bytes) -> str | None:
    """The encoding a page names in its first bytes."""
    match = _CHARSET.search(data[:2048])
    return match[1].decode("ascii") if match else None


def read_html(page: str, text: Text, *, most_notes: int = _MOST_NOTES) -> HtmlHead:
    """Collect the visible words of a page; returns what its head says, by its first ``most_notes`` tags that may."""
    head = HtmlHead(notes_left=most_notes)
    position = tags = 0
    while not text.full and tags < _MAX_TAGS:
        tags += 1
        match = _TOKEN.search(page, position)
        text.add(html.unescape(page[position : match.start() if match else len(page)]))
        if match is None:
            break
        position = match.end()
        name = (match["name"] or "").lower()
        if name and not match["close"]:
            position = _enter(name, match["attributes"], page, position, head)
        if name == "svg":
            head.drawings = max(head.drawings + (-1 if match["close"] else 1), 0)
        if name and name not in _INLINE:
            text.add(" ")
    return head


def _enter(name: str, attributes: str, page: str, position: int, head: HtmlHead) -> int:
    """Note what a start tag tells; the position after content that is not seen."""
    if name == "title" and (head.drawings or head.title is None):
        end = _end_of(name, page, position)
        if not head.drawings:
            head.title = html.unescape(page[position:end])
        return end
    if name in _READINGS:
        reading = _READING_END.search(page, position, position + _LONGEST_READING)
        return reading.start() if reading else position
    if name in _UNSEEN and not attributes.endswith("/"):
        return _end_of(name, page, position)
    if name in ("html", "meta") and head.notes_left:
        head.notes_left -= 1
        _note(name, _attributes(attributes), head)
    return position


def _note(name: str, attributes: dict[str, str], head: HtmlHead) -> None:
    if name == "html":
        head.language = attributes.get("lang") or attributes.get("xml:lang")
        return
    label, content = attributes.get("name") or attributes.get("property") or "", attributes.get("content")
    if label and content:
        head.meta.append((label, content))
        if label.lower() in _AUTHORS:
            head.author = head.author or content


def _attributes(text: str) -> dict[str, str]:
    return {
        name.lower(): html.unescape(double or single or bare)
        for name, double, single, bare in _ATTRIBUTE.findall(text[:_MAX_ATTRIBUTES])
    }


def _end_of(name: str, page: str, position: int) -> int:
    """Where the end tag begins; the end of the page when there is none."""
    match = re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE).search(page, position)
    return match.start() if match else len(page)
