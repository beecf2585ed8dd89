"""A binding as pages show it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

Shown = dict[str, Any]
_GOOD, _BUSY, _ATTENTION, _BAD = "good", "accent", "warn", "bad"
_COUNTS = (
    "Listed",
    "Indexed",
    "Unchanged",
    "Excluded",
    "Failed",
    "Pending",
    "Deleted",
    "HeldBack",
    "BytesRead",
)
_NOTHING: Shown = dict.fromkeys(_COUNTS, 0) | {"LastCompleteListing": ""}
_UNKNOWN: Shown = {"Phase": "", "Reason": "", "Scope": None}
"""What an answer leaves out."""
_TONES = {"Ready": _BUSY, "Running": _GOOD, "Stopped": _ATTENTION, "Retrying": _ATTENTION, "Failed": _BAD}


def show_binding(binding: Shown) -> Shown:
    """What GetBinding answers, with its page, its share of work done, and whether it needs attention."""
    progress = _NOTHING | (binding.get("Progress") or {})
    bucket = binding["URI"].removeprefix("oss://").strip("/")
    names = (binding["ProjectName"], binding["DatasetName"], bucket)
    state = binding["State"]
    return {
        **_UNKNOWN,
        **binding,
        "Progress": progress,
        "Bucket": bucket,
        "Page": "/console/bindings/" + "/".join(quote(name, safe="") for name in names),
        "Tone": _TONES.get(state, _ATTENTION),
        "Scanning": binding.get("Phase") == "FullScanning" and state in ("Ready", "Running"),
        "Done": _done(progress),
        "Attention": bool(
            progress["HeldBack"]
            or progress["Failed"]
            or binding.get("Reason")
            or state in ("Retrying", "Failed")
        ),
        "Balanced": _is_balanced(progress),
    }


def _done(progress: Shown) -> int:
    return sum(progress[name] for name in ("Indexed", "Unchanged", "Excluded", "Failed"))


def _is_balanced(progress: Shown) -> bool:
    return bool(progress["Listed"] == _done(progress) + progress["Pending"])
