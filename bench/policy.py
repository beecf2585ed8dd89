"""Decisions of the policy language: how many a second, with 1, 10 and 100 statements, and what compiling costs.

Budget: a decision with ten policies takes microseconds, so that GetBinding by a RAM user is not slower for it.

    python bench/policy.py [--seconds 1]
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable

from bindery.access.policy.compiled import CompiledPolicy, read_policy
from bindery.access.policy.decide import Attached, Grants, Request, decide

ACCOUNT = "1234567890123456"
RESOURCE = f"acs:imm:cn-hangzhou:{ACCOUNT}:project/photos/dataset/holidays"
CONDITIONS = {
    "acs:SourceIp": "10.1.2.3",
    "acs:SecureTransport": "true",
    "acs:CurrentTime": "2026-11-26T04:00:00Z",
}


def policy(number: int, *, condition: bool) -> CompiledPolicy:
    """One statement that covers the action on another resource."""
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Action": ["imm:Get*", "imm:List*"],
        "Resource": f"acs:imm:*:{ACCOUNT}:project/p{number}/*",
    }
    if condition:
        statement["Condition"] = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}
    return read_policy(json.dumps({"Version": "1", "Statement": [statement]}))


def grants(count: int, *, condition: bool) -> Grants:
    """``count`` policies of one statement each, of which the last allows."""
    fitting: dict[str, object] = {"Effect": "Allow", "Action": "imm:GetBinding", "Resource": f"{RESOURCE}*"}
    if condition:
        fitting["Condition"] = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}
    last = read_policy(json.dumps({"Version": "1", "Statement": [fitting]}))
    policies = [*(policy(each, condition=condition) for each in range(count - 1)), last]
    return Grants(
        tuple(Attached("user", f"p{index}", "Custom", each) for index, each in enumerate(policies))
    )


def per_second(work: Callable[[], object], seconds: float) -> float:
    """How often ``work`` is done in a second of processor time."""
    done, started = 0, time.process_time()
    while (spent := time.process_time() - started) < seconds:
        for _ in range(500):
            work()
        done += 500
    return done / spent


def main() -> None:
    """Prints a line a case."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=1.0)
    seconds = arguments.parse_args().seconds
    request = Request("imm:GetBinding", RESOURCE, CONDITIONS)
    elsewhere = [Request("imm:GetBinding", f"{RESOURCE}/{each}", CONDITIONS) for each in range(64)]
    again = grants(10, condition=False)
    rate = per_second(lambda: decide(again, request), seconds)
    print(f"  10 statements on the same resource again {rate:12,.0f} decisions/s  {1e6 / rate:6.2f} µs")
    for condition in (False, True):
        for count in (1, 10, 100):
            given = grants(count, condition=condition)
            assert decide(given, request).allowed
            others = itertools.cycle(range(64))  # more than are remembered
            rate = per_second(
                lambda given=given, others=others: decide(given, elsewhere[next(others)]),  # type: ignore[misc]
                seconds,
            )
            what = "with an address condition" if condition else "without conditions"
            print(f"{count:4} statements {what:26} {rate:12,.0f} decisions/s  {1e6 / rate:6.2f} µs")
    rate = per_second(lambda: policy(1, condition=True), seconds)
    print(f"a policy read and compiled {rate:12,.0f} /s  {1e6 / rate:6.0f} µs")


if __name__ == "__main__":
    main()
