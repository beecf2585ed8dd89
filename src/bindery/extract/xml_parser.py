"""The XML parser for files of strangers: no entities, nothing from elsewhere, and no attributes out of nothing."""

from __future__ import annotations

from typing import Any

from bindery.extract.extractor import Unreadable


def make_xml_parser(target: Any = None, *, most_defaults: int = 0) -> Any:
    """An ``xml.etree.ElementTree.XMLParser``; without a target it makes a tree.

    A DTD may name attributes that every element has without saying so: thousands of them, in hundreds of thousands
    of elements, from a file of a few KB. More than ``most_defaults`` of them raise Unreadable.
    """
    from defusedxml.ElementTree import DefusedXMLParser  # noqa: PLC0415

    left = most_defaults

    def count_default(_element: str, _name: str, _type: str, default: str | None, _required: bool) -> None:
        nonlocal left
        left -= default is not None
        if left < 0:
            raise Unreadable("ParseFailed", f"the DTD gives more than {most_defaults} attributes a value")

    parser = DefusedXMLParser(target=target)
    parser.parser.AttlistDeclHandler = count_default
    return parser
