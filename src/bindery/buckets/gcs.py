"""Google Cloud Storage.

Options: ``credential_path`` or ``credential`` (a service account), ``endpoint``, ``anonymous=true``. Without
them, credentials come from where Google's clients look. Without ``endpoint`` it is that of
``STORAGE_EMULATOR_HOST``, else Google's.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bindery.buckets.endpoint import check_ambient, check_endpoint
from bindery.buckets.given_credentials import ANONYMOUS, Way, check_given, is_set
from bindery.buckets.object_store import split_root
from bindery.buckets.opendal_store import OpendalStore
from bindery.buckets.ordering import order_of
from bindery.buckets.rate import RATE_OPTIONS, rate_of
from bindery.buckets.store import Rate, StoreAddress, StoreMisconfigured
from bindery.buckets.store_url import Kind

KIND = Kind(
    options=frozenset({"credential", "endpoint", "anonymous", "order"}) | RATE_OPTIONS,
    on_this_machine=frozenset({"credential_path"}),
)
_VENDOR = re.compile(r"https://storage\.googleapis\.com")
_DEFAULT_ENDPOINT = "https://storage.googleapis.com"
_OWN = ("credential", "credential_path")
_RATE = Rate(per_second=5_000)
"""A bucket takes about 5,000 reads a second before it grows.

Source: its documentation, "Request rate and access distribution guidelines"."""
_WAYS = (*(Way((name,)) for name in _OWN), ANONYMOUS)


class _Account(msgspec.Struct):
    """What is looked at in the file of a service account, or of a federated identity."""

    type: str
    client_email: str = ""
    private_key: str = ""

    def __repr__(self) -> str:
        return f"_Account({self.type!r}, key hidden)"


def open_gcs(address: StoreAddress) -> OpendalStore:
    """The bucket at ``gcs://name[/prefix]``; no request is made yet. Raises StoreMisconfigured."""
    parts, given = urlsplit(address.url), address.options
    check_given(given, _WAYS)
    _check_account(given)
    options = {"bucket": parts.netloc, "root": f"/{split_root(parts.path)}"}
    options |= {name: given[name] for name in _OWN if name in given}
    options["endpoint"] = check_endpoint(_endpoint(given) or _DEFAULT_ENDPOINT)
    if is_set(given, "anonymous"):
        options["skip_signature"] = "true"
    elif not any(name in given for name in _OWN):
        check_ambient(address, given.get("endpoint"), _VENDOR)
    return OpendalStore(address, "gcs", options, order=order_of(given), rate=rate_of(given, _RATE))


def _check_account(options: Mapping[str, str]) -> None:
    """Google's clients pass over what they cannot read, and ask as everybody may."""
    try:
        if "credential" in options:
            account = base64.b64decode(options["credential"], validate=True)
        elif "credential_path" in options:
            account = Path(options["credential_path"]).read_bytes()
        else:
            return
        kind = msgspec.json.decode(account, type=_Account)
    except OSError as error:
        raise StoreMisconfigured(f"credential_path cannot be read: {error.strerror}") from None
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise StoreMisconfigured(
            "the credential is no JSON of Google's, which credential holds in Base64 and credential_path as a file"
        ) from None
    if kind.type == "service_account" and not (kind.client_email and kind.private_key):
        raise StoreMisconfigured("the service account of the credential lacks client_email or private_key")


def _endpoint(options: Mapping[str, str]) -> str | None:
    """What the URL or the environment names."""
    named = os.environ.get("STORAGE_EMULATOR_HOST", "")
    if named and "://" not in named:
        named = f"http://{named}"
    return options.get("endpoint") or named or None
