"""DeleteFileMeta. Source: help page api-imm-2020-09-30-deletefilemeta."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.files import DeleteFileMetaRequest, DeleteFileMetaResponse
from bindery.api.operations.files.files import check_uri


def delete_file_meta(context: Context, request: DeleteFileMetaRequest) -> DeleteFileMetaResponse:
    """Remove an entry, never the object; succeeds too when there is none."""
    check_uri(request.uri)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    context.catalog.files.delete(dataset.id, [request.uri])
    return DeleteFileMetaResponse()
