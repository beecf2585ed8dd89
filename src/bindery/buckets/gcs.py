"""Google Cloud Storage.

Options: ``credential_path`` or ``credential`` (a service account), ``endpoint``, ``anonymous=true``. Without
them, credentials come from where Google's clients look.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from bindery.buckets.endpoint import is_set
from bindery.buckets.object_store import split_root
from bindery.buckets.opendal_store import OpendalStore
from bindery.buckets.ordering import order_of
from bindery.buckets.store import StoreAddress


def open_gcs(address: StoreAddress) -> OpendalStore:
    """The bucket at ``gcs://name[/prefix]``; no request is made yet. Raises StoreMisconfigured."""
    parts = urlsplit(address.url)
    options = {"bucket": parts.netloc, "root": f"/{split_root(parts.path)}", **address.options}
    if is_set(options, "anonymous"):
        options["skip_signature"] = "true"
    options.pop("anonymous", None)
    options.pop("order", None)
    return OpendalStore(address, "gcs", options, order=order_of(address.options))
