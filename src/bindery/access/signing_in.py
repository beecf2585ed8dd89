"""Signing in with a browser: by an access key, or by a link that whoever can read the data folder makes.

A browser then shows a token, of which the record keeps only the hash. What its holder may do is asked for anew with
every request: a key that is disabled, or a policy that changes, takes effect with the next one.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import threading
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

import msgspec

from bindery.access.identities import SESSION_KEY, Identities, Identity, KeyRefused
from bindery.access.nonces import NonceRefused, Nonces
from bindery.access.permits import Permits
from bindery.catalog.access_records import BrowserSession
from bindery.catalog.interface.browser_sessions import BrowserSessions
from bindery.clock import now_ns

LINK = "sign-in"
"""What a permit for a link is for."""
_TOKEN_BYTES = 32
_LONGEST_TOKEN = 100
_LONGEST_AGENT = 200
_SESSIONS_OF_HOLDER = 50
_NOTED_SECONDS = 60
_SECOND = 1_000_000_000
_LINK_SECONDS = 300


class SignInRefused(Exception):
    """Nobody is signed in; ``args[0]`` is why.

    ├── WrongKey         no such key, a wrong secret, a key that is not in use, a link that is no good
    └── TooManyAttempts  ``args[1]`` seconds must pass
    """


class WrongKey(SignInRefused):
    """What was shown signs nobody in. It is not told which part is wrong."""


class TooManyAttempts(SignInRefused):
    """Too many were wrong; so many seconds must pass."""


class SignInSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long somebody stays signed in. Seconds."""

    idle: int = 3_600
    longest: int = 43_200


class SignedIn(msgspec.Struct, frozen=True):
    """Who shows a token."""

    identity: Identity
    session: BrowserSession


class SigningIn:
    """Begins, finds and ends the sessions of browsers. For many threads."""

    def __init__(
        self,
        sessions: BrowserSessions,
        identities: Identities,
        settings: SignInSettings,
        permits: Permits,
        nonces: Nonces,
    ) -> None:
        self._sessions, self._identities, self._settings = sessions, identities, settings
        self._permits, self._nonces = permits, nonces
        self._attempts = _Attempts()

    @property
    def longest(self) -> int:
        """Seconds after which everybody is signed out."""
        return self._settings.longest

    def by_key(self, key_id: str, secret: str, address: str, agent: str) -> str:
        """The token of a new session. Raises SignInRefused."""
        self._attempts.check(address)
        identity = self._find(key_id)
        # Compared also when there is no such key, so that the time tells nothing.
        right = hmac.compare_digest(
            (identity.secret if identity else "none").encode(), secret.encode(errors="surrogatepass")
        )
        if identity is None or not right:
            self._attempts.note(address)
            raise WrongKey
        return self._begin(identity, address, agent)

    def by_link(self, query: str, address: str, agent: str) -> str:
        """The token of a new session, by what ``link_query`` made; once. Raises SignInRefused."""
        self._attempts.check(address)
        key_id, nonce, until, permit = (
            parse_qs(query).get(name, [""])[0] for name in ("key", "nonce", "until", "permit")
        )
        now = int(time.time())
        good = self._permits.allow(permit, LINK, key_id, nonce, until)
        identity = self._find(key_id) if good else None
        if identity is None or not now < int(until) <= now + _LINK_SECONDS:
            self._attempts.note(address)
            raise WrongKey
        try:
            fresh = self._nonces.use(f"{LINK}:{key_id}", nonce, now=now, expires=int(until))
        except NonceRefused:
            fresh = False
        if not fresh:
            raise WrongKey
        return self._begin(identity, address, agent)

    def find(self, token: str) -> SignedIn | None:
        """Who shows a token; None when that session is over, or its key is not in use any more."""
        if not token or len(token) > _LONGEST_TOKEN:
            return None
        session = self._sessions.find(_hash(token))
        if session is None:
            return None
        now = now_ns()
        if self._is_over(session, now):
            self._sessions.end(session.id)
            return None
        identity = self._find(session.key_id)
        if identity is None or identity.arn != session.holder:
            return None
        if now - session.use_time > _NOTED_SECONDS * _SECOND:
            self._sessions.note_use(session.id, now)
        return SignedIn(identity, session)

    def sessions(self, identity: Identity) -> list[BrowserSession]:
        """Where somebody is signed in, the newest first; not those whose time is over."""
        now = now_ns()
        return [session for session in self._sessions.list(identity.arn) if not self._is_over(session, now)]

    def end(self, session: BrowserSession) -> None:
        """Sign out of this browser."""
        self._sessions.end(session.id)

    def end_all(self, identity: Identity) -> int:
        """Sign out everywhere; of how many browsers."""
        return self._sessions.end_all(identity.arn)

    def _is_over(self, session: BrowserSession, now: int) -> bool:
        return (
            now - session.use_time > self._settings.idle * _SECOND
            or now - session.create_time > self._settings.longest * _SECOND
        )

    def _find(self, key_id: str) -> Identity | None:
        """Whoever has the key for good; keys of role sessions come with tokens of their own."""
        if key_id.startswith(SESSION_KEY):
            return None
        try:
            identity = self._identities.find(key_id)
        except KeyRefused:
            return None
        return identity if identity.active else None

    def _begin(self, identity: Identity, address: str, agent: str) -> str:
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), now_ns()
        session = BrowserSession(
            _hash(token), identity.key_id, identity.arn, now, now, address, agent[:_LONGEST_AGENT]
        )
        self._sessions.forget(before=now - self._settings.longest * _SECOND)
        self._sessions.create(session, most=_SESSIONS_OF_HOLDER)
        return token


def link_query(make_permit: Callable[..., str | None], key_id: str) -> str | None:
    """The query of a link that signs in once, within five minutes; None for whoever may not make permits."""
    nonce, until = secrets.token_urlsafe(16), str(int(time.time()) + _LINK_SECONDS)
    permit = make_permit(LINK, key_id, nonce, until)
    if permit is None:
        return None
    return urlencode({"key": key_id, "nonce": nonce, "until": until, "permit": permit})


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


class _Attempts:
    """Wrong attempts of each address: ten at once, then one in thirty seconds.

    Not of each key: anybody could keep its holder out by trying it.
    """

    _AT_ONCE = 10
    _SECONDS = 30.0
    _MOST = 20_000

    def __init__(self) -> None:
        self._owed: dict[str, float] = {}
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Raises TooManyAttempts."""
        now = time.monotonic()
        with self._lock:
            wait = self._owed.get(address, now) - now - (self._AT_ONCE - 1) * self._SECONDS
        if wait > 0:
            raise TooManyAttempts(math.ceil(wait))

    def note(self, address: str) -> None:
        """One was wrong."""
        now = time.monotonic()
        with self._lock:
            if len(self._owed) > self._MOST:
                self._owed = {each: owed for each, owed in self._owed.items() if owed > now}
            self._owed[address] = max(self._owed.get(address, now), now) + self._SECONDS
