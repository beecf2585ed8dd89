"""Azure Blob Storage.

Options: ``account_name``, ``account_key`` or ``sas_token``, ``endpoint``. Without a key, credentials come from
where Azure's clients look. Without ``endpoint`` it is that of ``AZBLOB_ENDPOINT``, else Azure's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from bindery.buckets.endpoint import check_ambient, check_endpoint
from bindery.buckets.given_credentials import Way, check_given
from bindery.buckets.object_store import split_root
from bindery.buckets.opendal_store import OpendalStore
from bindery.buckets.ordering import order_of
from bindery.buckets.rate import RATE_OPTIONS, rate_of
from bindery.buckets.store import Rate, StoreAddress, StoreMisconfigured
from bindery.buckets.store_url import Kind

KIND = Kind(
    options=frozenset({"account_name", "account_key", "sas_token", "endpoint", "order"}) | RATE_OPTIONS
)
_ACCOUNT = re.compile(r"[a-z0-9]{1,24}")
_VENDOR = re.compile(
    r"https://[a-z0-9]{3,24}\.blob\.core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)"
)
_OWN = ("account_key", "sas_token")
_RATE = Rate(per_second=20_000)
"""A storage account takes 20,000 requests a second.

Source: "Scalability and performance targets for standard storage accounts"."""
_WAYS = tuple(Way((name,)) for name in _OWN)
_SIGNATURE = re.compile(r"(?:^|[?&])sig=[^&]")


def open_azure(address: StoreAddress) -> OpendalStore:
    """The container at ``azblob://name[/prefix]``; no request is made yet. Raises StoreMisconfigured."""
    parts, given = urlsplit(address.url), address.options
    _check_given(given)
    options = {"container": parts.netloc, "root": f"/{split_root(parts.path)}"}
    options |= {name: given[name] for name in ("account_name", *_OWN) if name in given}
    endpoint = given.get("endpoint") or os.environ.get("AZBLOB_ENDPOINT")
    options["endpoint"] = check_endpoint(endpoint or _default_endpoint(given.get("account_name")))
    if not any(name in given for name in _OWN):
        check_ambient(address, given.get("endpoint"), _VENDOR)
    order = order_of({"order": "utf16", **given})
    return OpendalStore(address, "azblob", options, order=order, rate=rate_of(given, _RATE))


def _check_given(options: Mapping[str, str]) -> None:
    check_given(options, _WAYS)
    if "account_key" in options and not options.get("account_name"):
        raise StoreMisconfigured("account_key is nothing without account_name; set both, or neither")
    if "sas_token" in options and not _SIGNATURE.search(options["sas_token"]):
        raise StoreMisconfigured(
            "sas_token has no signature (sig=…): write the whole token, with & as %26 and = as %3D"
        )


def _default_endpoint(account: str | None) -> str:
    if not account:
        raise StoreMisconfigured("name the storage account: azblob://CONTAINER?account_name=NAME")
    if not _ACCOUNT.fullmatch(account):
        raise StoreMisconfigured("the name of a storage account has up to 24 small letters and digits")
    return f"https://{account}.blob.core.windows.net"
