"""Where somebody may be sent: pages of this server alone."""

from __future__ import annotations

import re

_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def page_path(shown: str, otherwise: str) -> str:
    """``shown`` when it is the path of a page here, and nothing a browser takes for another server."""
    return shown if len(shown) <= 4_096 and _PATH.fullmatch(shown) else otherwise
