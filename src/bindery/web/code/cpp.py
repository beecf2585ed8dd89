"""C++, by the vendor's common request: it has no typed client of this API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bindery.web.code.described_call import DescribedCall
from bindery.web.code.writing import octal_escape, quoted

RELEASE = "1.36.2132"
"""The release that the programs are written for."""


class Cpp:
    """As a main function."""

    TITLE = "C++"
    FILE = "main.cpp"
    TEMPLATE = "cpp.cpp.jinja"

    @classmethod
    def context(cls, call: DescribedCall) -> Mapping[str, Any]:
        """What the template shows."""
        source = f"https://github.com/aliyun/aliyun-openapi-cpp-sdk/archive/refs/tags/{RELEASE}.tar.gz"
        return {
            "install": f"curl -L {source} | tar xz && sh aliyun-openapi-cpp-sdk-{RELEASE}/easyinstall.sh core",
            "texts": [(_text(name), _text(text)) for name, text in call.texts],
        }


def _text(text: str) -> str:
    """As a ``std::string``, which holds a zero byte as well; two question marks could begin a trigraph."""
    return quoted(text, octal_escape).replace("??", "?\\?") + "s"
