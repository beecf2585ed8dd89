"""SVG is drawn, and nothing but its own shapes: no scripts, no files of the machine, no bombs."""

from __future__ import annotations

import base64
import gzip
import struct
import zlib
from pathlib import Path

import pytest
from tests.extract.picture_samples import png_chunk
from tests.extract.thumbnails.drawer import BLUE, GREEN, RED, Drawer, encoded, middle, near, picture

from bindery.extract.thumbnails.no_picture import NoPicture

WHITE = (255, 255, 255)
SVG = "image/svg+xml"
NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
BLUE_BOX = '<rect width="100" height="50" fill="rgb(20,20,220)"/>'


def svg(body: str, before: str = "", size: str = 'width="100" height="50"') -> bytes:
    return f"{before}<svg {NAMESPACES} {size}>{body}</svg>".encode()


def image(reference: str, name: str = "href") -> str:
    return f'<image {name}="{reference}" width="100" height="50" preserveAspectRatio="none"/>'


def data_of(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def test_it_is_drawn_as_large_as_asked(drawer: Drawer) -> None:
    for content in (svg(BLUE_BOX), gzip.compress(svg(BLUE_BOX))):
        shown = drawer.draw(content, SVG, 320)
        assert shown.size == (320, 160)
        assert near(middle(shown), BLUE)
    assert near(middle(drawer.draw(svg(""), SVG)), WHITE)
    tall = drawer.draw(svg(BLUE_BOX, size='viewBox="0 0 1 1000"'), SVG, 320)
    assert tall.height == 320


def test_entities_name_namespaces_and_texts_are_drawn(drawer: Drawer) -> None:
    dtd = '<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg"><!ENTITY box "M0 0h100v50h-100z">]>'
    named = f'{dtd}<svg xmlns="&ns;" width="100" height="50"><path d="&box;" fill="#14b414"/></svg>'
    assert near(middle(drawer.draw(named.encode(), SVG)), GREEN)
    odd = svg(
        "<style>rect &gt; g, rect { fill: #14b414 }</style><rect width='100' height='50' id='a&lt;&quot;'/>"
    )
    assert near(middle(drawer.draw(odd, SVG)), GREEN)


@pytest.mark.parametrize("name", ["href", "xlink:href"])
def test_pictures_in_it_are_drawn_and_those_of_the_machine_are_not(
    drawer: Drawer, tmp_path: Path, name: str
) -> None:
    inner = encoded(picture((10, 10), RED), "PNG")
    (tmp_path / "secret.png").write_bytes(inner)
    assert near(middle(drawer.draw(svg(image(data_of(inner), name)), SVG)), RED)
    again = f'<g id="g">{BLUE_BOX}</g><use {name}="#g"/>'
    assert near(middle(drawer.draw(svg(again), SVG)), BLUE)
    secret = f"{tmp_path}/secret.png"
    others = (secret, f"file://{secret}", f" {secret}", "secret.png", "http://127.0.0.1/x.png")
    nested = "data:image/svg+xml;base64," + base64.b64encode(svg(image(secret))).decode()
    for reference in (*others, nested):
        assert near(middle(drawer.draw(svg(image(reference, name)), SVG)), WHITE), reference


def test_any_prefix_is_a_reference(drawer: Drawer, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(encoded(picture((10, 10), RED), "PNG"))
    body = f'<image xmlns:q="http://www.w3.org/1999/xlink" q:href="{tmp_path}/secret.png" width="100" height="50"/>'
    entity = (
        f'<!DOCTYPE svg [<!ENTITY f "{tmp_path}/secret.png"><!ENTITY x SYSTEM "{tmp_path}/secret.png">]>'
    )
    for content in (svg(body), svg(image("&f;"), entity), svg(BLUE_BOX + "<text>&x;</text>", entity)):
        assert not near(middle(drawer.draw(content, SVG)), RED)


def test_programs_and_pages_in_it_are_left_out(drawer: Drawer) -> None:
    hidden = (
        f'<script>{BLUE_BOX}</script><foreignObject width="100" height="50"><b/>{BLUE_BOX}</foreignObject>'
    )
    assert near(middle(drawer.draw(svg(hidden), SVG)), WHITE)


def huge_png() -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    lines = png_chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
    return b"\x89PNG\r\n\x1a\n" + header + lines + png_chunk(b"IEND", b"")


def test_pictures_in_it_that_are_too_large_are_left_out(drawer: Drawer) -> None:
    assert near(middle(drawer.draw(svg(BLUE_BOX + image(data_of(huge_png()))), SVG)), BLUE)


LAUGHS = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
COPIES = "".join(f'<g id="a{i}">' + f'<use href="#a{i - 1}"/>' * 10 + "</g>" for i in range(1, 9))


@pytest.mark.parametrize(
    "content",
    [
        svg("<g>" * 20_000 + "</g>" * 20_000),
        svg("<g/>" * 200_001),
        svg("<text>&b;</text>", LAUGHS),
        svg(f'<defs><g id="a0">{BLUE_BOX}</g>{COPIES}</defs><use href="#a8"/>'),
        gzip.compress(svg(" " * 9_000_000)),
        svg(" " * 9_000_000),
        b"<html/>",
        b"",
        svg("<g>"),
        gzip.compress(svg(BLUE_BOX))[:40],
    ],
    ids=["deep", "many", "laughs", "copies", "bomb", "long", "other", "empty", "broken", "torn"],
)
def test_what_is_more_than_a_picture_is_not_drawn(drawer: Drawer, content: bytes) -> None:
    with pytest.raises((NoPicture, ValueError)):
        drawer.draw(content, SVG)
