"""IndexFileMeta. Source: help page api-imm-2020-09-30-indexfilemeta."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.files import IndexFileMetaRequest, IndexFileMetaResponse
from bindery.api.operations.files.files import index_call, own_fields
from bindery.notifications.announcements import make_event_id


def index_file_meta(context: Context, request: IndexFileMetaRequest) -> IndexFileMetaResponse:
    """Accept one file for indexing; the entry exists when this returns, its metadata follow."""
    event_id = make_event_id()
    call = index_call(context.settings, request, event_id)
    file = own_fields(request.file, index=True)
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    context.engine.index_files(dataset, [file], call)
    return IndexFileMetaResponse(event_id=event_id)
