"""Neutral pictures of kinds of files, for those that have no picture of their own."""

from __future__ import annotations

from functools import lru_cache

_SHAPES = {
    "image": (
        '<rect x="18" y="24" width="60" height="48" rx="4"/><circle cx="36" cy="40" r="5"/>'
        '<path d="m22 68 20-20 12 12 8-8 14 14"/>'
    ),
    "video": '<rect x="18" y="26" width="60" height="44" rx="4"/><path d="m42 38 16 10-16 10z"/>',
    "audio": '<circle cx="36" cy="64" r="9"/><circle cx="66" cy="58" r="9"/><path d="M45 64V30l30-6v34"/>',
    "archive": '<rect x="26" y="18" width="44" height="60" rx="4"/><path d="M48 18v34m-4-28h8m-8 8h8m-8 8h8"/>',
}
_PAPER = '<path d="M28 16h28l14 14v50H28z"/><path d="M56 16v14h14M38 46h22M38 56h22M38 66h14"/>'


@lru_cache(16)
def draw_icon(media_type: str) -> bytes:
    """An SVG picture with a grey line, to be seen on light and dark."""
    shape = _SHAPES.get(media_type, _PAPER)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 96 96" fill="none"'
        f' stroke="#7d8796" stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round">{shape}</svg>'
    ).encode()
