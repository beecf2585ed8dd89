"""XMP properties as ``Tags`` of a file: those that mean the same everywhere under their known name.

Source: the mapping of the Metadata Working Group's guidelines 2.0 and of the IPTC Photo Metadata Standard 2023.2.
"""

from __future__ import annotations

import re

from bindery.extract.tags.tag_set import TagSet
from bindery.extract.tags.xmp import XmpProperties

KNOWN_NAMES = {
    "dc:subject": "Keywords",
    "dc:description": "Description",
    "dc:creator": "Creator",
    "dc:rights": "Copyright",
    "dc:language": "Language",
    "dc:publisher": "Publisher",
    "dc:contributor": "Contributor",
    "dc:identifier": "Identifier",
    "xmp:Rating": "Rating",
    "xmp:Label": "Label",
    "xmp:CreatorTool": "Software",
    "xmpRights:UsageTerms": "UsageTerms",
    "photoshop:Headline": "Headline",
    "photoshop:Credit": "Credit",
    "photoshop:Source": "Source",
    "photoshop:Instructions": "Instructions",
    "photoshop:Category": "Category",
    "photoshop:City": "City",
    "photoshop:State": "State",
    "photoshop:Country": "Country",
    "Iptc4xmpCore:Location": "Location",
    "Iptc4xmpCore:CountryCode": "CountryCode",
    "Iptc4xmpExt:PersonInImage": "PersonInImage",
    "Iptc4xmpExt:Event": "Event",
    "tiff:Make": "Make",
    "tiff:Model": "Model",
    "tiff:Software": "Software",
    "aux:Lens": "Lens",
    "exifEX:LensMake": "LensMake",
    "exifEX:LensModel": "LensModel",
    "pdf:Producer": "Producer",
    "xmpDM:genre": "Genre",
    "xmpDM:trackNumber": "TrackNumber",
    "xmpDM:discNumber": "DiscNumber",
}
"""Names of ``tag_kinds.TAG_KINDS`` by XMP property. ``dc:title`` is not among them: a File has a Title."""

_LISTED = "pdf:Keywords"
"""All keywords of a PDF in one text."""
_BETWEEN_KEYWORDS = re.compile(r"[,;，；、]")
_LEFT_OUT = ("photoshop:DocumentAncestors", "xmpNote:", "xmp:Thumbnails/")
"""Neither tells anything of the picture: ids of every file that was ever pasted into it, and how the packet is cut."""


def add_xmp_tags(tags: TagSet, properties: XmpProperties) -> None:
    """Add every property of a packet (``xmp.read_xmp``) to the tags."""
    for name, values in properties.items():
        if name == _LISTED:
            tags.add("Keywords", *(word for value in values for word in _BETWEEN_KEYWORDS.split(value)))
        elif not name.startswith(_LEFT_OUT):
            tags.add(KNOWN_NAMES.get(name, name), *values)
