"""Namespaces of XMP and the prefix by which each is usually written.

Source: XMP specification parts 1 and 2 (ISO 16684-1), IPTC Photo Metadata Standard 2023.2, PLUS LDF 2.0, EXIF 2.32
for XMP, the Metadata Working Group's guidelines 2.0, Google's and Microsoft's public pages.
"""

from __future__ import annotations

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML = "http://www.w3.org/XML/1998/namespace"

_ADOBE = "http://ns.adobe.com/"
_GOOGLE = "http://ns.google.com/photos/1.0/"
USUAL_PREFIXES = {
    RDF: "rdf",
    XML: "xml",
    "adobe:ns:meta/": "x",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    f"{_ADOBE}xap/1.0/": "xmp",
    f"{_ADOBE}xap/1.0/rights/": "xmpRights",
    f"{_ADOBE}xap/1.0/mm/": "xmpMM",
    f"{_ADOBE}xap/1.0/bj/": "xmpBJ",
    f"{_ADOBE}xap/1.0/t/pg/": "xmpTPg",
    f"{_ADOBE}xap/1.0/g/": "xmpG",
    f"{_ADOBE}xap/1.0/g/img/": "xmpGImg",
    f"{_ADOBE}xap/1.0/sType/ResourceRef#": "stRef",
    f"{_ADOBE}xap/1.0/sType/ResourceEvent#": "stEvt",
    f"{_ADOBE}xap/1.0/sType/Dimensions#": "stDim",
    f"{_ADOBE}xap/1.0/sType/Font#": "stFnt",
    f"{_ADOBE}xap/1.0/sType/Job#": "stJob",
    f"{_ADOBE}xap/1.0/sType/ManifestItem#": "stMfs",
    f"{_ADOBE}xap/1.0/sType/Version#": "stVer",
    f"{_ADOBE}xmp/sType/Area#": "stArea",
    f"{_ADOBE}xmp/1.0/DynamicMedia/": "xmpDM",
    f"{_ADOBE}xmp/note/": "xmpNote",
    f"{_ADOBE}xmp/identifier/qual/1.0/": "xmpidq",
    f"{_ADOBE}pdf/1.3/": "pdf",
    f"{_ADOBE}pdfx/1.3/": "pdfx",
    f"{_ADOBE}photoshop/1.0/": "photoshop",
    f"{_ADOBE}camera-raw-settings/1.0/": "crs",
    f"{_ADOBE}camera-raw-saved-settings/1.0/": "crss",
    f"{_ADOBE}lightroom/1.0/": "lr",
    f"{_ADOBE}tiff/1.0/": "tiff",
    f"{_ADOBE}exif/1.0/": "exif",
    f"{_ADOBE}exif/1.0/aux/": "aux",
    f"{_ADOBE}bwf/bext/1.0/": "bext",
    f"{_ADOBE}riff/info/": "riffinfo",
    f"{_ADOBE}creatorAtom/1.0/": "creatorAtom",
    f"{_ADOBE}hdr-gain-map/1.0/": "hdrgm",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://cipa.jp/exif/2.32/": "exifEX",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://ns.useplus.org/ldf/xmp/1.0/": "plus",
    "http://www.metadataworkinggroup.com/schemas/regions/": "mwg-rs",
    "http://www.metadataworkinggroup.com/schemas/keywords/": "mwg-kw",
    "http://www.metadataworkinggroup.com/schemas/collections/": "mwg-coll",
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://ns.acdsee.com/iptc/1.0/": "acdsee",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.2/": "MP",
    "http://ns.microsoft.com/photo/1.2/t/RegionInfo#": "MPRI",
    "http://ns.microsoft.com/photo/1.2/t/Region#": "MPReg",
    "http://ns.iview-multimedia.com/mediapro/1.0/": "mediapro",
    "http://ns.microsoft.com/expressionmedia/1.0/": "expressionmedia",
    "http://ns.camerabits.com/photomechanic/1.0/": "photomechanic",
    "http://ns.google.com/photos/1.0/panorama/": "GPano",
    f"{_GOOGLE}camera/": "GCamera",
    f"{_GOOGLE}image/": "GImage",
    f"{_GOOGLE}audio/": "GAudio",
    f"{_GOOGLE}depthmap/": "GDepth",
    f"{_GOOGLE}container/": "GContainer",
    f"{_GOOGLE}container/item/": "GContainerItem",
    "http://ns.apple.com/faceinfo/1.0/": "apple-fi",
    "http://ns.apple.com/HDRGainMap/1.0/": "HDRGainMap",
    "http://www.dji.com/drone-dji/1.0/": "drone-dji",
    "http://creativecommons.org/ns#": "cc",
    "http://prismstandard.org/namespaces/basic/2.0/": "prism",
    "http://www.aiim.org/pdfa/ns/id/": "pdfaid",
    "http://rs.tdwg.org/dwc/index.htm": "dwc",
    "http://xmp.gettyimages.com/gift/1.0/": "GettyImagesGIFT",
    "http://ns.extensis.com/extensis/1.0/": "extensis",
}

_BY_BARE_NAME = {namespace.rstrip("/#"): prefix for namespace, prefix in USUAL_PREFIXES.items()}
_BY_PREFIX = {prefix: namespace for namespace, prefix in USUAL_PREFIXES.items()} | {
    "xap": f"{_ADOBE}xap/1.0/",
    "xapMM": f"{_ADOBE}xap/1.0/mm/",
    "xapRights": f"{_ADOBE}xap/1.0/rights/",
}


def usual_prefix(namespace: str) -> str | None:
    """The usual prefix of a namespace, also of one that a writer ended otherwise; None for an unknown one."""
    return USUAL_PREFIXES.get(namespace) or _BY_BARE_NAME.get(namespace.strip().rstrip("/#"))


def namespace_of(prefix: str) -> str:
    """The namespace a prefix stands for where a packet forgets to say it; the prefix itself for an unknown one."""
    return _BY_PREFIX.get(prefix, prefix)
