"""BatchGetFileMeta. Source: help page api-imm-2020-09-30-batchgetfilemeta."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.files import BatchGetFileMetaRequest, BatchGetFileMetaResponse
from bindery.api.operations.files.files import check_uri, select_fields


def batch_get_file_meta(context: Context, request: BatchGetFileMetaRequest) -> BatchGetFileMetaResponse:
    """Up to 100 entries in the order asked; those that do not exist are left out."""
    for uri in request.uris:
        check_uri(uri)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    found = context.catalog.files.get(dataset.id, list(dict.fromkeys(request.uris)))
    return BatchGetFileMetaResponse(
        files=select_fields(
            [record.document for record in found], request.with_fields, strict=context.settings.strict
        )
    )
