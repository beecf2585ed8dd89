"""Who a key belongs to: the account, one of its users, or the session of a role; and what is granted to it.

What the record says is remembered for as long as ``AccessRecord.access_version`` stays the same, so a change takes
effect with the next call. Keys of the account pass without policies: the root key, which is kept outside of the
record, and further ones in it.
"""

from __future__ import annotations

import enum
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import msgspec
import structlog

from bindery.access.keys import AccessKey, open_root_key
from bindery.access.policy.compiled import CompiledPolicy, read_policy
from bindery.access.policy.decide import Attached, Grants
from bindery.access.policy.document import MalformedPolicy, PolicyForm
from bindery.access.policy.system import system_policies
from bindery.access.sealed_keys import make_sealed_key, open_sealer
from bindery.access.sealing import CannotOpen, Sealer
from bindery.access.tokens import Session, TokenMalformed, read
from bindery.access.uses import KeyUses
from bindery.catalog.access_records import (
    EntityNotFound,
    GrantedPolicy,
    PolicyType,
    PrincipalKind,
    SealedKey,
    User,
)
from bindery.catalog.catalog import AccessRecord
from bindery.secrecy import Hiding

SESSION_KEY = "STS."
"""How ids of temporary keys begin."""
_MOST_REMEMBERED = 20_000
"""Keys; an account has 10,000 of its users at most, and tokens come and go."""
_DENY_ALL = '{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
_log = structlog.get_logger()


class IdentityKind(enum.StrEnum):
    """Whose key it is."""

    ACCOUNT = "Account"
    USER = "RAMUser"
    SESSION = "AssumedRoleUser"


class Identity(Hiding, msgspec.Struct, frozen=True, kw_only=True):
    """The holder of one key. The representation hides the secret."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"secret"})

    kind: IdentityKind
    key_id: str
    secret: str
    account_id: str
    principal_id: str
    """Of the account, the user or the role."""
    name: str
    """Of the user, ``role:session`` of a session; empty for the account."""
    arn: str
    """``acs:ram::{account}:root``, ``…:user/{name}`` or ``…:assumed-role/{role}/{session}``"""
    policy_arn: str
    """The same as policies name it: of a session, its role, ``…:role/{name}``."""
    active: bool = True
    grants: Grants | None = None
    """None for the account, which needs none."""
    session: Session | None = None
    root: bool = False
    """Whether it is the root key."""

    @property
    def is_account(self) -> bool:
        """Whether it passes without policies."""
        return self.kind is IdentityKind.ACCOUNT

    @property
    def user_name(self) -> str:
        """Of a user; empty for the account and for sessions."""
        return self.name if self.kind is IdentityKind.USER else ""

    @property
    def holder(self) -> str:
        """Whose share of the server its calls take: each key of the account by itself, all keys of a user, all
        sessions of a role."""
        return self.key_id if self.is_account else self.principal_id


class KeyRefused(Exception):
    """A key that may not be used.

    ├── KeyNotFound        there is none with this id, or its role is gone
    ├── TokenMissing       a temporary key without its token
    ├── TokenInvalid       the token was not issued here, or was changed or cut short
    ├── TokenExpired       its time is up
    └── TokenMismatch      a token beside a key that is not its own
    """


class KeyNotFound(KeyRefused):
    """There is none with this id, or its role is gone."""


class TokenMissing(KeyRefused):
    """A temporary key without its token."""


class TokenInvalid(KeyRefused):
    """The token was not issued here, or was changed or cut short."""


class TokenExpired(KeyRefused):
    """Its time is up."""


class TokenMismatch(KeyRefused):
    """A token beside a key that is not its own."""


class NotRemembered(Exception):
    """Whose key it is takes longer than a moment to find out."""


class _Remembered:
    """What the record said at one version."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.by_key: dict[str, Identity] = {}
        self.by_token: dict[str, Identity] = {}


class Identities:
    """Looks identities up; safe for threads. ``open_identities`` makes it ready for a server."""

    def __init__(self, record: AccessRecord, root: AccessKey, sealer: Sealer, *, account_id: str) -> None:
        self.account_id = account_id
        self.sealer = sealer
        self.uses = KeyUses(record.access_keys)
        self.root_made: AccessKey | None = None
        """The root key, when this start made it."""
        self._record = record
        self._root = self._of_account(root.id, root.secret, root=True)
        self._remembered = _Remembered(-1)

    def find(self, key_id: str, token: str | None = None, *, wait: bool = True) -> Identity:
        """Whose key this is, active or not. Raises KeyRefused.

        Without ``wait`` it raises NotRemembered where the record would have to be read, and policies be compiled. Where
        servers share the record it then says what was so at the version that ``remembered_version`` was before.
        """
        if key_id.startswith(SESSION_KEY):
            return self._find_session(key_id, token, wait=wait)
        identity = self._root if key_id == self._root.key_id else self._find_key(key_id, wait=wait)
        if token:
            raise TokenMismatch
        return identity

    def _find_key(self, key_id: str, *, wait: bool) -> Identity:
        remembered = self._now_remembered(wait=wait)
        identity = remembered.by_key.get(key_id)
        if identity is None:
            if not wait:
                raise NotRemembered
            identity = self._look_up(key_id)
            _remember(remembered.by_key, key_id, identity)
        return identity

    @property
    def remembered_version(self) -> int:
        """Of who may do what, as far as it is remembered."""
        return self._remembered.version

    def note_use(self, identity: Identity, service: str) -> None:
        """A call of this product was signed with the key; told of those that the record keeps."""
        if identity.session is None and not identity.root:
            self.uses.note(identity.key_id, service)

    def may_know(self, key_id: str) -> bool:
        """Whether there is such a key; of a temporary one only its token could tell."""
        try:
            self.find(key_id)
        except KeyRefused as refused:
            return not isinstance(refused, KeyNotFound)
        return True

    def make_key(self, user_name: str | None, *, label: str = "") -> tuple[SealedKey, AccessKey]:
        """A key for a user, or for the account; the secret is told this once.

        Raises EntityNotFound (User), EntityLimitExceeded.
        """
        return make_sealed_key(self._record.access_keys, self.sealer, user_name, label=label)

    def grants_of_user(self, user_id: str) -> Grants:
        """What counts for a user now."""
        return _grants(self._record.policies.granted_to_user(user_id))

    def grants_of_role(self, role_id: str, session_policy: str | None = None) -> Grants:
        """What counts for a role now, narrowed by a session policy. Raises MalformedPolicy."""
        session = None if session_policy is None else _compiled_session(session_policy)
        return _grants(self._record.policies.granted_to_role(role_id), session)

    def close(self) -> None:
        """Write down which keys were used. May be called twice."""
        self.uses.close()

    def _now_remembered(self, *, wait: bool) -> _Remembered:
        """Asked for before anything is read: what is read after it is at least as new as this version."""
        if self._record.access_shared and not wait:
            return self._remembered
        version = self._record.access_version()
        remembered = self._remembered
        if remembered.version != version:
            self.sealer.renew()
            remembered = self._remembered = _Remembered(version)
        return remembered

    def _look_up(self, key_id: str) -> Identity:
        found = self._record.access_keys.find(key_id)
        if found is None:
            raise KeyNotFound
        key, user = found
        try:
            secret = self.sealer.open(key.sealed, key.id)
        except CannotOpen:
            _log.error("an access key cannot be opened with the sealing keys at hand", access_key=key_id)
            raise KeyNotFound from None
        if user is None:
            return self._of_account(key.id, secret, active=key.active)
        return self._of_user(user, key, secret)

    def _of_account(self, key_id: str, secret: str, *, active: bool = True, root: bool = False) -> Identity:
        arn = f"acs:ram::{self.account_id}:root"
        return Identity(
            kind=IdentityKind.ACCOUNT,
            key_id=key_id,
            secret=secret,
            account_id=self.account_id,
            principal_id=self.account_id,
            name="",
            arn=arn,
            policy_arn=arn,
            active=active,
            root=root,
        )

    def _of_user(self, user: User, key: SealedKey, secret: str) -> Identity:
        arn = f"acs:ram::{self.account_id}:user/{user.name}"
        return Identity(
            kind=IdentityKind.USER,
            key_id=key.id,
            secret=secret,
            account_id=self.account_id,
            principal_id=user.id,
            name=user.name,
            arn=arn,
            policy_arn=arn,
            active=key.active,
            grants=self.grants_of_user(user.id),
        )

    def _find_session(self, key_id: str, token: str | None, *, wait: bool) -> Identity:
        if not token:
            raise TokenMissing
        remembered = self._now_remembered(wait=wait)
        identity = remembered.by_token.get(token)
        if identity is None:
            if not wait:
                raise NotRemembered
            identity = self._look_up_session(token)
            _remember(remembered.by_token, token, identity)
        if identity.key_id != key_id:
            raise TokenMismatch
        assert identity.session is not None
        if identity.session.is_over:
            raise TokenExpired
        return identity

    def _look_up_session(self, token: str) -> Identity:
        try:
            session, secret = read(self.sealer, token)
            if session.account_id != self.account_id:
                raise TokenMalformed
        except TokenMalformed:
            raise TokenInvalid from None
        try:
            role = self._record.roles.get_by_id(session.role_id)
            grants = self.grants_of_role(role.id, session.policy)
        except EntityNotFound:
            raise KeyNotFound from None
        except MalformedPolicy:  # in the eyes of this release
            raise TokenInvalid from None
        return Identity(
            kind=IdentityKind.SESSION,
            key_id=session.key_id,
            secret=secret,
            account_id=self.account_id,
            principal_id=role.id,
            name=f"{role.name}:{session.name}",
            arn=f"acs:ram::{self.account_id}:assumed-role/{role.name}/{session.name}",
            policy_arn=f"acs:ram::{self.account_id}:role/{role.name}",
            grants=grants,
            session=session,
        )


def open_identities(
    record: AccessRecord, data: Path, *, account_id: str, sealing_key_file: Path | None = None
) -> Identities:
    """Root key, sealing keys and key file of a data folder, the missing ones made. Raises KeysUnusable."""
    root, made = open_root_key(data)
    sealer = open_sealer(record, data, sealing_key_file)
    identities = Identities(record, root, sealer, account_id=account_id)
    identities.root_made = root if made else None
    return identities


def _remember(held: dict[str, Identity], name: str, identity: Identity) -> None:
    if len(held) >= _MOST_REMEMBERED:
        held.clear()
    held[name] = identity


def _grants(granted: list[GrantedPolicy], session: CompiledPolicy | None = None) -> Grants:
    attached = [_attached(each) for each in granted]
    return Grants(tuple(each for each in attached if each is not None), session)


def _attached(granted: GrantedPolicy) -> Attached | None:
    source = (
        f"group:{granted.holder}" if granted.kind is PrincipalKind.GROUP else granted.kind.value.lower()
    )
    if granted.type is PolicyType.SYSTEM:
        system = system_policies().get(granted.name)
        if system is None:
            _log.error("a system policy is attached that this release does not have", policy=granted.name)
            return None
        return Attached(source, system.name, "System", system.policy, system.version)
    assert granted.document is not None
    return Attached(source, granted.name, "Custom", _compiled(granted.document), f"v{granted.version}")


@lru_cache(512)
def _compiled(document: str) -> CompiledPolicy:
    """The same document comes with every key of everybody who has it."""
    try:
        return read_policy(document)
    except MalformedPolicy as error:  # it may have been meant to deny
        _log.error("a policy of the catalog is malformed, and denies everything", problem=str(error))
        return read_policy(_DENY_ALL)


@lru_cache(128)
def _compiled_session(document: str) -> CompiledPolicy:
    return read_policy(document, PolicyForm.SESSION)
