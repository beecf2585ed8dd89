"""What the catalog keeps of who may do what. Times are nanoseconds since 1970 (UTC).

Names of users, groups, roles and policies are kept as they were given and compared without regard to case: the
vendor's own ARNs of roles show names in small letters. Secrets are kept sealed; the catalog cannot open them.
"""

from __future__ import annotations

import enum

import msgspec

from bindery.catalog.records import AlreadyExists, LimitExceeded, NotEmpty, NotFound


class EntityNotFound(NotFound):
    """``args[0]`` is the kind as the vendor's codes have it: User, Group, Role, Policy, Policy.Version, User.AccessKey,
    User.Group, or User.Policy, Group.Policy and Role.Policy for what is not attached."""


class EntityExists(AlreadyExists):
    """``args[0]`` is the kind: User, Group, Role, Policy, User.Group, User.Policy, Group.Policy, Role.Policy."""


class DeleteConflict(NotEmpty):
    """``args[0]`` is the kind that stays, ``args[1]`` what it still has.

    User: Group, AccessKey, Policy. Group: User, Policy. Role: Policy. Policy: User, Group, Role, Version.
    PolicyVersion: Default.
    """


class EntityLimitExceeded(LimitExceeded):
    """``args[0]`` is the kind of which there would be too many: User, Group, Role, Policy, Policy.Version,
    User.AccessKey, User.Group, User.Policy, Group.Policy, Role.Policy."""


class PolicyType(enum.StrEnum):
    """Whose a policy is: built in, or the account's own."""

    SYSTEM = "System"
    CUSTOM = "Custom"


class PrincipalKind(enum.StrEnum):
    """What policies are attached to; the values are the vendor's words in its error codes."""

    USER = "User"
    GROUP = "Group"
    ROLE = "Role"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A RAM user; ``id`` is empty until the catalog gives one of 18 digits."""

    id: str = ""
    name: str
    display_name: str = ""
    mobile_phone: str = ""
    email: str = ""
    comments: str = ""
    tags: dict[str, str] = {}
    create_time: int = 0
    update_time: int = 0


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group of users; ``id`` is empty until the catalog gives one, ``g-`` and 16 letters and digits."""

    id: str = ""
    name: str
    comments: str = ""
    create_time: int = 0
    update_time: int = 0


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role; ``id`` is empty until the catalog gives one of 18 digits."""

    id: str = ""
    name: str
    description: str = ""
    trust_policy: str
    """Who may assume it: a policy document as it was given."""
    max_session_seconds: int = 3_600
    tags: dict[str, str] = {}
    create_time: int = 0
    update_time: int = 0


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy of the account's own, without its documents."""

    name: str
    description: str = ""
    default_version: int = 1
    attachment_count: int = 0
    """Users, groups and roles it is attached to; the catalog counts them."""
    tags: dict[str, str] = {}
    create_time: int = 0
    update_time: int = 0


class PolicyVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One document of a policy. Versions are numbered from 1, and no number comes twice."""

    number: int
    document: str
    """As it was given."""
    is_default: bool
    create_time: int

    @property
    def id(self) -> str:
        """The vendor's form, ``v1``."""
        return f"v{self.number}"


class SealedKey(msgspec.Struct, frozen=True, kw_only=True):
    """An access key whose secret only ``access.sealing`` can open."""

    id: str
    user_id: str | None = None
    """None for a key of the account itself."""
    sealed: bytes
    active: bool = True
    label: str = ""
    """Whose key it is, in the operator's words."""
    create_time: int = 0


class KeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """When a key was used last, and for which product; minutes old at most, and lost minutes after a kill."""

    time: int
    service: str


class BrowserSession(msgspec.Struct, frozen=True):
    """Somebody is signed in with a browser."""

    id: bytes
    """SHA-256 of what the browser shows, 32 bytes: who reads the record cannot show it."""
    key_id: str
    """The access key that signed in."""
    holder: str
    """ARN of whose key it is."""
    create_time: int
    use_time: int
    """A minute old at most."""
    address: str
    agent: str


class AttachedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as a user, group or role has it."""

    type: PolicyType
    name: str
    description: str = ""
    """Of a custom one; the catalog does not know those of the system."""
    default_version: int = 0
    """Of a custom one, else 0."""
    attach_time: int


class AttachedTo(msgspec.Struct, frozen=True, kw_only=True):
    """Everyone whom one policy is attached to, each with the time of it."""

    users: tuple[tuple[User, int], ...] = ()
    groups: tuple[tuple[Group, int], ...] = ()
    roles: tuple[tuple[Role, int], ...] = ()


class GrantedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that counts for a user or role, with the document of its default version."""

    kind: PrincipalKind
    """What it is attached to."""
    holder: str
    """The name of the user, group or role that it is attached to."""
    type: PolicyType
    name: str
    version: int = 0
    """Of the document; 0 for one of the system."""
    document: str | None
    """None for one of the system."""
