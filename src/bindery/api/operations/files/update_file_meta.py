"""UpdateFileMeta. Source: help page api-imm-2020-09-30-updatefilemeta."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.files import UpdateFileMetaRequest, UpdateFileMetaResponse
from bindery.api.operations.files.files import own_fields


def update_file_meta(context: Context, request: UpdateFileMetaRequest) -> UpdateFileMetaResponse:
    """Change the caller's own fields of an entry. CustomLabels replace the earlier ones as a whole."""
    uri, fields = own_fields(request.file)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    context.catalog.files.set_fields(dataset.id, uri, fields)
    return UpdateFileMetaResponse()
