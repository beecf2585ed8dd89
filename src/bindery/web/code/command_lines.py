"""Command lines: the vendor's, curl with a signature, and Bindery's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bindery.web.code.described_call import DescribedCall
from bindery.web.code.writing import shell_text

_EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class Aliyun:
    """The vendor's command line; operations that it does not know it sends with ``--force``."""

    TITLE = "aliyun"
    FILE = "call.sh"
    TEMPLATE = "aliyun.sh.jinja"
    INSTALL = "brew install aliyun-cli"

    @classmethod
    def context(cls, call: DescribedCall) -> Mapping[str, Any]:
        """What the template shows."""
        options = [f"--{name} {shell_text(text)}" for name, text in call.texts]
        return {"install": cls.INSTALL, "options": options}


class Bindery(Aliyun):
    """``bindery call``, which takes the same options."""

    TITLE = "bindery call"
    TEMPLATE = "bindery.sh.jinja"
    INSTALL = "pip install bindery-imm"


class Curl:
    """curl, with the signature made by openssl: the wire protocol for those who want to see it."""

    TITLE = "curl"
    FILE = "call.sh"
    TEMPLATE = "curl.sh.jinja"

    @classmethod
    def context(cls, call: DescribedCall) -> Mapping[str, Any]:
        """What the template shows: parameters in the order that is signed."""
        pairs = sorted((_encode(name), _encode(text)) for name, text in call.texts)
        return {
            "install": "apt-get install curl openssl",
            "query": "&".join(f"{name}={text}" for name, text in pairs),
            "empty": _EMPTY_SHA256,
        }


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")
