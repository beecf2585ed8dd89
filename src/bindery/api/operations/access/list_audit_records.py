"""ListAuditRecords, an extension: who did what, from the audit log."""

from __future__ import annotations

import re

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
from bindery.api.paging import decode_token, encode_token
from bindery.clock import parse_time

WORK = Work.SLOW
_DEFAULT_PAGE = 100
_OFFSET = re.compile(r"[0-9]{1,15}")
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
    return encode_token("/".join(map(str, position)))


def _read_token(token: str | None) -> Position | None:
    """Where the last page ended. Raises ApiError."""
    if not token:
        return None
    try:
        time, file, offset = decode_token(token).split("/")
        if format_instant(parse_time(time)) == time and _OFFSET.fullmatch(offset) and file.isascii():
            return Position(time, file, int(offset))
    except ValueError:
        pass
    raise invalid_parameter("NextToken")
