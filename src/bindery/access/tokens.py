"""Security tokens of role sessions. Nothing of them is kept: the token itself says, sealed, whose session it is, and
the secret of its temporary key is derived from the id of that key. So tokens survive restarts, and every server with
the same sealing key takes them.

A token only names its role: what the role may do is looked up with each call.
"""

from __future__ import annotations

import base64
import string
import time
from typing import ClassVar

import msgspec

from bindery.access.keys import AccessKey, make_session_key_id
from bindery.access.sealing import CannotOpen, Sealer
from bindery.secrecy import Hiding

_CONTEXT = "security token"
_CHARACTERS = string.ascii_letters + string.digits
_SECRET_LENGTH = 44
_MOST_CHARACTERS = 16_384


class Session(msgspec.Struct, frozen=True, array_like=True):
    """What a token says. New members come last, with a default: tokens of an earlier release are read, too."""

    key_id: str
    account_id: str
    role_id: str
    role_name: str
    name: str
    expires: int
    """Seconds since 1970."""
    policy: str | None = None
    """The session policy as it was given to AssumeRole."""
    assumed_by: str = ""
    """ARN of who assumed the role."""

    @property
    def is_over(self) -> bool:
        """Whether its time is up."""
        return time.time() >= self.expires


class Credentials(Hiding, msgspec.Struct, frozen=True):
    """What AssumeRole gives away. The representation hides it."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    key: AccessKey
    token: str
    expires: int


class TokenMalformed(Exception):
    """A token that this server did not issue, or that was changed or cut short."""


def issue(sealer: Sealer, session: Session) -> Credentials:
    """Credentials of a session, whose ``key_id`` is chosen here."""
    session = msgspec.structs.replace(session, key_id=make_session_key_id())
    sealed = sealer.seal_token(msgspec.json.encode(session), _CONTEXT)
    token = _encode(sealed)
    secret = _secret(sealer, session.key_id, sealed)
    return Credentials(AccessKey(session.key_id, secret), token, session.expires)


def read(sealer: Sealer, token: str) -> tuple[Session, str]:
    """What a token says, also one whose time is up, and the secret of its key. Raises TokenMalformed."""
    if len(token) > _MOST_CHARACTERS:
        raise TokenMalformed
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        if _encode(sealed) != token:  # other spellings of the same bytes
            raise TokenMalformed
        session = msgspec.json.decode(sealer.open_token(sealed, _CONTEXT), type=Session)
        return session, _secret(sealer, session.key_id, sealed)
    except (ValueError, CannotOpen, msgspec.DecodeError) as error:
        raise TokenMalformed from error


def _encode(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _secret(sealer: Sealer, key_id: str, sealed: bytes) -> str:
    digest = sealer.session_digest(key_id, sealed)
    return "".join(_CHARACTERS[byte % len(_CHARACTERS)] for byte in digest[:_SECRET_LENGTH])
