"""RunSql, an extension: SQL that reads the index of a dataset, for administrators."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.queries import RunSqlRequest, RunSqlResponse, SqlColumn
from bindery.api.operations import Work

WORK = Work.SLOW

_SECONDS = 10
_ROWS = 100


def run_sql(context: Context, request: RunSqlRequest) -> RunSqlResponse:
    """No policy of the vendor or of Bindery allows it but AdministratorAccess: whoever asks sees every entry."""
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    found = context.catalog.queries.select(
        dataset.id,
        request.statement,
        seconds=request.timeout or _SECONDS,
        limit=request.max_results or _ROWS,
        stop=context.stop,
    )
    columns = zip(found.names, found.types, strict=True)
    return RunSqlResponse(
        columns=tuple(SqlColumn(name=name, type=kind) for name, kind in columns),
        rows=found.rows,
        is_cut=found.is_cut,
    )
