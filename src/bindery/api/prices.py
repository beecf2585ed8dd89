"""The dimensions in which usage is counted, and what the operator asks for each."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

from bindery.extract.extraction import Operator

Price = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
_MILLIONTH = Decimal("0.000001")


class Prices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What usage costs, for those who pass it on; 0: nothing."""

    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}\\Z")] = "CNY"
    """Three capital letters of ISO 4217, as CNY or EUR."""
    standard_query_l0: Price = 0.0
    """A thousand requests about projects, datasets, bindings, tags and tasks."""
    standard_query_l1: Price = 0.0
    """A thousand requests about single entries of datasets."""
    standard_query_l2: Price = 0.0
    """A thousand searches."""
    oss_meta: Price = 0.0
    """A thousand runs of the operator OSSMeta."""
    mime: Price = 0.0
    """A thousand runs of the operator MIME."""
    exif: Price = 0.0
    """A thousand runs of the operator EXIF."""
    media_meta: Price = 0.0
    """A thousand runs of the operator MediaMeta."""
    re_geo: Price = 0.0
    """A thousand runs of the operator ReGEO."""
    extract_document_text: Price = 0.0
    """A thousand runs of the operator ExtractDocumentText."""
    file_count: Price = 0.0
    """A thousand entries, stored for a day."""
    total_file_size: Price = 0.0
    """1,000,000,000 bytes of objects that entries stand for, for a day."""

    @property
    def any(self) -> bool:
        """Whether anything costs anything."""
        return any(getattr(self, dimension.setting) for dimension in DIMENSIONS)

    def amount(self, dimension: str, quantity: int) -> str:
        """What so much of a dimension costs, to a millionth of the currency."""
        known = _BY_NAME.get(dimension)
        if known is None:
            return "0"
        price = Decimal(str(getattr(self, known.setting)))
        return decimal_text((price * quantity / known.priced).quantize(_MILLIONTH))


class Dimension(msgspec.Struct, frozen=True):
    """One thing that is counted."""

    name: str
    """As the vendor writes it."""
    unit: str
    setting: str
    """Of its price."""
    priced: int = 1_000
    """How many of the unit the price is for."""


REQUEST_CLASSES = ("StandardQueryL0", "StandardQueryL1", "StandardQueryL2")
"""Source: help pages billing-overview and billable-items."""
DIMENSIONS: tuple[Dimension, ...] = (
    *(
        Dimension(name, "Requests", f"standard_query_l{level}")
        for level, name in enumerate(REQUEST_CLASSES)
    ),
    Dimension(Operator.OSS_META, "Runs", "oss_meta"),
    Dimension(Operator.MIME, "Runs", "mime"),
    Dimension(Operator.EXIF, "Runs", "exif"),
    Dimension(Operator.MEDIA_META, "Runs", "media_meta"),
    Dimension(Operator.REGEO, "Runs", "re_geo"),
    Dimension(Operator.EXTRACT_DOCUMENT_TEXT, "Runs", "extract_document_text"),
    Dimension("FileCount", "Files", "file_count"),
    Dimension("TotalFileSize", "Bytes", "total_file_size", 1_000_000_000),
)
_BY_NAME = {dimension.name: dimension for dimension in DIMENSIONS}
UNITS = {dimension.name: dimension.unit for dimension in DIMENSIONS}


def decimal_text(value: Decimal) -> str:
    """Without an exponent, and without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
