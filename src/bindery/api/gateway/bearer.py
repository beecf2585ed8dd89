"""Tokens that are shown as ``Authorization: Bearer TOKEN`` (RFC 6750, 2.1)."""

from __future__ import annotations

from bindery.secrecy import same_secret


def bearer_token(authorization: str) -> str | None:
    """The token of the header; None when it is of another scheme. The scheme's case does not count."""
    scheme, space, token = authorization.strip().partition(" ")
    return token.strip() if space and scheme.lower() == "bearer" else None


def shows_token(authorization: str, token: str) -> bool:
    """Whether a header shows the token that was set."""
    return bool(token) and same_secret(token, bearer_token(authorization) or "")
