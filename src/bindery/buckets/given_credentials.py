"""Credentials that stand in the URL of a store: whole, and of one kind. Half of them would pass for none, and the
server's own would be used in their place, or the bucket be asked as everybody may ask it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bindery.buckets.store import StoreMisconfigured

_YES = frozenset({"true", "1", "yes"})
_NO = frozenset({"false", "0", "no"})


class Way(msgspec.Struct, frozen=True):
    """A way to give credentials: options that are good for nothing alone, and one that may come with them."""

    together: tuple[str, ...]
    added: str = ""


ANONYMOUS = Way(("anonymous",))


def check_given(options: Mapping[str, str], ways: Sequence[Way]) -> None:
    """Raise StoreMisconfigured unless the options give credentials in one of the ways, and wholly, or not at all."""
    given = {name for name, value in options.items() if value}
    if "anonymous" in given and not is_set(options, "anonymous"):
        given.discard("anonymous")
    used = [way for way in ways if given.intersection((*way.together, way.added))]
    for way in used:
        missing = [name for name in way.together if name not in given]
        if missing:
            present = next(name for name in (*way.together, way.added) if name in given)
            raise StoreMisconfigured(
                f"{present} is nothing without {' and '.join(missing)}; set both, or neither"
            )
        for name in way.together:
            if options[name] != options[name].strip():
                raise StoreMisconfigured(f"{name} begins or ends with white space")
    if len(used) > 1:
        names = " and ".join(way.together[0] for way in used)
        raise StoreMisconfigured(f"{names} are different ways to give credentials; keep one of them")


def is_set(options: Mapping[str, str], name: str) -> bool:
    """Whether an option is ``true``. Raises StoreMisconfigured when it is neither that nor ``false``."""
    value = options.get(name, "false").lower()
    if value not in _YES | _NO:
        raise StoreMisconfigured(f"{name} is true or false, not {value[:32]}")
    return value in _YES
