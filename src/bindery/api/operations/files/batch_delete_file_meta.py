"""BatchDeleteFileMeta. Source: help page api-imm-2020-09-30-batchdeletefilemeta."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.files import BatchDeleteFileMetaRequest, BatchDeleteFileMetaResponse
from bindery.api.operations.files.files import check_uri


def batch_delete_file_meta(
    context: Context, request: BatchDeleteFileMetaRequest
) -> BatchDeleteFileMetaResponse:
    """Remove up to 100 entries, never the objects."""
    for uri in request.uris:
        check_uri(uri)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    context.catalog.files.delete(dataset.id, list(request.uris))
    return BatchDeleteFileMetaResponse()
