"""Google Cloud Storage.

Options: ``credential_path`` or ``credential`` (a service account), ``endpoint``, ``anonymous=true``. Without
them, credentials come from where Google's clients look. Without ``endpoint`` it is that of
``STORAGE_EMULATOR_HOST``, else Google's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from bindery.buckets.endpoint import check_ambient, check_endpoint, is_set
from bindery.buckets.object_store import split_root
from bindery.buckets.opendal_store import OpendalStore
from bindery.buckets.ordering import order_of
from bindery.buckets.store import StoreAddress
from bindery.buckets.store_url import Kind

KIND = Kind(
    options=frozenset({"credential", "endpoint", "anonymous", "order"}),
    on_this_machine=frozenset({"credential_path"}),
)
_VENDOR = re.compile(r"https://storage\.googleapis\.com")
_DEFAULT_ENDPOINT = "https://storage.googleapis.com"
_OWN = ("credential", "credential_path")


def open_gcs(address: StoreAddress) -> OpendalStore:
    """The bucket at ``gcs://name[/prefix]``; no request is made yet. Raises StoreMisconfigured."""
    parts, given = urlsplit(address.url), address.options
    options = {"bucket": parts.netloc, "root": f"/{split_root(parts.path)}"}
    options |= {name: given[name] for name in _OWN if name in given}
    options["endpoint"] = check_endpoint(_endpoint(given) or _DEFAULT_ENDPOINT)
    if is_set(given, "anonymous"):
        options["skip_signature"] = "true"
    elif not any(name in given for name in _OWN):
        check_ambient(address, given.get("endpoint"), _VENDOR)
    return OpendalStore(address, "gcs", options, order=order_of(given))


def _endpoint(options: Mapping[str, str]) -> str | None:
    """What the URL or the environment names."""
    named = os.environ.get("STORAGE_EMULATOR_HOST", "")
    if named and "://" not in named:
        named = f"http://{named}"
    return options.get("endpoint") or named or None
