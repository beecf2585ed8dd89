"""What people wrote upon the pages of a PDF: values of form fields, and the texts of annotations.

Source: ISO 32000-1, 12.5.6 (annotations), 12.7.3 and 12.7.4 (fields), 12.7.8 (XFA).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import byref, c_ulong, create_string_buffer, sizeof
from typing import Any

_MAX_UNITS = 16 * 1024
_MOST_ANNOTATIONS = 2_000
"""Of one page."""
_MOST_OPTIONS = 1_000
_MOST_PACKETS = 32
_PACKET_BYTES = 1024 * 1024
_TAG = re.compile(r"<[^<>]*>")


@contextmanager
def form_of(opened: Any) -> Iterator[Any]:
    """The handle by which values of fields are asked for; None when the document has no form."""
    from pypdfium2 import raw  # noqa: PLC0415

    if raw.FPDF_GetFormType(opened) == raw.FORMTYPE_NONE:
        yield None
        return
    settings = raw.FPDF_FORMFILLINFO(version=2)
    form = raw.FPDFDOC_InitFormFillEnvironment(opened, byref(settings))
    try:
        yield form or None
    finally:
        if form:
            raw.FPDFDOC_ExitFormFillEnvironment(form)


def page_notes(page: Any, form: Any) -> Iterator[str]:
    """The texts of the annotations and fields of a page, in its order."""
    from pypdfium2 import raw  # noqa: PLC0415

    for number in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        try:
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind == raw.FPDF_ANNOT_WIDGET:
                yield from _field(raw, annotation, form)
            elif kind not in (raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP):
                yield _entry(raw, annotation, b"Contents")
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _field(raw: Any, annotation: Any, form: Any) -> Iterator[str]:
    """The value of a field, and the labels of what is chosen where these differ from it."""
    if form is None:
        yield _entry(raw, annotation, b"V")
        return
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        count = min(raw.FPDFAnnot_GetOptionCount(form, annotation), _MOST_OPTIONS)
        for option in range(count):
            if raw.FPDFAnnot_IsOptionSelected(form, annotation, option):
                yield _text(
                    lambda *to, at=option: raw.FPDFAnnot_GetOptionLabel(form, annotation, at, *to), raw
                )
    if kind not in (
        raw.FPDF_FORMFIELD_CHECKBOX,
        raw.FPDF_FORMFIELD_RADIOBUTTON,
        raw.FPDF_FORMFIELD_PUSHBUTTON,
    ):
        yield _text(lambda *to: raw.FPDFAnnot_GetFormFieldValue(form, annotation, *to), raw)


def keep_drawn(page: Any, form: Any) -> bool:
    """Leave on a page only what says its words by drawing them: stamps, buttons, signatures and lists, of which the
    value is what is chosen; tells whether there is any.

    For a page whose other words have been read, and that is loaded anew then: the file itself stays as it is.
    """
    from pypdfium2 import raw  # noqa: PLC0415

    count = min(raw.FPDFPage_GetAnnotCount(page), _MOST_ANNOTATIONS)
    drawn = [_is_drawn(raw, page, number, form) for number in range(count)]
    if not any(drawn):
        return False
    for number in reversed(range(count)):
        if not drawn[number]:
            raw.FPDFPage_RemoveAnnot(page, number)
    return bool(raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS)


def _is_drawn(raw: Any, page: Any, number: int, form: Any) -> bool:
    annotation = raw.FPDFPage_GetAnnot(page, number)
    if not annotation:
        return False
    try:
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        if kind == raw.FPDF_ANNOT_STAMP:
            return True
        if kind != raw.FPDF_ANNOT_WIDGET or form is None:
            return False
        drawn = (raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE, raw.FPDF_FORMFIELD_LISTBOX)
        return raw.FPDFAnnot_GetFormFieldType(form, annotation) in drawn
    finally:
        raw.FPDFPage_CloseAnnot(annotation)


def _entry(raw: Any, annotation: Any, key: bytes) -> str:
    return _text(lambda *to: raw.FPDFAnnot_GetStringValue(annotation, key, *to), raw)


def _text(ask: Callable[..., int], raw: Any) -> str:
    """What PDFium writes into a buffer; the beginning of it when that is longer than is read."""
    units = (raw.FPDF_WCHAR * _MAX_UNITS)()
    length = ask(units, sizeof(units))
    if length > sizeof(units):
        units = (raw.FPDF_WCHAR * min(length // 2 + 1, 64 * _MAX_UNITS))()
        length = ask(units, sizeof(units))
    if not 2 < length <= sizeof(units):
        return ""
    return bytes(units)[: length - 2].decode("utf-16-le", "replace")


def xfa_words(opened: Any) -> str:
    """The data of an XFA form, which its pages show only to programs that draw such forms."""
    from pypdfium2 import raw  # noqa: PLC0415

    for number in range(min(raw.FPDF_GetXFAPacketCount(opened), _MOST_PACKETS)):
        name = create_string_buffer(64)
        raw.FPDF_GetXFAPacketName(opened, number, name, sizeof(name))
        if name.value == b"datasets":
            length = c_ulong()
            raw.FPDF_GetXFAPacketContent(opened, number, None, 0, byref(length))
            content = create_string_buffer(min(length.value, _PACKET_BYTES) + 1)
            if raw.FPDF_GetXFAPacketContent(opened, number, content, sizeof(content), byref(length)):
                return _TAG.sub(
                    " ", content.raw[: min(length.value, _PACKET_BYTES)].decode("utf-8", "replace")
                )
    return ""
