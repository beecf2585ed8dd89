"""ListAuditRecords, an extension: who did what, from the audit log."""

from __future__ import annotations

import base64
import binascii

import msgspec

from bindery.access.audit.reading import Position, Wanted, search
from bindery.access.audit.record import format_instant
from bindery.api.context import Context
from bindery.api.errors import invalid_parameter
from bindery.api.messages.access import (
    AuditRecord,
    ListAuditRecordsRequest,
    ListAuditRecordsResponse,
)
from bindery.api.operations import Work
from bindery.clock import parse_time

WORK = Work.SLOW
_DEFAULT_PAGE = 100
_MOST_SECONDS = 2.0


def list_audit_records(context: Context, request: ListAuditRecordsRequest) -> ListAuditRecordsResponse:
    """Records that pass every filter, the newest first; ``*`` and ``?`` in filters stand for other characters.

    One call looks at a bounded number of records: a page with few or none of them may still have a NextToken.
    """
    wanted = Wanted(
        principal=request.auth_principal or "",
        action=request.auth_action or "",
        resource=request.auth_resource or "",
        code=request.code or "",
        denied=bool(request.denied),
        since=_instant("StartTime", request.start_time),
        until=_instant("EndTime", request.end_time),
    )
    log = context.audit_log
    log.flush()  # a call that was answered before this one is found
    page = search(
        log.folder,
        wanted,
        before=_read_token(request.next_token),
        limit=request.max_results or _DEFAULT_PAGE,
        most_seconds=_MOST_SECONDS,
    )
    return ListAuditRecordsResponse(
        audit_records=tuple(
            msgspec.convert(msgspec.to_builtins(record), AuditRecord) for record in page.records
        ),
        next_token="" if page.next is None else _write_token(page.next),
    )


def _instant(name: str, text: str | None) -> str:
    if not text:
        return ""
    try:
        return format_instant(parse_time(text))
    except (ValueError, OverflowError):
        raise invalid_parameter(name) from None


def _write_token(position: Position) -> str:
    """Base64 of ``time/file/offset``."""
    return base64.b64encode("/".join(map(str, position)).encode()).decode()


def _read_token(token: str | None) -> Position | None:
    """Where the last page ended. Raises ApiError."""
    if not token:
        return None
    try:
        time, file, offset = base64.b64decode(token, validate=True).decode("ascii").split("/")
        if format_instant(parse_time(time)) == time and offset.isdigit() and len(offset) < 16:
            return Position(time, file, int(offset))
    except (binascii.Error, ValueError):
        pass
    raise invalid_parameter("NextToken")
