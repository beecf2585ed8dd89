"""What goes to a node and comes back is sealed: jobs carry credentials of stores, answers what is in people's files.

Ray keeps arguments and answers in its object store, spills them to disk and sends them over connections that are
encrypted only where the cluster was set up for that. The key is agreed upon by X25519 between the server and the
process on the node, for as long as both live; it is never stored. That keeps out who reads along, not who may run code
on the cluster.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TO_NODE, _TO_SERVER = b"bindery to node", b"bindery to server"


class Unsealable(Exception):
    """What came was not sealed by the other side, or was changed on the way."""


class Channel:
    """One side of a connection. Safe for threads."""

    def __init__(self, sending: bytes, receiving: bytes) -> None:
        self._sending = ChaCha20Poly1305(sending)
        self._receiving = ChaCha20Poly1305(receiving)

    def seal(self, content: bytes, subject: int) -> bytes:
        """Only the other side can read it, and only for this subject (the number of a worker)."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._sending.encrypt(nonce, content, b"%d" % subject)

    def open(self, sealed: bytes, subject: int) -> bytes:
        """Raises Unsealable."""
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._receiving.decrypt(nonce, content, b"%d" % subject)
        except (InvalidTag, ValueError) as error:
            raise Unsealable("it was sealed by somebody else, or changed on the way") from error


class KeyPair:
    """A private key that is never told, and the public one that goes to the other side."""

    def __init__(self) -> None:
        self._private = X25519PrivateKey.generate()
        self.public = self._private.public_key().public_bytes_raw()
        """32 bytes."""

    def server_channel(self, node: bytes) -> Channel:
        """The server's side, with the public key of a node. Raises ValueError."""
        return Channel(*self._keys(node, node, _TO_NODE, _TO_SERVER))

    def node_channel(self, server: bytes) -> Channel:
        """The node's side, with the public key of a server. Raises ValueError."""
        return Channel(*self._keys(server, self.public, _TO_SERVER, _TO_NODE))

    def _keys(self, other: bytes, node: bytes, *directions: bytes) -> list[bytes]:
        shared = self._private.exchange(X25519PublicKey.from_public_bytes(other))
        return [
            HKDF(SHA256(), length=_KEY_BYTES, salt=node, info=direction).derive(shared)
            for direction in directions
        ]
