"""RebuildIndex, an extension: builds the index of a dataset anew, while queries go on being answered."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.datasets import RebuildIndexRequest, RebuildIndexResponse


def rebuild_index(context: Context, request: RebuildIndexRequest) -> RebuildIndexResponse:
    """Begins a task of type IndexRebuild, or names the one that is under way; GetTask shows its progress.

    The present index answers until the new one takes its place.
    """
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    return RebuildIndexResponse(task_id=context.engine.rebuild_index(dataset).id)
