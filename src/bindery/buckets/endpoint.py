"""Endpoints and options of object stores, as users write them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from bindery.buckets.store import StoreAddress, StoreMisconfigured

ANY_HOST = re.compile(r"(https?)://\*\.([a-z0-9.-]+)(:[0-9]{1,5})?")
"""What stands for every host below one."""
_LONGEST = 512
_REGION = re.compile(r"[A-Za-z0-9-]{1,50}")
_UNFIT = re.compile(r"[^\x21-\x7e]|[\\\"<>^`{|}]")


def parse_endpoint(text: str) -> tuple[str, str]:
    """Scheme and host (with its port) of an endpoint. Without a scheme it is https, on this machine http.

    Raises StoreMisconfigured.
    """
    parts = _split(text)
    if parts is None or parts.path.strip("/"):
        raise StoreMisconfigured(
            "an endpoint is http://HOST[:PORT] or https://HOST[:PORT], and nothing more"
        )
    return parts.scheme, parts.netloc


def check_endpoint(text: str) -> str:
    """An endpoint that may have a path, as emulators want it; as it is. Raises StoreMisconfigured."""
    if "://" not in text or _split(text) is None:
        raise StoreMisconfigured("an endpoint is http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]")
    return text


def check_listed(endpoint: str) -> None:
    """Raise StoreMisconfigured unless this may stand among the endpoints of a Registration."""
    if ANY_HOST.fullmatch(endpoint) is None and (
        "*" in endpoint or urlsplit(check_endpoint(endpoint)).path.strip("/")
    ):
        raise StoreMisconfigured(
            "an endpoint is https://HOST[:PORT] or https://*.HOST[:PORT], without a path"
        )


def check_ambient(address: StoreAddress, endpoint: str | None, vendor: re.Pattern[str]) -> None:
    """Raise StoreMisconfigured unless the server's own credentials may go to ``endpoint``.

    They go wherever the operator sends them (None: where the environment says, or the vendor's default), and else
    to the ``vendor`` only.
    """
    if address.trusted or endpoint is None:
        return
    if vendor.fullmatch(endpoint.lower().rstrip("/")) is None:
        raise StoreMisconfigured(
            "the server's own credentials are not sent to this endpoint: write credentials into the URL, or "
            "anonymous=true, or let the operator name the bucket in the configuration"
        )


def _split(text: str) -> SplitResult | None:
    if len(text) > _LONGEST or _UNFIT.search(text):
        return None
    if "://" not in text:
        text = f"{'http' if is_local(text) else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return None if not usable or parts.query or parts.fragment or "@" in parts.netloc else parts


def is_local(host: str) -> bool:
    """Whether a host (with or without port) is this machine or a plain IP address: it has no names below it."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
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


def check_region(region: str | None) -> str | None:
    """A region that may become part of a host name and of a signature. Raises StoreMisconfigured."""
    if region is not None and not _REGION.fullmatch(region):
        raise StoreMisconfigured("a region has up to 50 letters, digits and hyphens")
    return region
