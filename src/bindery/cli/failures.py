"""Every failure of a command ends here, as one sentence on standard error and an exit code; never as a traceback.

| code | what happened |
|---|---|
| 0 | all is well |
| 1 | the command could not do it, or found that something is wrong; the sentence says what to do |
| 2 | the command line makes no sense |
| 130 | Ctrl-C |
| 141 | whoever read the output has closed it, as ``head`` does |

``BINDERY_DEBUG=1`` shows the traceback of a defect.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from bindery.printable import printable

INTERRUPTED = 130
"""As shells have it for SIGINT: 128 and the number of the signal."""
UNREAD = 141
"""The same for SIGPIPE."""

_DEBUG = "BINDERY_DEBUG"
_STANDARD_ERROR = 2
_DUCKDB_INTERRUPTED = "Query interrupted"
"""What DuckDB makes of Ctrl-C while it is at work."""
_ADVICE = {
    errno.EACCES: "give this user the right, or take another place",
    errno.EPERM: "give this user the right, or take another place",
    errno.ENOSPC: "the disk is full; make room",
    errno.EROFS: "the file system is read-only; take another place",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "a part of the path is a file; check the path",
    errno.EEXIST: "something of this name is there already; take another place",
    errno.EISDIR: "it is a folder; take another place",
    errno.ELOOP: "links of the path lead to each other; check the path",
    errno.ENAMETOOLONG: "the name is too long; take another",
    errno.EDQUOT: "the quota of this user is used up; make room",
    errno.EFBIG: "the file would be larger than this user may make it; raise ulimit -f",
}


class Failure(click.ClickException):
    """One sentence in which no text of strangers steers the terminal."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """What goes wrong within becomes a ClickException or an exit."""
    _open_closed_streams()
    try:
        yield
        sys.stdout.flush()  # here, not when the interpreter ends, a closed pipe can still be told
    except click.ClickException as error:
        if not error.message.replace("\n", "").isprintable():  # else it is escaped already, or need not be
            vars(error).update(message=printable(error.message, lines=True))
        raise
    except click.exceptions.Exit:
        raise
    except BrokenPipeError:
        _leave_output()
        raise click.exceptions.Exit(UNREAD) from None
    except (KeyboardInterrupt, click.Abort):
        raise click.exceptions.Exit(INTERRUPTED) from None
    except OSError as error:
        raise Failure(_of_the_system(error)) from error
    except Exception as error:
        raise _failure_of(error) from error


def _failure_of(error: Exception) -> Exception:
    if isinstance(error, RuntimeError) and str(error) == _DUCKDB_INTERRUPTED:
        return click.exceptions.Exit(INTERRUPTED)
    if isinstance(error, MemoryError):
        return Failure("there is not enough memory for that; ask for less at once")
    return Failure(_of_ours(error))


def _open_closed_streams() -> None:
    """Who was started with a standard stream closed writes and reads nowhere.

    No file that is opened may take its place, for others write there.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        pass
    os.close(descriptor)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - for as long as we live
            setattr(sys, name, stream)


def _leave_output() -> None:
    """Let what is still to be written go nowhere, so that the end of the interpreter does not fail over it."""
    with suppress(OSError, ValueError):  # a standard output without a descriptor has no pipe
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _of_ours(error: Exception) -> str:
    """What Bindery's own rooms say is meant for people; all else is a defect."""
    if _is_told(error):
        return str(error)
    if os.environ.get(_DEBUG):
        click.echo("".join(traceback.format_exception(error)), err=True)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"internal error: {text}; {_DEBUG}=1 shows where. Please report it"


def _is_told(error: Exception) -> bool:
    from bindery.access.keys import KeysUnusable  # noqa: PLC0415 - only a command that fails pays for them
    from bindery.api.gateway.tls import CertificateUnusable  # noqa: PLC0415
    from bindery.buckets.store import StoreError  # noqa: PLC0415
    from bindery.catalog.records import CatalogError  # noqa: PLC0415
    from bindery.config import ConfigurationError  # noqa: PLC0415

    ours = KeysUnusable | CertificateUnusable | StoreError | CatalogError | ConfigurationError
    return isinstance(error, ours)


def _of_the_system(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"the name of the host cannot be resolved ({error.strerror}); check --host or --endpoint"
    what = error.strerror or str(error)
    where = f"{error.filename!s}: " if error.filename else ""
    advice = _ADVICE.get(error.errno or 0, "")
    return f"{where}{what}" + (f"; {advice}" if advice else "")
