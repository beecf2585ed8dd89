"""BatchGetFileMeta. Source: help page api-imm-2020-09-30-batchgetfilemeta."""

from __future__ import annotations

import msgspec

from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.messages.files import BatchGetFileMetaRequest, BatchGetFileMetaResponse
from bindery.api.operations.files.files import check_uri, select_fields

_MOST_BYTES = 64 * 1024 * 1024


def batch_get_file_meta(context: Context, request: BatchGetFileMetaRequest) -> BatchGetFileMetaResponse:
    """Up to 100 entries in the order asked; those that do not exist are left out."""
    for uri in request.uris:
        check_uri(uri)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    files: list[msgspec.Raw] = []
    size = 0
    for uri in dict.fromkeys(request.uris):
        documents = [record.document for record in context.catalog.files.get(dataset.id, [uri])]
        selected = select_fields(documents, request.with_fields, strict=context.settings.strict)
        files += selected
        size += sum(memoryview(file).nbytes for file in selected)
        if size > _MOST_BYTES:
            raise invalid_argument(
                f"URIs: these files have more than {_MOST_BYTES // 2**20} MiB of metadata together; name fewer of "
                "them, or the fields you need in WithFields."
            )
    return BatchGetFileMetaResponse(files=tuple(files))
