"""Endpoints and options of object stores, as users write them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from bindery.buckets.store import StoreMisconfigured


def parse_endpoint(text: str) -> tuple[str, str]:
    """Scheme and host (with its port) of an endpoint. Without a scheme it is https, on this machine http."""
    if "://" not in text:
        text = f"{'http' if is_local(text) else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.path.strip("/") or parts.query or "@" in parts.netloc:
        raise StoreMisconfigured(
            "an endpoint is http://HOST[:PORT] or https://HOST[:PORT], and nothing more"
        )
    return parts.scheme, parts.netloc


def is_local(host: str) -> bool:
    """Whether a host (with or without port) is this machine or a plain IP address: it has no names below it."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def addresses_by_path(options: Mapping[str, str]) -> bool | None:
    """What ``addressing`` asks for; None when it is left to the store."""
    wanted = options.get("addressing")
    if wanted not in (None, "path", "virtual"):
        raise StoreMisconfigured(f"addressing is path or virtual, not {wanted[:32]}")
    return None if wanted is None else wanted == "path"


def is_set(options: Mapping[str, str], name: str) -> bool:
    """Whether an option is ``true``."""
    return options.get(name, "false").lower() in ("true", "1", "yes")
