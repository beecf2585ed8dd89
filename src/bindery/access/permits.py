"""The operator's right to do what callers of the API may not: shown by who can read the server's data folder.

At each start the server writes a secret into ``operator-token`` there, mode 600. The command line on the same machine
proves with it that a call comes from the operator: it sends a code over the very parameters, or over the request's
key and nonce (HMAC-SHA256), never the secret itself.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from bindery.access.keys import write_private
from bindery.secrecy import same_secret

_FILE = "operator-token"
_CALL = "call"
_BYTES = 32


class Permits:
    """Checks permits. Without a data folder none is good."""

    def __init__(self, data: Path | None = None) -> None:
        self._secret = b""
        if data is not None:
            self._secret = secrets.token_hex(_BYTES).encode()
            write_private(data / _FILE, self._secret)

    def allow(self, permit: str | None, *parameters: str) -> bool:
        """Whether the operator has asked for just this."""
        if not permit or not self._secret:
            return False
        return same_secret(_code(self._secret, parameters), permit)

    def allow_call(self, permit: str | None, key_id: str, nonce: str) -> bool:
        """Whether the operator makes the request that this key signs, once, with this nonce."""
        return self.allow(permit, _CALL, key_id, nonce)


def make_call_permit(data: Path, key_id: str, nonce: str) -> str | None:
    """What shows one request to be the operator's; None for whoever may not read the server's data folder."""
    return make_permit(data, _CALL, key_id, nonce)


def make_permit(data: Path, *parameters: str) -> str | None:
    """A permit for a call with these parameters; None for whoever may not read the server's data folder."""
    try:
        secret = (data / _FILE).read_bytes()
    except OSError:
        return None
    return _code(secret, parameters) if secret else None


def _code(secret: bytes, parameters: tuple[str, ...]) -> str:
    text = "\0".join(f"{len(each)}:{each}" for each in parameters)
    return hmac.digest(secret, text.encode(errors="surrogatepass"), "sha256").hex()
