"""``bindery access log``: who did what, from the audit log of the server."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from bindery.cli.client import Client, connect
from bindery.cli.options import server_options
from bindery.cli.output import cell, console, say, say_json, table
from bindery.clock import format_time, parse_time

_LARGEST_PAGE = 1_000
_POLL_SECONDS = 1.0
_LATE_SECONDS = 10
"""How much later than others a record may arrive, from another server."""
_REMEMBERED = 10_000
_AGO = re.compile(r"(\d{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def instant(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """``2h`` ago, a date, or a whole RFC 3339 time, as RFC 3339. Raises BadParameter."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return _text(datetime.now(UTC) - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]]))
        return format_time(parse_time(f"{text}T00:00:00Z" if len(text) == 10 else text), UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time; write 15m, 2h or 7d ago, 2026-01-31, or 2026-01-31T12:00:00Z"
        ) from None


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@click.command()
@click.option("--principal", help="Only of this ARN; * and ? stand for other characters.")
@click.option("--action", help="Only of this operation, as ram:CreateUser or imm:*.")
@click.option("--resource", help="Only on this resource, as '*project/p/*'.")
@click.option("--code", help="Only with this outcome: OK, or the code of an error.")
@click.option("--since", callback=instant, help="Only since then: 15m, 2h, 7d, a date or an RFC 3339 time.")
@click.option("--denied", is_flag=True, help="Only refusals.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one record a line, as JSON.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Records to print.")
@server_options
def log(
    *,
    principal: str | None,
    action: str | None,
    resource: str | None,
    code: str | None,
    since: str | None,
    denied: bool,
    follow: bool,
    as_json: bool,
    limit: int,
    endpoint: str,
    data: Path,
) -> None:
    """Show who did what, on what, from where, and which statement decided; the newest last.

    Changes, refusals and calls of RAM and STS are always there, other calls with audit.all_calls.

    \b
    bindery access log --denied --since 1h
    bindery access log --principal '*:user/reader' --action 'imm:*'
    bindery access log --action ram:* --json --limit 100000 > changes.jsonl
    bindery access log --denied --follow
    """
    chosen = {
        "AuthPrincipal": principal,
        "AuthAction": action,
        "AuthResource": resource,
        "Code": code,
        "Denied": denied or None,
    }
    client = connect(endpoint, data)
    before = next((record["Time"] for record in _newest(client, {}, 1)), "") if follow else ""
    records = list(_newest(client, {**chosen, "StartTime": since}, limit))[::-1]
    _show(records, as_json=as_json, empty="" if follow else "no such records")
    if follow:
        _follow(client, chosen, records, before, as_json=as_json)


def _newest(client: Client, chosen: dict[str, Any], limit: int) -> Iterator[dict[str, Any]]:
    """Up to ``limit`` records, the newest first."""
    return client.items("ListAuditRecords", "AuditRecords", limit=limit, page=_LARGEST_PAGE, **chosen)


def _follow(
    client: Client, chosen: dict[str, Any], shown: list[dict[str, Any]], before: str, *, as_json: bool
) -> None:
    """``before``: the time of a record that is older than what was not shown yet, by the server's clock; empty when
    there was none."""
    seen = deque(map(_key, shown), maxlen=_REMEMBERED)
    start = shown[-1]["Time"] if shown else before
    while True:
        time.sleep(_POLL_SECONDS)
        since = format_time(parse_time(start) - _LATE_SECONDS * 10**9, UTC) if start else None
        known = set(seen)
        found = list(_newest(client, {**chosen, "StartTime": since}, _REMEMBERED))[::-1]
        fresh = [record for record in found if _key(record) not in known]
        _show(fresh, as_json=as_json, empty="", head=False)
        seen.extend(map(_key, fresh))
        start = fresh[-1]["Time"] if fresh else start


def _key(record: dict[str, Any]) -> tuple[str, str]:
    return record["Time"], record.get("RequestId", "")


def _show(records: list[dict[str, Any]], *, as_json: bool, empty: str, head: bool = True) -> None:
    if as_json:
        for record in records:
            say_json(record)
    elif records:
        shown = table("Time", "Who", "From", "Action", "Resource", "Outcome", "Decided by")
        shown.show_header = head
        for record in records:
            shown.add_row(*(cell(text) for text in _cells(record)))
        console().print(shown)
    elif empty:
        say(empty)


def _cells(record: dict[str, Any]) -> list[str]:
    who = record.get("Principal") or "a stranger"
    code = record.get("Code", "")
    action = record.get("Action", "")
    if record.get("Count", 1) > 1:
        code = f"{record['Count']:,} refused since {record.get('FirstTime', '')[:19]}Z"
        action = ", ".join(f"{pair} ×{count:,}" for pair, count in record.get("Counts", {}).items())
    return [
        f"{record['Time'][:19]}Z",
        f"{who} ({record['AccessKeyId']})" if record.get("AccessKeyId") else who,
        record.get("Address", ""),
        action,
        ", ".join(record.get("Resources", [])),
        code,
        _decided(record.get("DecidedBy") or {}),
    ]


def _decided(by: dict[str, Any]) -> str:
    if not by.get("PolicyName"):
        return str(by.get("Cause", ""))
    statement = f" statement {by['Statement']}" if by.get("Statement") else ""
    return f"{by['Cause']}: {by['PolicyName']}{statement} ({by.get('AttachedTo', '')})"
