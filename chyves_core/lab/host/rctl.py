"""rctl(8): rules of what processes may use. The lab keeps and shows them; it limits nothing."""

from __future__ import annotations

import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.processes import vitals
from chyves_core.lab.host.state import HostState, change_host, read_host
from chyves_core.lab.host.sysctl import sysctl_value

USAGE = """\
usage: rctl [-h] [filter ...]
       rctl -a rule ...
       rctl -l [-h] filter ...
       rctl -r filter ...
       rctl -u [-h] filter ..."""
DISABLED = "RACCT/RCTL present, but disabled; enable using kern.racct.enable=1 tunable"
ABSENT = "RACCT/RCTL support not present in kernel; see rctl(8) for details"

BYTES = frozenset(
    "datasize stacksize coredumpsize memoryuse memorylocked vmemoryuse swapuse readbps writebps "
    "shmsize msgqsize".split()
)
NUMBERS = frozenset(
    "cputime maxproc openfiles pseudoterminals nthr msgqqueued nmsgq nsem nsemop nshm wallclock "
    "pcpu readiops writeiops".split()
)
RATES = frozenset("readbps writebps readiops writeiops".split())
SIGNALS = frozenset("sigterm sigkill sigstop sighup sigint sigusr1 sigusr2".split())
UNITS = "KMGTPE"

Rule = dict[str, str]


def main(arguments: list[str], lab: Lab) -> int:
    """Add, remove or show rules."""
    try:
        options, words = parse_options(arguments, "ahlnru")
    except BadOption as bad:
        print(f"rctl: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    flags = {letter for letter, _ in options} - {"h", "n"}
    if len(flags) > 1 or (flags and not words):
        print(USAGE, file=sys.stderr)
        return 1
    enabled = sysctl_value(lab, "kern.racct.enable")
    if enabled != "1":
        print(f"rctl: {DISABLED if enabled else ABSENT}", file=sys.stderr)
        return 1
    if "a" in flags:
        return max(add(lab, word) for word in words)
    if "r" in flags:
        return max(remove(lab, word) for word in words)
    if "u" not in flags:
        show(lab, words)
    return 0


def add(lab: Lab, text: str) -> int:
    """Add one rule; the kernel refuses what it does not know (EINVAL)."""
    rule = parse(text)
    reason = ""
    if rule is None or not is_valid(rule):
        reason = "Invalid argument"
    elif rule["subject"] == "process" and vitals(int(rule["id"])) is None:
        reason = "No such process"
    elif not lab.is_root:
        reason = "Operation not permitted"
    if rule is None or reason:
        print(f"rctl: failed to add rule '{text}': {reason}", file=sys.stderr)
        return 1
    with change_host(lab) as state:
        started = vitals(int(rule["id"])) if rule["subject"] == "process" else None
        kept = {**rule, "started": started.started if started else ""}
        state["rctl"] = [*living(state), kept]
    return 0


def parse(text: str) -> Rule | None:
    """Return the parts of SUBJECT:ID:RESOURCE:ACTION=AMOUNT/PER, None where one is missing."""
    parts = text.split(":")
    if len(parts) != 4:
        return None
    action, equals, amount = parts[3].partition("=")
    amount, _, per = amount.partition("/")
    if not equals:
        return None
    number = bytes_of(amount)
    if number is None:
        return None
    names = ("subject", "id", "resource", "action", "amount", "per")
    return dict(zip(names, (*parts[:3], action, str(number), per or parts[0]), strict=True))


def bytes_of(amount: str) -> int | None:
    """Return what expand_number(3) makes of an amount."""
    unit = amount[-1:].upper()
    digits = amount[:-1] if unit in UNITS and unit else amount
    if not digits.isdecimal():
        return None
    return int(digits) << (10 * (UNITS.index(unit) + 1) if unit in UNITS and unit else 0)


def is_valid(rule: Rule) -> bool:
    """Whether the kernel takes a rule: sys/kern/kern_rctl.c."""
    subject, resource, action = rule["subject"], rule["resource"], rule["action"]
    if subject not in ("process", "user", "loginclass", "jail"):
        return False
    if subject == "process" and not rule["id"].isdecimal():
        return False
    if resource not in BYTES | NUMBERS:
        return False
    if action == "throttle":
        return resource in RATES
    if action == "deny":
        return resource not in RATES | {"cputime", "wallclock"}
    return action in SIGNALS | {"log", "devctl"}


def living(state: HostState) -> list[Rule]:
    """Return the rules whose process is still the one that they were put on."""
    return [rule for rule in state.get("rctl", []) if lives(rule)]


def lives(rule: Rule) -> bool:
    """Whether a rule is in force: one on a process goes with it."""
    if rule["subject"] != "process":
        return True
    now = vitals(int(rule["id"]))
    return now is not None and now.started == rule["started"]


def matches(rule: Rule, text: str) -> bool:
    """Whether a filter such as process:4711 or ::pcpu names a rule; empty parts match all."""
    names = ("subject", "id", "resource", "action")
    parts = [part.partition("=")[0] for part in text.split(":")]
    return all(not part or rule[name] == part for name, part in zip(names, parts, strict=False))


def remove(lab: Lab, text: str) -> int:
    """Remove the rules that a filter names; ESRCH where there is none."""
    with change_host(lab) as state:
        rules = living(state)
        kept = [rule for rule in rules if not matches(rule, text)]
        state["rctl"] = kept
    if len(kept) == len(rules):
        print(f"rctl: failed to remove rule '{text}': No such process", file=sys.stderr)
        return 1
    return 0


def show(lab: Lab, filters: list[str]) -> None:
    """Print the rules that are in force."""
    for rule in living(read_host(lab)):
        if all(matches(rule, text) for text in filters):
            where = f"{rule['subject']}:{rule['id']}:{rule['resource']}:{rule['action']}"
            per = "" if rule["per"] == rule["subject"] else f"/{rule['per']}"
            print(f"{where}={rule['amount']}{per}")
