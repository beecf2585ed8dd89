"""Secrets that do not show: representations of what holds them, and texts that were written with one inside."""

from __future__ import annotations

import hmac
import re
from typing import Any, ClassVar

_NAMED = re.compile(
    r"""(?ix)
    (?<![\w-])
    ( (?= [\w-]*? (?: secret | token | passw | signature | credential | account_key | \b (?: sas | sig ) (?![\w-]) ) )
      [\w-]++
      (?: \\*+["']?+ \s*+ [=:] \s*+ | \\*+["'] \s*+ , \s*+ (?= b?\\*+["'] ) ) [\[(]* b? \\*+["']?+ )
    (?! hidden\b | none\b | null\b | ["'] ) [^\s&"',;)}\]\\]++
    """
)
"""Each name is tried once, from its beginning, so that no text costs more than its length."""
_SHOWN = re.compile(r"\b(Bearer|Basic)\s+[^\s\"',;\\]{8,}")
_WEBHOOK = re.compile(r"whsec_[A-Za-z0-9+/=_-]+")
_USER = re.compile(r"(?<=://)[^/\s@\"']+@")


def same_secret(secret: str, shown: str) -> bool:
    """Whether somebody has shown the secret; the time that this takes tells nothing about it.

    What is shown may be any text: bytes of a header that are no UTF-8 arrive as surrogates.
    """
    return hmac.compare_digest(secret.encode(errors="surrogatepass"), shown.encode(errors="surrogatepass"))


def without_secrets(text: str) -> str:
    """``text`` with ``hidden`` for values of options that are named like secrets, and for users in URLs."""
    shown = _NAMED.sub(r"\1hidden", text)
    shown = _SHOWN.sub(r"\1 hidden", shown)
    shown = _WEBHOOK.sub("whsec_hidden", shown)
    return _USER.sub("hidden@", shown) if "@" in shown else shown


def fit_to_tell(text: str, longest: int = 2_000) -> str:
    """``text`` as it may be kept and answered: without secrets, in up to ``longest`` characters that can be stored."""
    if not text:
        return text
    shown = without_secrets(text[:longest])[:longest]
    return shown.encode("utf-8", "replace").decode().replace("\0", "")


class Hiding:
    """Gives a struct a representation that shows ``hidden`` for the fields named in ``hidden_fields``."""

    __slots__ = ()
    hidden_fields: ClassVar[frozenset[str]]

    def __repr__(self) -> str:
        names: tuple[str, ...] = self.__struct_fields__  # type: ignore[attr-defined]
        shown = (f"{name}={self._shown(name)}" for name in names)
        return f"{type(self).__name__}({', '.join(shown)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("", repr(self))]

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        return "hidden" if value and name in self.hidden_fields else repr(value)


def told(error: BaseException) -> str:
    """Type and text of an exception that nobody has foreseen, for what is kept or answered."""
    return f"{type(error).__name__}: {fit_to_tell(str(error))}"
