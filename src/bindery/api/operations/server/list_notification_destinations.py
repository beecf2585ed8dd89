"""ListNotificationDestinations, an extension: what waits to be delivered, and why it was not."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.server import (
    ListNotificationDestinationsRequest,
    ListNotificationDestinationsResponse,
    NotificationDestination,
)
from bindery.catalog.records import Backlog

_NOTHING = Backlog(count=0, oldest=0)


def list_notification_destinations(
    context: Context, request: ListNotificationDestinationsRequest
) -> ListNotificationDestinationsResponse:
    """Those of the configuration, and those of an earlier one for which something waits still."""
    backlog, troubles = context.catalog.outbox.backlog(), context.delivery.troubles()
    names = sorted({*backlog, *context.delivery.destinations})
    return ListNotificationDestinationsResponse(
        notification_destinations=tuple(
            _answer(context, name, backlog.get(name, _NOTHING), troubles.get(name)) for name in names
        )
    )


def _answer(
    context: Context, name: str, waiting: Backlog, trouble: tuple[str, int] | None
) -> NotificationDestination:
    tries = context.delivery.tries()
    problem, time = trouble or ("", 0)
    return NotificationDestination(
        destination=name,
        waiting=waiting.count,
        oldest_time=context.time(waiting.oldest) if waiting.count else "",
        last_error=problem,
        last_error_time=context.time(time) if time else "",
        delivered=tries.get((name, "delivered"), 0),
        failed_tries=tries.get((name, "failed"), 0),
        expired=tries.get((name, "expired"), 0),
    )
