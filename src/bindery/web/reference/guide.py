"""Guides as HTML. They are written in Markdown; of HTML in them line breaks stay, comments go, the rest is text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from itertools import pairwise
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from bindery.documentation import page_names, page_text, picture_names

_NOT_IN_NAMES = re.compile(r"[^\w\- ]")
_BREAK = re.compile(r"<br ?/?>")
_ELSEWHERE = re.compile(r"(?:https?|mailto):")

Address = Callable[[str], str]
"""Where something is, by its name."""


class Heading(msgspec.Struct, frozen=True):
    """A part of a guide."""

    anchor: str
    text: str


class Guide(msgspec.Struct, frozen=True):
    """What lists need to know of a guide."""

    name: str
    title: str
    about: str
    """Its first sentence."""
    headings: tuple[Heading, ...]


@cache
def list_guides() -> tuple[Guide, ...]:
    """All of them, ascending by title."""
    guides = [_describe(name, _parse(page_text(name) or "")) for name in page_names()]
    return tuple(sorted(guides, key=lambda guide: guide.title.lower()))


def render_guide(name: str, address: Address, picture_address: Address) -> Markup | None:
    """A guide; ``address`` tells where another one is, the other where a picture is. None when there is none of that
    name."""
    return _render(name, address, picture_address) if name in page_names() else None


@cache
def _render(name: str, address: Address, picture_address: Address) -> Markup:
    """Kept: parsing a long guide takes a tenth of a second."""
    tokens = _parse(page_text(name) or "")
    for token in tokens:
        _mend_links(token.children or (), address)
        _mend_pictures(token.children or (), picture_address)
    reader = _reader()
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 - HTML of the source is escaped


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    for kind in ("html_inline", "html_block"):
        reader.add_render_rule(kind, _show_html)
    reader.add_render_rule("table_open", _open_table)
    reader.add_render_rule("table_close", _close_table)
    return reader


def _show_html(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, _environment: Any
) -> str:
    text = tokens[at].content
    if text.lstrip().startswith("<!--") and text.rstrip().endswith("-->"):
        return ""
    return "<br>" if _BREAK.fullmatch(text) else escape(text)


def _open_table(*_: Any) -> str:
    return '<div class="table-frame" tabindex="0"><table>\n'


def _close_table(*_: Any) -> str:
    return "</table></div>\n"


def _parse(text: str) -> list[Token]:
    """Tokens whose headings have the anchors that links between guides use."""
    tokens = _reader().parse(text)
    known: set[str] = set()
    for opening, inner in pairwise(tokens):
        if opening.type == "heading_open":
            anchor = _anchor(_plain(inner), known)
            known.add(anchor)
            opening.attrSet("id", anchor)
    return tokens


def _anchor(text: str, known: set[str]) -> str:
    """As GitHub makes them: ``The store of a binding`` is ``the-store-of-a-binding``."""
    stem = _NOT_IN_NAMES.sub("", text.lower()).replace(" ", "-")
    names = (stem if number == 0 else f"{stem}-{number}" for number in range(len(known) + 1))
    return next(name for name in names if name not in known)


def _plain(inline: Token) -> str:
    return "".join(
        child.content for child in inline.children or () if child.type in ("text", "code_inline")
    )


def _describe(name: str, tokens: list[Token]) -> Guide:
    title, about, headings = name, "", []
    for opening, inner in pairwise(tokens):
        text = _plain(inner)
        if opening.tag == "h1" and opening.type == "heading_open":
            title = text
        elif opening.tag == "h2" and opening.type == "heading_open":
            headings.append(Heading(str(opening.attrGet("id")), text))
        elif opening.type == "paragraph_open" and not about and not opening.level:
            about = _first_sentence(inner)
    return Guide(name, title, about, tuple(headings))


def _first_sentence(inline: Token) -> str:
    text = "".join(
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in inline.children or ()
    )
    return re.split(r"(?<=\w\.)\s", text, maxsplit=1)[0].rstrip(":;")


def _mend_pictures(children: Sequence[Token], address: Address) -> None:
    """Those that travel with the package are shown, and loaded when they come near; of others the words stay."""
    for token in children:
        if token.type == "image":
            name = str(token.attrGet("src") or "").removeprefix("images/")
            if name in picture_names():
                token.attrSet("src", address(name))
                token.attrSet("loading", "lazy")
            else:
                token.type, token.tag = "text", ""


def _mend_links(children: Sequence[Token], address: Address) -> None:
    """Links to other guides lead there; those to files that do not travel with the package become plain text."""
    opened: list[Token] = []
    for token in children:
        if token.type == "link_open":
            target = _target(str(token.attrGet("href") or ""), address)
            opened.append(token)
            if target is None:
                token.tag, token.attrs = "span", {}
            else:
                token.attrSet("href", target)
        elif token.type == "link_close" and opened:
            token.tag = opened.pop().tag


def _target(link: str, address: Address) -> str | None:
    if link.startswith("#") or _ELSEWHERE.match(link):
        return link
    page, mark, anchor = link.partition("#")
    name = page.removesuffix(".md")
    return f"{address(name)}{mark}{anchor}" if page.endswith(".md") and name in page_names() else None
