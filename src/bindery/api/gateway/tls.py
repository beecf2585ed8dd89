"""TLS: the certificate that the server shows, read anew when its files change."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

_CHECK_SECONDS = 3.0
_log = structlog.get_logger()

_Stamp = tuple[tuple[int, int, int], ...]


class CertificateUnusable(Exception):
    """The files of the certificate and its key cannot be used; the message says why and what to do."""


class Certificate:
    """A certificate (with its chain, PEM) and its key, of two files. TLS 1.2 is the least that is spoken.

    ``context`` is for the next handshake; one that has begun goes on with what it has.

    Raises CertificateUnusable.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = certificate, key
        self._seen = self._stamp()
        self.context = self._load()

    async def follow(self) -> None:
        """Take over what changes in the files, until cancelled. Connections that are open keep what they have."""
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            await asyncio.to_thread(self.renew)

    def renew(self) -> None:
        """Read the files if they have changed; a pair that cannot be used is told once and left alone."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        try:
            self.context = self._load()  # another, for handshakes must not meet one that changes
        except (CertificateUnusable, OSError) as error:
            _log.error("the changed TLS certificate cannot be used; the old one stays", problem=str(error))
        else:
            _log.info("the TLS certificate was read anew", certificate=str(self._files[0]))
        self._seen = stamp

    def _load(self) -> ssl.SSLContext:
        for file in self._files:
            try:
                file.read_bytes()
            except OSError as error:
                raise CertificateUnusable(f"cannot read {file}: {error.strerror}") from error
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate, key = self._files
        try:
            # With a password, of none too, nobody is asked for one at the terminal.
            context.load_cert_chain(certificate, key, password="")
        except (OSError, ValueError) as error:
            raise CertificateUnusable(
                f"{certificate} and {key} are not a certificate and its key, in PEM and without a password"
                f" ({getattr(error, 'reason', None) or error})"
            ) from error
        return context

    def _stamp(self) -> _Stamp:
        return tuple(_stamp_of(file) for file in self._files)


def _stamp_of(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_mtime_ns, found.st_size, found.st_ino
