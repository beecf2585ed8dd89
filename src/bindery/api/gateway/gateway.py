"""The gateway: every request passes the steps in ``STEPS``, in this order.

Identifying comes before authenticating because the answer depends on nothing secret: which operations exist is
public. Whether one is built here, and everything about parameters and resources, is told to callers that have
shown who they are and may call it. Until then little is spent on a caller: of a V3 request nothing but the
headers and the query is looked at, of other styles a form within ``Limits.stranger_form``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, TypeVar

import msgspec
import structlog

from bindery.access.authorizer import WHOLE, Authority, View
from bindery.access.identities import NotRemembered
from bindery.access.policy.decide import Decision
from bindery.api import errors
from bindery.api.context import Acting, Context, current_acting
from bindery.api.errors import ApiError
from bindery.api.gateway.auditing import Auditing
from bindery.api.gateway.authentication import (
    Proof,
    authenticate,
    check_body,
    claimed_key,
    find_identity,
    use_nonce,
)
from bindery.api.gateway.authorization import (
    authority_of,
    check_operation,
    check_touched,
    is_allowed_again,
    list_start,
    must_wait,
    must_wait_for_touched,
)
from bindery.api.gateway.budget import Budget, Reservation
from bindery.api.gateway.metrics import Metrics
from bindery.api.gateway.nearest import Nearest
from bindery.api.gateway.query_rates import QueryRates
from bindery.api.gateway.rendering import Answer, make_request_id, render, render_error
from bindery.api.gateway.request import OPERATOR_HEADER, Asker, Call, HttpRequest, Style, key_id_in_form
from bindery.api.gateway.shared_nonces import NonceBatches
from bindery.api.gateway.validation import prepare, validate, validate_polled
from bindery.api.gateway.work import Turn, WorkPool
from bindery.api.operations import BuiltOperation, Work, built_operations
from bindery.api.spec.model import Model, Operation, load_models
from bindery.catalog.records import CatalogUnwritable
from bindery.log import current_request
from bindery.processors import count_processors
from bindery.stopping import Interrupted

_LARGE = 32_768
"""Bytes from which a request is decoded in a thread: megabytes would hold up all others."""
_COMPLEX = 8_192
"""Bytes from which the JSON in its parameters is, which takes longer."""
_MEMORABLE = 1_024
"""Bytes up to which what a request of a polled operation says is remembered."""
_CLOSE_SECONDS = 3.0
_NICE_OF_QUERIES = 5
"""Twice as many would leave GetBinding no faster, and queries less beside other programs."""
_CHANGES = ("create", "update", "delete")
"""Levels of operations that do more than read."""
_DONE = 200
_NOT_BILLED = 500
"""The status from which a request costs nothing. Source: help page billing-overview."""
_PROJECT = "ProjectName"
_PROJECTS = "projects"
"""The family of operations that may change a project."""
_log = structlog.get_logger()
_Result = TypeVar("_Result")
Waiting = Coroutine[Any, Any, None]
"""What has to be waited for."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What requests may take. Bytes."""

    body: int = 16 * 1024 * 1024
    stranger_form: int = 4 * 1024 * 1024
    """The form of a V1 request, which must be read before it is known who sent it."""
    held: int = 128 * 1024 * 1024
    """Bodies of all callers together."""
    held_of_caller: int = 64 * 1024 * 1024
    held_of_strangers: int = 32 * 1024 * 1024
    """Forms, and request lines above 64 KiB, of all who have shown no key yet."""
    held_of_stranger: int = 16 * 1024 * 1024
    """The same of one address."""


class Exchange:
    """One request on its way to its answer; each step adds what it has found out."""

    __slots__ = (
        "authority",
        "began",
        "built",
        "call",
        "claimed",
        "context",
        "decision",
        "held",
        "http",
        "is_audited",
        "message",
        "model",
        "operation",
        "proof",
        "provisional",
        "request_id",
        "response",
    )

    http: HttpRequest
    call: Call
    model: Model | None
    context: Context
    """What the operation works with."""
    operation: Operation
    proof: Proof
    authority: Authority
    """What the caller may do in this call."""
    built: BuiltOperation
    message: msgspec.Struct
    response: Answer

    def __init__(self, http: HttpRequest) -> None:
        self.http = http
        self.call = Call(http)
        self.model = None
        self.request_id = make_request_id()
        self.began = time.perf_counter()
        self.held: list[Reservation] = []
        self.claimed = ""
        """The key that a large request says it is signed with."""
        self.provisional: int | None = None
        """Of which version of who may do what the proof is, while it has to be seen whether that is the present one."""
        self.decision: Decision | None = None
        """What has allowed or refused the operation, once that is known."""
        self.is_audited = False
        """Whether the audit log has been told."""

    @property
    def known_operation(self) -> Operation | None:
        """What is called, once that is known."""
        return getattr(self, "operation", None)

    @property
    def is_recognised(self) -> bool:
        """Whether somebody has shown a right signature; the operation is known then."""
        return hasattr(self, "proof")

    @property
    def is_read_of_page(self) -> bool:
        """Whether a page has the call made by itself: whoever looks at one has asked for none of its many reads."""
        return self.http.asker is not Asker.CALLER and self.operation.level not in _CHANGES

    @property
    def product(self) -> str:
        """What the call is for; empty while that is not known."""
        return "" if self.model is None else self.model.product

    @property
    def size(self) -> int:
        """Bytes that it takes to look at all of the request."""
        return len(self.http.target) + len(self.call.body)

    @property
    def stranger(self) -> Turn:
        """Whose turn it is before a signature was found right: that of whom he claims to be, or of his address."""
        return Turn(self.claimed or ("" if self.http.client is None else self.http.client.address))

    @property
    def caller(self) -> Turn:
        """Whose turn it is afterwards."""
        return Turn(self.proof.identity.holder, self.call.parameters.get("ProjectName", ""))


class Underway:
    """A call whose answer has to be waited for; goes to ``Gateway.finish``, or to ``close``."""

    __slots__ = ("exchange", "steps", "waiting")

    def __init__(self, exchange: Exchange, steps: Iterator[Step], waiting: Waiting) -> None:
        self.exchange, self.steps, self.waiting = exchange, steps, waiting

    def close(self) -> None:
        """The client has gone."""
        self.waiting.close()


class Gateway:
    """Answers requests. ``handle`` raises nothing but the cancellation of its task."""

    def __init__(self, context: Context, limits: Limits | None = None) -> None:
        self.context = context
        lenient = msgspec.structs.replace(context.settings, strict=False)
        self.operators = msgspec.structs.replace(context, settings=lenient)
        """For the operator's own commands: ``strict`` is about callers."""
        self.limits = limits or Limits()
        self.models = load_models()
        self.nearest = {model.product: Nearest(model.operations) for model in self.models.all}
        self.built: Mapping[str, BuiltOperation] = built_operations()
        prepare(self.built)
        self.strangers = WorkPool("strangers", threads=2, waiting=32)
        """Decoding and checking of what nobody has vouched for."""
        self.lookups = WorkPool("lookups", threads=2, waiting=1_024)
        """Finding out whose keys those are that nobody has shown yet, compiling what policies they have, and
        decisions of policies with very many patterns: one at a time for each caller."""
        self.reading = WorkPool("reading", threads=2, waiting=128)
        """Decoding and checking of large requests of callers."""
        self.work = {
            Work.CONTROL: WorkPool("control", threads=8, waiting=1_024),
            # They compute for long, mostly without the interpreter; who holds it is to have a processor meanwhile.
            Work.QUERY: WorkPool(
                "query", threads=max(3, 1 + count_processors()), waiting=256, nice=_NICE_OF_QUERIES
            ),
            Work.SLOW: WorkPool("slow", threads=8, waiting=256),
        }
        nonces = context.catalog.servers.nonces
        self.shared_nonces = None if nonces is None else NonceBatches(nonces)
        """Of all servers, where others share the record."""
        self.bodies = Budget(self.limits.held, self.limits.held_of_caller)
        self.strange_bytes = Budget(self.limits.held_of_strangers, self.limits.held_of_stranger)
        self.query_rates = QueryRates(context.catalog.projects)
        self.auditing = Auditing(context)
        self.metrics = Metrics(
            context, self.pools, {"callers": self.bodies, "strangers": self.strange_bytes}
        )
        context.inspection.figures = self.metrics.figures

    @property
    def pools(self) -> list[WorkPool]:
        """All pools of threads."""
        shared = [] if self.shared_nonces is None else [self.shared_nonces.pool]
        return [self.strangers, self.lookups, *shared, self.reading, *self.work.values()]

    def meant(self, model: Model, action: str) -> str | None:
        """What somebody meant who asked for an action that the model does not have; None when nothing is near."""
        elsewhere = [f"{action} of version {operation.version}" for operation in self.models.named(action)]
        return next(iter(elsewhere), None) or self.nearest[model.product].to(action)

    async def handle(self, request: HttpRequest) -> Answer:
        """The answer to one request. Lines of the log that it causes carry its id."""
        begun = self.begin(request)
        return begun if isinstance(begun, Answer) else await self.finish(begun)

    def begin(self, request: HttpRequest) -> Answer | Underway:
        """The answer, when that takes nothing but this moment. Raises nothing."""
        exchange = Exchange(request)
        told = current_request.set(exchange.request_id)
        try:
            steps = iter(STEPS)
            for step in steps:
                waiting = step(self, exchange)
                if waiting is not None:
                    return Underway(exchange, steps, waiting)
            return self._done(exchange)
        except Exception as error:
            return self._refuse(exchange, error)
        finally:
            current_request.reset(told)

    async def finish(self, underway: Underway) -> Answer:
        """The answer to a call that had to wait."""
        exchange = underway.exchange
        told = current_request.set(exchange.request_id)
        try:
            await underway.waiting
            for step in underway.steps:
                waiting = step(self, exchange)
                if waiting is not None:
                    await waiting
            return self._done(exchange)
        except Exception as error:
            return self._refuse(exchange, error)
        finally:
            for held in exchange.held:
                held.release()
            current_request.reset(told)

    def _done(self, exchange: Exchange) -> Answer:
        self._note(exchange, exchange.operation.name, "OK", _DONE)
        return exchange.response

    async def find_key(self, key_id: str, token: str | None) -> None:
        """There is such a key, and it may sign. Raises ApiError."""
        identities = self.context.identities
        try:
            find_identity(identities, key_id, token, wait=False)
        except self.uncertain:
            await self.lookups.run(Turn(key_id), lambda: find_identity(identities, key_id, token))

    @property
    def uncertain(self) -> tuple[type[Exception], ...]:
        """What is raised where the record has to be asked who somebody is: of memory that others may have made old,
        every refusal, too."""
        return (NotRemembered,) if self.shared_nonces is None else (NotRemembered, ApiError)

    def close(self) -> None:
        """Let running operations finish, for a few seconds; the rooms below end what takes longer."""
        until = time.monotonic() + _CLOSE_SECONDS
        for pool in self.pools:
            pool.close(0.0)
        for pool in self.pools:
            pool.close(max(0.0, until - time.monotonic()))

    def _refuse(self, exchange: Exchange, error: Exception) -> Answer:
        action = exchange.call.action
        refusal = self._refusal(error, action)
        known = exchange.model is not None and action in exchange.model.operations
        self._note(exchange, action if known else "unknown", refusal.code, refusal.status)
        host = exchange.http.header("host") or ""
        return render_error(
            refusal, exchange.request_id, host, xml=exchange.call.xml, product=exchange.product
        )

    def _note(self, exchange: Exchange, action: str, code: str, status: int) -> None:
        seconds = time.perf_counter() - exchange.began
        product = exchange.product or "unknown"
        self.metrics.count(product, action, code, seconds)
        self.auditing.note(exchange, code)
        if status < _NOT_BILLED and exchange.is_recognised:
            self._bill(exchange, is_done=status == _DONE)
        _log.debug("answered", product=product, action=action, code=code, seconds=seconds)

    def _bill(self, exchange: Exchange, *, is_done: bool) -> None:
        """A call that was performed names a project that is there, if the operation is about one at all."""
        operation = exchange.operation
        if operation.billed and not exchange.is_read_of_page:
            project = exchange.call.parameters.get(_PROJECT, "") if operation.is_of_project else ""
            self.context.metering.count(project, operation.billed, exists=is_done)

    def _refusal(self, error: Exception, action: str) -> ApiError:
        known = errors.from_exception(error)
        if known is None:
            _log.error("an operation failed", action=action, exc_info=error)
            return errors.internal_error()
        # What cannot be written is logged once, not with every call; an interrupted call is nobody's fault.
        if known.status >= 500 and not isinstance(error, ApiError | CatalogUnwritable | Interrupted):
            _log.error("an operation could not be done", action=action, problem=str(error))
        return known


Step = Callable[[Gateway, Exchange], Waiting | None]
"""Raises what becomes the answer when the request is refused. What it returns is waited for."""


def read_query(gateway: Gateway, exchange: Exchange) -> Waiting | None:
    """Parameters, and where action, version and signature stand."""
    if exchange.size > _LARGE:
        exchange.claimed = claimed_key(exchange.http)
        return _read_large_query(gateway, exchange)
    exchange.call.read_query()
    return None


async def _read_large_query(gateway: Gateway, exchange: Exchange) -> None:
    if exchange.claimed:
        await gateway.find_key(exchange.claimed, exchange.http.header("x-acs-security-token"))
    await gateway.strangers.run(exchange.stranger, exchange.call.read_query)


def read_unsigned_form(gateway: Gateway, exchange: Exchange) -> Waiting | None:
    """The form of a V1 request is part of what is signed, and may hold the key's id."""
    if exchange.call.style is Style.V3 or not exchange.call.may_have_form:
        return None
    return _read_unsigned_form(gateway, exchange)


async def _read_unsigned_form(gateway: Gateway, exchange: Exchange) -> None:
    call, identities = exchange.call, gateway.context.identities
    key_id = call.parameters.get("AccessKeyId")
    if key_id:
        await gateway.find_key(key_id, call.parameters.get("SecurityToken"))
    body = await _receive(
        exchange, gateway.strange_bytes, exchange.stranger.caller, gateway.limits.stranger_form
    )
    shown = "" if key_id else key_id_in_form(body)
    if shown and len(body) > _LARGE:
        known = await gateway.lookups.run(Turn(shown), lambda: identities.may_know(shown))
        if not known:
            raise errors.access_key_not_found()
    if len(body) > _LARGE:
        await gateway.strangers.run(exchange.stranger, lambda: call.read_form(body))
    else:
        call.read_form(body)


def identify(gateway: Gateway, exchange: Exchange) -> None:
    """The operation exists and may be called this way."""
    call = exchange.call
    exchange.context = gateway.operators if _is_operators(gateway, call) else gateway.context
    if not call.action:
        raise errors.action_missing()
    if not call.version:
        raise errors.missing_parameter("Version")
    model = exchange.model = gateway.models.choose(call.version, call.action)
    if model is None:
        raise errors.invalid_version()
    operation = model.operations.get(call.action)
    if operation is None:
        raise errors.action_not_found(gateway.meant(model, call.action))
    if operation.extension and exchange.context.settings.strict:
        raise errors.extension_refused(call.action)
    if exchange.http.method != "POST" and (operation.post_only or exchange.http.method != "GET"):
        raise errors.unsupported_method()
    exchange.operation = operation


def _is_operators(gateway: Gateway, call: Call) -> bool:
    """The permit is for the key and the nonce that are about to be checked, so that nobody can send it again."""
    permit = call.http.header(OPERATOR_HEADER)
    if permit is None or call.style is not Style.V3:
        return False
    nonce = call.http.header("x-acs-signature-nonce") or ""
    return gateway.context.permits.allow_call(permit, claimed_key(call.http), nonce)


def recognise(gateway: Gateway, exchange: Exchange) -> Waiting | None:
    """Somebody who holds a key has signed the request."""
    if exchange.size > _LARGE:
        return _recognise_in(gateway.strangers, exchange.stranger, exchange)
    identities = exchange.context.identities
    version = identities.remembered_version
    try:
        proof = authenticate(exchange.call, identities, wait=False)
    except gateway.uncertain:
        return _recognise_in(gateway.lookups, _claimed_turn(exchange), exchange)
    _trust(exchange, proof)
    if gateway.shared_nonces is not None and not proof.identity.root:
        exchange.provisional = version
    return None


def _claimed_turn(exchange: Exchange) -> Turn:
    return Turn(claimed_key(exchange.http) or exchange.call.parameters.get("AccessKeyId", ""))


async def _recognise_in(pool: WorkPool, turn: Turn, exchange: Exchange) -> None:
    proof = await pool.run(turn, lambda: authenticate(exchange.call, exchange.context.identities))
    _trust(exchange, proof)


def _trust(exchange: Exchange, proof: Proof) -> None:
    exchange.proof = proof
    if exchange.http.client is not None:
        exchange.http.client.trust()


def read_body(gateway: Gateway, exchange: Exchange) -> Waiting | None:
    """The body that was signed, sent for the first time."""
    if exchange.call.style is Style.V3 and exchange.http.has_body:
        return _read_body(gateway, exchange)
    _accept(gateway, exchange, b"")
    if gateway.shared_nonces is not None:
        return _accept_once(gateway.shared_nonces, gateway.lookups, exchange)
    _note_use(exchange)
    return None


def _accept(gateway: Gateway, exchange: Exchange, body: bytes) -> None:
    check_body(body, exchange.proof)
    use_nonce(exchange.proof, gateway.context.nonces)


async def _accept_once(nonces: NonceBatches, lookups: WorkPool, exchange: Exchange) -> None:
    """No other server has taken the request before, and the key is what it was remembered to be."""
    version = await nonces.use(exchange.proof)
    if version is None:
        raise errors.nonce_used()
    if exchange.provisional not in (None, version):
        del exchange.proof
        await _recognise_in(lookups, _claimed_turn(exchange), exchange)
    _note_use(exchange)


def _note_use(exchange: Exchange) -> None:
    exchange.context.identities.note_use(exchange.proof.identity, exchange.operation.product)


async def _read_body(gateway: Gateway, exchange: Exchange) -> None:
    call, holder = exchange.call, exchange.proof.identity.holder
    body = await _receive(exchange, gateway.bodies, holder, gateway.limits.body)

    def accept() -> None:
        _accept(gateway, exchange, body)
        call.read_form(body)

    if len(body) > _LARGE:
        await gateway.reading.run(exchange.caller, accept)
    else:
        accept()
    if gateway.shared_nonces is not None:
        await _accept_once(gateway.shared_nonces, gateway.lookups, exchange)
    else:
        _note_use(exchange)


async def _receive(exchange: Exchange, budget: Budget, holder: str, limit: int) -> bytes:
    """The body, charged to the holder until the exchange ends."""
    client = exchange.http.client
    if client is None:
        return exchange.http.body
    held = Reservation(budget, holder)
    exchange.held.append(held)
    return await client.read_body(held, limit)


def allow(gateway: Gateway, exchange: Exchange) -> Waiting | None:
    """The caller may perform the operation on what it works on."""
    exchange.authority = authority_of(exchange.proof.identity, exchange.http)
    if is_allowed_again(exchange):
        return None
    if must_wait(exchange, _COMPLEX):
        pool = gateway.lookups if exchange.authority.is_heavy else gateway.work[Work.CONTROL]
        return pool.run(exchange.caller, lambda: check_operation(exchange, gateway.context))
    check_operation(exchange, gateway.context)
    return None


def find_operation(gateway: Gateway, exchange: Exchange) -> None:
    """The operation is built here."""
    built = gateway.built.get(exchange.operation.id)
    if built is None:
        raise errors.not_implemented(exchange.operation.name, exchange.operation.left_out)
    exchange.built = built


def check_parameters(gateway: Gateway, exchange: Exchange) -> Waiting | None:
    """From strings to a typed message, by the rules of the API model."""
    strict, call, built = exchange.context.settings.strict, exchange.call, exchange.built
    if built.work is Work.INLINE and exchange.size <= _MEMORABLE and not call.form:
        exchange.message = validate_polled(built.id, call.query, strict=strict)
        return None

    def check() -> None:
        exchange.message = validate(built, call.parameters, strict=strict)

    if exchange.size > _COMPLEX:
        return gateway.reading.run(exchange.caller, check)
    check()
    return None


def allow_touched(gateway: Gateway, exchange: Exchange) -> Waiting | None:
    """The caller may use the objects, buckets and roles that the message names."""
    if exchange.authority.is_owner or not exchange.operation.touches:
        return None
    if must_wait_for_touched(exchange):
        pool = gateway.lookups if exchange.authority.is_heavy else gateway.work[Work.CONTROL]
        return pool.run(exchange.caller, lambda: check_touched(exchange, gateway.context))
    check_touched(exchange, gateway.context)
    return None


def allow_query(gateway: Gateway, exchange: Exchange) -> Waiting | None:
    """The project answers one more query now. Last, so that only calls that would be answered count."""
    if exchange.built.work is not Work.QUERY:
        return None
    rates, project = gateway.query_rates, exchange.call.parameters.get("ProjectName", "")
    if not rates.knows(project):
        return gateway.work[Work.CONTROL].run(exchange.caller, lambda: rates.take(project))
    rates.take(project)
    return None


def perform(gateway: Gateway, exchange: Exchange) -> Waiting | None:
    """The operation, and its answer as bytes: here when it needs nothing but memory, else by turns in a pool."""

    def work() -> None:
        acting = Acting(exchange.proof.identity, exchange.authority, _view(gateway, exchange))
        held = current_acting.set(acting)
        try:
            response = exchange.built.run(exchange.context, exchange.message)
        finally:
            if exchange.operation.family == _PROJECTS:
                gateway.query_rates.forget(exchange.call.parameters.get("ProjectName", ""))
            current_acting.reset(held)
        exchange.response = render(
            exchange.operation.name, response, exchange.request_id, xml=exchange.call.xml
        )

    recorded = gateway.auditing.recorded(exchange, work)
    kind = exchange.built.work_of(exchange.message)
    if kind is Work.INLINE:
        if not exchange.context.catalog.servers.shared:
            recorded()
            return None
        kind = Work.CONTROL  # what others may have changed is not in memory
    return gateway.work[kind].run(exchange.caller, recorded)


def _view(gateway: Gateway, exchange: Exchange) -> View:
    operation = exchange.operation
    if exchange.authority.is_owner or operation.level != "list":
        return WHOLE
    return exchange.authority.view(operation.action, list_start(operation, exchange, gateway.context))


STEPS: tuple[Step, ...] = (
    read_query,
    read_unsigned_form,
    identify,
    recognise,
    read_body,
    allow,
    find_operation,
    check_parameters,
    allow_touched,
    allow_query,
    perform,
)
