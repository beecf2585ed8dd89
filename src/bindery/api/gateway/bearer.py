"""Tokens of the pages for operators: ``Authorization: Bearer TOKEN``."""

from __future__ import annotations

import hmac


def shows_token(authorization: str, token: str) -> bool:
    """Whether a header shows the token that was set. The time that takes tells nothing about it."""
    scheme, _, shown = authorization.partition(" ")
    if not token or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(shown.strip().encode("utf-8", "surrogateescape"), token.encode())
