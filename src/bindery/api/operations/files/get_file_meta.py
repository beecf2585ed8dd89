"""GetFileMeta. Source: help page api-imm-2020-09-30-getfilemeta."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.files import GetFileMetaRequest, GetFileMetaResponse
from bindery.api.operations.files.files import check_uri, select_fields


def get_file_meta(context: Context, request: GetFileMetaRequest) -> GetFileMetaResponse:
    """One entry, as a list of one; an empty list when there is none."""
    check_uri(request.uri)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    found = context.catalog.files.get(dataset.id, [request.uri])
    return GetFileMetaResponse(
        files=select_fields(
            [record.document for record in found], request.with_fields, strict=context.settings.strict
        )
    )
