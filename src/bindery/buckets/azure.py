"""Azure Blob Storage.

Options: ``account_name``, ``account_key`` or ``sas_token``, ``endpoint``. Without a key, credentials come from
where Azure's clients look.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from bindery.buckets.object_store import split_root
from bindery.buckets.opendal_store import OpendalStore
from bindery.buckets.ordering import order_of
from bindery.buckets.store import StoreAddress, StoreMisconfigured


def open_azure(address: StoreAddress) -> OpendalStore:
    """The container at ``azblob://name[/prefix]``; no request is made yet. Raises StoreMisconfigured."""
    parts = urlsplit(address.url)
    options = {"container": parts.netloc, "root": f"/{split_root(parts.path)}", **address.options}
    account = options.get("account_name")
    if "endpoint" not in options:
        if not account:
            raise StoreMisconfigured("name the storage account: azblob://CONTAINER?account_name=NAME")
        options["endpoint"] = f"https://{account}.blob.core.windows.net"
    order = order_of({"order": "utf16", **address.options})
    options.pop("order", None)
    return OpendalStore(address, "azblob", options, order=order)
