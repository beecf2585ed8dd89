"""BatchUpdateFileMeta. Source: help page api-imm-2020-09-30-batchupdatefilemeta."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import ApiError, from_exception
from bindery.api.messages.files import (
    BatchUpdateFileMetaRequest,
    BatchUpdateFileMetaResponse,
    BatchUpdateFileMetaResponseBodyFiles,
    InputFile,
)
from bindery.api.operations.files.files import own_fields
from bindery.catalog.records import Dataset


def batch_update_file_meta(
    context: Context, request: BatchUpdateFileMetaRequest
) -> BatchUpdateFileMetaResponse:
    """Change the caller's own fields of many entries; each one succeeds or fails by itself."""
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    return BatchUpdateFileMetaResponse(
        files=tuple(_update(context, dataset, file) for file in request.files)
    )


def _update(context: Context, dataset: Dataset, file: InputFile) -> BatchUpdateFileMetaResponseBodyFiles:
    try:
        uri, fields = own_fields(file)
        context.catalog.files.set_fields(dataset.id, uri, fields)
    except Exception as error:
        refusal = from_exception(error)
        if not isinstance(refusal, ApiError):
            raise
        message = f"{refusal.code} | {refusal.message}"
        return BatchUpdateFileMetaResponseBodyFiles(uri=file.uri, success=False, message=message)
    return BatchUpdateFileMetaResponseBodyFiles(uri=uri, success=True, message="")
