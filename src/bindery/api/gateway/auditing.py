"""What the audit log is told of each exchange.

A change is recorded in the thread that has made it, so that neither a client who goes away nor the end of the server
comes between the two; everything else where the exchange ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bindery.access.audit.parameters import shown_parameters
from bindery.access.audit.record import (
    AuditRecord,
    DecidedBy,
    Kind,
    bounded,
    bounded_parameters,
    bounded_resources,
)
from bindery.api import errors
from bindery.api.context import Context
from bindery.api.gateway.authentication import claimed_key
from bindery.api.gateway.request import Asker

if TYPE_CHECKING:
    from bindery.api.gateway.gateway import Exchange

_OK = "OK"
_DURABLE = ("change", "issue")
_KNOWN_KEY = (
    "InvalidAccessKeyId.Inactive",
    "InvalidSecurityToken.MismatchWithAccessKey",
    "SignatureDoesNotMatch",
    "SignatureNonceUsed",
)
"""Refusals of strangers whose key the server knows. Other ids may be anything, a secret pasted by mistake too."""


class Auditing:
    """Hands records to the audit log."""

    def __init__(self, context: Context) -> None:
        self._log, self._settings = context.audit_log, context.settings
        self._all_calls = self._log.settings.all_calls

    def recorded(self, exchange: Exchange, work: Callable[[], None]) -> Callable[[], None]:
        """``work``, after which its record is on the disk where the operation asks for that.

        Raises AuditUnwritable when it would change something and no record could be kept.
        """
        if exchange.operation.audit not in _DURABLE:
            return work
        if exchange.operation.audit == "change":
            self._log.check()

        def run() -> None:
            exchange.is_audited = True
            try:
                work()
            except Exception as error:
                known = errors.from_exception(error) or errors.internal_error()
                self._log.add(self._record(exchange, known.code))
                raise
            self._log.add_durably(self._record(exchange, _OK))

        return run

    def note(self, exchange: Exchange, code: str) -> None:
        """The end of an exchange, recorded unless it was already or need not be."""
        if exchange.is_audited or not self._is_wanted(exchange, code):
            return
        self._log.add(self._record(exchange, code))

    def _is_wanted(self, exchange: Exchange, code: str) -> bool:
        if code != _OK and errors.is_denial(code):
            return True
        if not exchange.is_recognised:
            return False
        if exchange.is_read_of_page:
            # They count as other reads do.
            return self._all_calls and exchange.http.asker is Asker.PAGE
        return self._all_calls or exchange.operation.audit != "switched"

    def _record(self, exchange: Exchange, code: str) -> AuditRecord:
        operation, call, client = exchange.known_operation, exchange.call, exchange.http.client
        resources: tuple[str, ...] = ()
        parameters: dict[str, str] = {}
        if operation is not None:
            names = [parameter.name for parameter in operation.parameters]
            parameters = shown_parameters(names, call.parameters)
            resources = operation.resource_names(
                call.parameters, region=self._settings.region_id, account=self._settings.account_id
            )
        principal, key_id = self._caller(exchange, code)
        return AuditRecord(
            kind=self._kind(exchange, code),
            code=code,
            action="" if operation is None else operation.id,
            principal=principal,
            access_key_id=key_id,
            address="" if client is None else client.address,
            user_agent=bounded(exchange.http.header("user-agent") or ""),
            request_id=exchange.request_id,
            resources=bounded_resources(resources),
            parameters=bounded_parameters(parameters),
            decided_by=_decided_by(exchange),
        )

    def _kind(self, exchange: Exchange, code: str) -> Kind:
        if errors.is_denial(code):
            return Kind.DENIAL
        return Kind.CHANGE if exchange.operation.audit == "change" else Kind.CALL

    def _caller(self, exchange: Exchange, code: str) -> tuple[str, str]:
        """His ARN and the id of his key."""
        if exchange.is_recognised:
            return exchange.proof.identity.arn, exchange.proof.identity.key_id
        if code not in _KNOWN_KEY:
            return "", ""
        return "", bounded(claimed_key(exchange.http) or exchange.call.parameters.get("AccessKeyId", ""))


def _decided_by(exchange: Exchange) -> DecidedBy | None:
    """What has allowed the operation, or refused it or what it names; None for strangers."""
    decision = exchange.decision
    if decision is None:
        return None
    attached = decision.attached
    if attached is None:
        return DecidedBy(cause=decision.cause.value)
    return DecidedBy(
        cause=decision.cause.value,
        policy_type=attached.kind,
        policy_name=attached.name,
        attached_to=attached.source,
        statement=None if decision.statement is None else decision.statement + 1,
    )
