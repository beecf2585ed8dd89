"""Addresses for worker processes, which do not have the server's environment: what a store needs of it, and only
that store's, stands in its address.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from bindery.buckets import oss, s3
from bindery.buckets.registry import open_store
from bindery.buckets.store import Store, StoreAddress, StoreError

_CREDENTIALS: dict[str, Callable[[StoreAddress], dict[str, str]]] = {
    "s3": s3.found_options,
    "oss": oss.found_options,
}
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_VARIABLES: dict[str, tuple[str, ...]] = {
    "s3": _PROXIES,
    "oss": _PROXIES,
    "gcs": _PROXIES,
    "azblob": (
        *_PROXIES, "AZBLOB_ACCOUNT_KEY", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_STORAGE_BEARER_TOKEN", "AZURE_CLIENT_SECRET", "AZURE_MSI_SECRET",
    ),
}  # fmt: skip
"""Variables that the libraries of a store read themselves, and that may be secret."""


def portable(address: StoreAddress, workers: int = 1) -> StoreAddress:
    """The address with the credentials of this process, as they are now, for one of so many workers. Where no
    credentials are found it is left alone, and whoever opens it is told so.
    """
    scheme = urlsplit(address.url).scheme
    if scheme not in _VARIABLES:
        return address
    own = address.trusted or "endpoint" not in address.options
    names = _VARIABLES[scheme] if own else _PROXIES
    environment = {name: os.environ[name] for name in names if name in os.environ}
    try:
        options = _CREDENTIALS[scheme](address) if scheme in _CREDENTIALS else {}
    except StoreError:
        options = {}
    return msgspec.structs.replace(
        address,
        options={**address.options, **options},
        environment=environment,
        share=address.share / workers,
    )


def open_portable(address: StoreAddress) -> Store:
    """The store at a portable address. Its variables become those of this process, which must be a worker."""
    os.environ.update(address.environment)
    return open_store(address)
