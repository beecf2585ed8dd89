"""The two ends of a copy. Keys come from the environment, a profile or a data folder, never from the command line,
which everybody on the machine can see."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import click

from bindery.access.keys import read_root_key
from bindery.cli.client import OTHER_SERVER, ApiError, Client

PROFILES = "~/.aliyun/config.json"
"""Of the vendor's command line client; modes AK and StsToken."""
_TRIES = 6
_FIRST_PAUSE_SECONDS = 0.5
_BUSY = frozenset({429, 500, 502, 503, 504})
_OF_THE_KEY = ("InvalidAccessKeyId", "InvalidSecurityToken", "SignatureDoesNotMatch", "InvalidTimeStamp")
"""Beginnings of the codes of whoever is not known: each further call would be answered so."""


class Endpoint(Client):
    """One end. Once it has answered, calls that were throttled, or met a server that is restarted, are made again."""

    _has_answered = False
    side = "from"
    """Or ``to``."""

    def call(self, action: str, *, version: str | None = None, **parameters: Any) -> dict[str, Any]:
        """The answer. Raises ApiError, ClickException."""
        for attempt in range(_TRIES):
            try:
                answer = super().call(action, version=version, **parameters)
                self._has_answered = True
                return answer
            except click.ClickException as error:
                refused = isinstance(error, ApiError) and error.status not in _BUSY
                if refused or attempt == _TRIES - 1 or not self._has_answered:
                    self._tell_of(error)
                    raise
            time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        raise AssertionError("the last try returns or raises")

    def _tell_of(self, error: click.ClickException) -> None:
        """Have it say which end it was, and where its key comes from."""
        if isinstance(error, ApiError):
            variable = f"BINDERY_{self.side.upper()}_ACCESS_KEY_ID"
            key = f" Its key comes from {variable}, --{self.side}-profile or --{self.side}-data."
            told = error.message.replace(OTHER_SERVER, key)
            vars(error).update(message=f"{self.endpoint}: {told}")

    def find(self, action: str, member: str, **parameters: Any) -> dict[str, Any] | None:
        """One thing; None when it is not there."""
        try:
            found: dict[str, Any] = self.call(action, **parameters).get(member, {})
        except ApiError as error:
            if error.code.startswith(("ResourceNotFound", "NotFound")) or error.status == 404:
                return None
            raise
        return found


def open_endpoint(side: str, address: str, *, profile: str | None, data: Path | None) -> Endpoint:
    """``side``: ``from`` or ``to``. Raises ClickException when there is no key."""
    key = _of_environment(side)
    if key is None and profile is not None:
        key = _of_profile(profile)
    if key is None and data is not None and (root := read_root_key(data)) is not None:
        key = (root.id, root.secret, "")
    if key is None:
        name = f"BINDERY_{side.upper()}_ACCESS_KEY"
        raise click.ClickException(
            f"no access key for {address}: set {name}_ID and {name}_SECRET, or name a profile of {PROFILES} with "
            f"--{side}-profile, or the server's data folder with --{side}-data"
        )
    key_id, secret, token = key
    endpoint = Endpoint(address, key_id, secret, token=token, data=data)
    endpoint.side = side
    return endpoint


def is_of_one_thing(error: ApiError) -> bool:
    """Whether a refusal says nothing of what else is asked for: neither of the key, nor of the server."""
    return error.status not in _BUSY and not error.code.startswith(_OF_THE_KEY)


def _of_environment(side: str) -> tuple[str, str, str] | None:
    prefix = f"BINDERY_{side.upper()}_"
    key_id, secret = (os.environ.get(f"{prefix}ACCESS_KEY_{part}", "") for part in ("ID", "SECRET"))
    return (key_id, secret, os.environ.get(f"{prefix}SECURITY_TOKEN", "")) if key_id and secret else None


def _of_profile(name: str) -> tuple[str, str, str]:
    path = Path(PROFILES).expanduser()
    try:
        profiles = json.loads(path.read_text("utf-8"))["profiles"]
        found = next((profile for profile in profiles if profile["name"] == name), None)
        if found is None:
            raise click.ClickException(f"{PROFILES} has no profile {name}")
        return found["access_key_id"], found["access_key_secret"], found.get("sts_token") or ""
    except OSError as error:
        raise click.ClickException(f"{PROFILES} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(
            f"the profile {name} in {PROFILES} has no access key; its mode must be AK or StsToken"
        ) from error
