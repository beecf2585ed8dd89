"""What of a file's tags is kept."""

from __future__ import annotations

from bindery.extract.tags.tag_set import LONGEST_VALUE, MOST_NAMES, MOST_VALUES, TagSet
from bindery.extract.tags.xmp_tags import add_xmp_tags


def test_values_stay_in_the_order_of_the_file_and_names_do_not() -> None:
    tags = TagSet()
    tags.add("Keywords", "sea", "beach", "sea")
    tags.add("Genre", "Rock")
    tags.add("Keywords", "sun")
    assert tags.all() == {"Genre": ("Rock",), "Keywords": ("sea", "beach", "sun")}
    assert list(tags.all() or {}) == ["Genre", "Keywords"]
    assert (tags.first("Keywords"), tags.first("Mood"), tags.left_out) == ("sea", None, 0)


def test_what_is_empty_is_no_tag() -> None:
    tags = TagSet()
    tags.add("Genre", "", " \n", "\0\0")
    tags.add("", "value")
    assert tags.all() is None


def test_control_characters_and_half_characters_are_blanks() -> None:
    tags = TagSet()
    tags.add("Com\x1bment", "a\x1b[2Jb\ud800c\nd\te\x9b")
    assert tags.all() == {"Com ment": ("a [2Jb c\nd\te",)}


def test_names_values_and_lengths_have_bounds() -> None:
    many_names = TagSet()
    for number in range(MOST_NAMES + 7):
        many_names.add(f"TXXX:{number}", "x")
    assert (len(many_names.all() or {}), many_names.left_out) == (MOST_NAMES, 7)
    many_values = TagSet()
    many_values.add("Artist", *map(str, range(MOST_VALUES + 3)))
    assert (len((many_values.all() or {})["Artist"]), many_values.left_out) == (MOST_VALUES, 3)
    long_values = TagSet()
    long_values.add("Lyrics", *(f"{number:05}" * LONGEST_VALUE for number in range(40)))
    kept = (long_values.all() or {})["Lyrics"]
    assert {len(value) for value in kept} == {LONGEST_VALUE}
    assert len(kept) + long_values.left_out == 40
    assert long_values.left_out > 0


def test_the_keywords_of_a_pdf_in_xmp_are_keywords() -> None:
    """Adobe's PDF namespace (XMP specification part 2, 3.1): one text, where ``dc:subject`` is a list."""
    tags = TagSet()
    add_xmp_tags(
        tags,
        {"dc:subject": ["harbour"], "pdf:Keywords": ["gulls, harbour; boats"], "pdf:Trapped": ["True"]},
    )
    assert tags.all() == {"Keywords": ("harbour", "gulls", "boats"), "pdf:Trapped": ("True",)}
