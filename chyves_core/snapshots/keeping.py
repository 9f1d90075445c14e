"""Rules of pruning: `last=3,daily=7` keeps the newest three, and the newest of each of seven days.

A snapshot stays where any rule keeps it, as in other programs for backups. Days and hours are
those of the host's own time zone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chyves_core.errors import UsageError
from chyves_core.snapshots.naming import is_automatic
from chyves_core.snapshots.reading import Snapshot

# What two snapshots have in common that are of the same hour, day, ...: strftime(3). %G and %V
# are the year and the week of ISO 8601. Each hour of a day that has 25 counts: %z differs.
PERIODS: Mapping[str, str] = {
    "hourly": "%Y-%m-%d %H %z",
    "daily": "%Y-%m-%d",
    "weekly": "%G-%V",
    "monthly": "%Y-%m",
    "yearly": "%Y",
}
RULES = ("last", *PERIODS)
MOST = 100000


@dataclass(frozen=True)
class Fate:
    """What becomes of one snapshot, and why."""

    snapshot: Snapshot
    goes: bool
    reasons: tuple[str, ...]


def read_rules(text: str) -> dict[str, int]:
    """Return how many snapshots each rule keeps; raises UsageError with what is wrong."""
    rules: dict[str, int] = {}
    for part in text.split(","):
        name, _, amount = part.partition("=")
        if name not in RULES:
            raise UsageError(f"{part or text!r}: a rule is one of {', '.join(RULES)}, and =NUMBER")
        if not (amount.isascii() and amount.isdigit() and 0 < int(amount) <= MOST):
            raise UsageError(f"{part}: must keep a number of snapshots from 1 on")
        if name in rules:
            raise UsageError(f"{name}: is given twice")
        rules[name] = int(amount)
    return rules


def show_rules(rules: Mapping[str, int]) -> str:
    """Return rules as the property snapshot_keep holds them."""
    return ",".join(f"{name}={rules[name]}" for name in RULES if name in rules)


def judge(
    snapshots: Sequence[Snapshot],
    rules: Mapping[str, int],
    needed: Callable[[Snapshot], str | None],
    *,
    named_too: bool,
) -> list[Fate]:
    """Return the fate of each snapshot, the oldest first.

    Those that a user gave a name stay, and count in no rule, unless `named_too`. `needed` says
    why a snapshot has to stay whatever the rules say.
    """
    ours = [each for each in snapshots if named_too or is_automatic(each.name)]
    kept = reasons_to_keep(ours, rules)
    fates = []
    for each in snapshots:
        why = needed(each)
        if each not in ours:
            fates.append(Fate(each, False, ("has a name",)))
        elif each.name in kept:
            fates.append(Fate(each, False, tuple(kept[each.name])))
        elif why:
            fates.append(Fate(each, False, (why,)))
        else:
            fates.append(Fate(each, True, ()))
    return fates


def reasons_to_keep(
    snapshots: Sequence[Snapshot], rules: Mapping[str, int]
) -> dict[str, list[str]]:
    """Return the rules that keep snapshots, by the names of those that any rule keeps."""
    newest_first = sorted(snapshots, key=lambda each: (each.creation, each.order), reverse=True)
    kept: dict[str, list[str]] = {}
    for rule, amount in rules.items():
        seen: list[str] = []
        for each in newest_first:
            period = each.name
            if rule in PERIODS:
                period = time.strftime(PERIODS[rule], time.localtime(each.creation))
            if period in seen:
                continue
            if len(seen) == amount:
                break
            seen.append(period)
            kept.setdefault(each.name, []).append(rule)
    return kept
