"""How much of the log one caller's refusals may take in a day. Beyond that they are counted, by action and code."""

from __future__ import annotations

import msgspec

from bindery.access.audit.record import AuditRecord, Kind

STRANGERS = ""
"""All who have shown no right signature are one caller: addresses cost nothing."""
_MOST_CALLERS = 10_000
_OTHERS = "(others)"
_MOST_PAIRS = 20
_FIRST_PAUSE = 60.0
_LONGEST_PAUSE = 3_600.0


class _Sum:
    """What was counted of one caller since its last record."""

    def __init__(self, due: float) -> None:
        self.count = 0
        self.first = self.last = ""
        self.pairs: dict[str, int] = {}
        self.due = due
        self.pause = _FIRST_PAUSE

    def add(self, record: AuditRecord) -> None:
        self.first = self.first or record.time
        self.last = record.time
        self.count += 1
        pair = f"{record.action or 'unknown'} {record.code}"
        if pair not in self.pairs and len(self.pairs) >= _MOST_PAIRS:
            pair = "others"
        self.pairs[pair] = self.pairs.get(pair, 0) + 1


class _Caller(msgspec.Struct):
    used: int = 0
    sum: _Sum | None = None


class Shares:
    """Not safe for threads. Times are seconds of a clock that never goes back."""

    def __init__(self, bytes_of_day: int) -> None:
        self._most = bytes_of_day
        self._day = ""
        self._callers: dict[str, _Caller] = {}

    def take(self, record: AuditRecord, size: int, now: float) -> bool:
        """Whether a record of ``size`` bytes is written out; else it is counted."""
        if record.time[:10] != self._day:
            self._begin(record.time[:10])
        name = _caller_of(record.principal)
        if name not in self._callers and len(self._callers) >= _MOST_CALLERS:
            name = _OTHERS
        caller = self._callers.setdefault(name, _Caller())
        if caller.used + size <= self._most:
            caller.used += size
            return True
        if caller.sum is None:
            caller.sum = _Sum(now + _FIRST_PAUSE)
        caller.sum.add(record)
        return False

    def sums(self, now: float, *, all_of_them: bool = False) -> list[AuditRecord]:
        """Records of what was counted, for those whose time has come."""
        found = []
        for name, caller in self._callers.items():
            counted = caller.sum
            if counted is None or not counted.count or (now < counted.due and not all_of_them):
                continue
            found.append(_record(name, counted))
            caller.sum = following = _Sum(0.0)
            following.pause = min(2 * counted.pause, _LONGEST_PAUSE)
            following.due = now + following.pause
        return found

    def _begin(self, day: str) -> None:
        """Shares are fresh; what is counted goes on to be told."""
        self._day = day
        self._callers = {name: each for name, each in self._callers.items() if each.sum and each.sum.count}
        for caller in self._callers.values():
            caller.used = 0


def _caller_of(principal: str) -> str:
    """Sessions of a role are one caller: their names are free to choose."""
    return "/".join(principal.split("/")[:2]) or STRANGERS


def _record(name: str, counted: _Sum) -> AuditRecord:
    return AuditRecord(
        kind=Kind.DENIAL,
        principal=name,
        count=counted.count,
        first_time=counted.first,
        counts=counted.pairs,
    )
