"""BatchIndexFileMeta. Source: help page api-imm-2020-09-30-batchindexfilemeta."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.files import BatchIndexFileMetaRequest, BatchIndexFileMetaResponse
from bindery.api.operations.files.files import index_call, own_fields
from bindery.notifications.announcements import make_event_id


def batch_index_file_meta(
    context: Context, request: BatchIndexFileMetaRequest
) -> BatchIndexFileMetaResponse:
    """Accept up to 100 files for indexing, all or none."""
    event_id = make_event_id()
    call = index_call(context.settings, request, event_id)
    files = [own_fields(file, index=True) for file in request.files]
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    context.engine.index_files(dataset, files, call)
    return BatchIndexFileMetaResponse(event_id=event_id)
