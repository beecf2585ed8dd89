"""ListServerFindings, an extension: what ``bindery doctor`` says, of the server that runs."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.server import ListServerFindingsRequest, ListServerFindingsResponse, ServerFinding
from bindery.api.operations import Work
from bindery.secrecy import fit_to_tell

WORK = Work.SLOW


def list_server_findings(
    context: Context, request: ListServerFindingsRequest
) -> ListServerFindingsResponse:
    """In the order in which it was looked. The same is told for some seconds."""
    return ListServerFindingsResponse(
        server_findings=tuple(
            ServerFinding(
                subject=found.subject,
                verdict=str(found.verdict),
                seen=fit_to_tell(found.seen),
                advice=found.advice,
            )
            for found in context.inspection.findings()
        )
    )
