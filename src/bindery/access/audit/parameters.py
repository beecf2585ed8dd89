"""Which parameters of a call the audit log shows: names of things, and documents of policies; never a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

_SHOWN = re.compile(
    r"(?:.*(?:Names?|Ids?|Types?|Arn|URIs?|Document|VersionId|Bucket|Status|Format))"
    r"|Policy|ServiceRole|DurationSeconds|(?:New)?MaxSessionDuration|SetAsDefault|RotateStrategy|CascadingDelete"
    r"|Scope|Reason|Prefix|Repair|Move|Cleanup|Outcome"
)
_HIDDEN = re.compile(
    r"(?i)secret|token|passw|credential|signature|assertion|permit|external|store|email|phone"
)
"""Also where a name looks harmless: an external id is shared with a partner, addresses are a person's own."""


@cache
def is_shown(name: str) -> bool:
    """Whether values of a parameter are recorded. What is new stays out until its name says what it is."""
    return _SHOWN.fullmatch(name) is not None and _HIDDEN.search(name) is None


def shown_parameters(names: Iterable[str], values: Mapping[str, str]) -> dict[str, str]:
    """The values of a call that may be recorded; ``names`` are those that the operation knows."""
    return {name: values[name] for name in names if values.get(name) and is_shown(name)}
