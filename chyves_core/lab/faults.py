"""Faults on demand: which call of which program shall fail, or kill its caller."""

from __future__ import annotations

import os

from chyves_core.lab.home import Lab


def next_fault(lab: Lab, program: str) -> str | None:
    """Return "fail", "kill" or "kill-after" when this call is the one CHYVES_LAB_FAIL names.

    Calls are counted for each calling process by itself, so that one value of the variable
    means the same call however often a command is repeated. Several faults are separated by
    commas.
    """
    wanted = os.environ.get("CHYVES_LAB_FAIL", "")
    if f"{program}:" not in wanted:
        return None
    count = count_call(lab, program)
    for fault in wanted.split(","):
        name, _, rest = fault.partition(":")
        number, _, kind = rest.partition(":")
        if name == program and number == str(count):
            return kind
    return None


def count_call(lab: Lab, program: str) -> int:
    """Return how many times the calling process has called `program` by now, this call included."""
    folder = lab.run / "calls"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{os.getppid()}.{program}", "a+") as calls:
        calls.write(".")
        calls.flush()
        return calls.tell()
