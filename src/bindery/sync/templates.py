"""Workflow templates: which extraction steps a dataset asks for.

Source: help page workflow-templates-and-operators. Operators that need models (faces, labels, scores,
embeddings) are known but not run here.
"""

from __future__ import annotations

from bindery.catalog.records import Dataset, Project
from bindery.extract.extraction import Operator

_META, _MIME, _EXIF = Operator.OSS_META, Operator.MIME, Operator.EXIF
_MEDIA, _REGEO, _TEXT = Operator.MEDIA_META, Operator.REGEO, Operator.EXTRACT_DOCUMENT_TEXT

TEMPLATES: dict[str, frozenset[Operator]] = {
    "Official:DefaultEmptyId": frozenset(),
    "Official:OSSBasicMeta": frozenset({_META}),
    "Official:AllFunction": frozenset({_META, _MIME, _REGEO, _MEDIA, _EXIF, _TEXT}),
    "Official:FaceManagement": frozenset({_META}),
    "Official:ImageManagement": frozenset({_META, _MIME, _REGEO, _EXIF}),
    "Official:CognitionImageManagement": frozenset({_META, _MIME, _REGEO, _EXIF}),
    "Official:DocumentManagement": frozenset({_META, _MIME, _TEXT}),
    "Official:MediaMeta": frozenset({_META, _MIME, _REGEO, _MEDIA, _EXIF}),
    "Official:CognitionDocumentManagement": frozenset({_META, _MIME}),
}

DEFAULT_TEMPLATE = "Official:AllFunction"
"""Used when neither dataset nor project names one; the vendor leaves that case open."""


def operators_for(project: Project, dataset: Dataset) -> frozenset[Operator]:
    """The steps of the dataset's template, else the project's, else of all functions."""
    return TEMPLATES[dataset.template_id or project.template_id or DEFAULT_TEMPLATE]
