"""Names of snapshots: which a new one can have, and which ones words of the command line mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chyves_core.errors import NotFound, UsageError, did_you_mean
from chyves_core.guests import Guest

LIVE_SUFFIX = "-LIVE-SYSTEM"
NEW_NAME = r"[A-Za-z0-9_.:-]+"
# zfs(8) takes a blank too (captures zfs snap-badname); such a name can be there, made by hand.
OLD_NAME = r"[A-Za-z0-9_.: -]+"
MOMENT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
MOMENT = r"(?a:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
AUTOMATIC = rf"{MOMENT}(?:{LIVE_SUFFIX})?"
# What `move`, `dataset promote` and `import --copy` take for themselves and destroy again; see
# replicate.py.
OF_COPYING = r"chyves-(?:move|promote|import)-[0-9]+"
# What `clone` takes; see clone.snapshot_name.
OF_CLONE = rf"clone-(?:.+-)?({MOMENT})(?:{LIVE_SUFFIX})?"
# zfs takes a snapshot so many seconds after it was given a name.
SECONDS_TO_TAKE = 60


@dataclass(frozen=True)
class Part:
    """One snapshot, or all from `first` to `last`; an empty end of a range is open."""

    first: str
    last: str

    def __str__(self) -> str:
        return f"@{self.first}" if self.first == self.last else f"@{self.first}%{self.last}"


def automatic_name(now: datetime | None = None) -> str:
    """Return the name of a snapshot that was given none: the moment, in UTC."""
    return (now or datetime.now(UTC)).strftime(MOMENT_FORMAT)


def is_automatic(name: str) -> bool:
    """Return whether a snapshot is called after the moment, as chyves calls it by itself."""
    return re.fullmatch(AUTOMATIC, name) is not None


def is_of_clone(name: str, creation: int) -> bool:
    """Return whether `clone` took a snapshot: its name says for whom, and when, which is true."""
    match = re.fullmatch(OF_CLONE, name)
    if match is None:
        return False
    try:
        moment = datetime.strptime(match[1], MOMENT_FORMAT).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return False
    return 0 <= creation - int(moment) <= SECONDS_TO_TAKE


def disk_prefix(disk: str) -> str:
    """Return what stands before the properties of a disk on a snapshot of its guest.

    `zfs snapshot -o` gives all snapshots of one call the same values, so those of disks need
    names of their own.
    """
    return f"chyves.{disk}:"


def reverts_to(guest: Guest) -> str:
    """Return the snapshot that a guest goes back to when it boots, empty where to none."""
    if guest.value("revert_to_snapshot_method") == "off":
        return ""
    return guest.value("revert_to_snapshot").removeprefix("@")


def read_new_name(word: str) -> str:
    """Return the name for a new snapshot without its @; raises UsageError where it can't be one."""
    name = word.removeprefix("@")
    if not re.fullmatch(NEW_NAME, name) or not word.startswith("@"):
        raise UsageError(f"{word!r} is not @NAME", "letters, digits and _ . : - make a name")
    if re.fullmatch(OF_COPYING, name):
        raise UsageError(f"{word}: such names are of snapshots that chyves takes for itself")
    return name


def read_name(word: str) -> str:
    """Return the name of a snapshot that is there, without its @; raises UsageError."""
    name = word.removeprefix("@")
    if not re.fullmatch(OLD_NAME, name) or not word.startswith("@"):
        raise UsageError(f"{word!r} is not @NAME")
    return name


def read_choice(word: str) -> tuple[Part, ...]:
    """Return what `@a`, `@a,@b`, `@a%b`, `@a%` and `%b` mean, as zfs-destroy(8) has it."""
    if not word.startswith(("@", "%")):
        raise UsageError(f"{word!r} is not @NAME, nor @FIRST%LAST")
    return tuple(read_part(part, word) for part in word.split(","))


def read_part(text: str, word: str) -> Part:
    """Return one part of such a word."""
    first, percent, last = text.partition("%")
    ends = [end.removeprefix("@") for end in (first, last)]
    if not all(re.fullmatch(OLD_NAME, end) for end in ends if end) or not (percent or ends[0]):
        raise UsageError(f"{word!r} is not @NAME, nor @FIRST%LAST")
    # A range that is open at both ends would be every snapshot there is.
    if percent and not any(ends):
        raise UsageError(f"{word!r} has neither a beginning nor an end")
    return Part(ends[0], ends[1] if percent else ends[0])


def choose(guest: str, parts: Sequence[Part], ordered: Sequence[str], others: set[str]) -> set[str]:
    """Return the names that the parts mean.

    `ordered` are the snapshots of the guest's filesystem, the oldest first: ranges run over
    those. `others` are there only on disks. Raises NotFound for a name that is not there.
    """
    chosen: set[str] = set()
    for part in parts:
        for end in (part.first, part.last):
            if end and end not in ordered and not (part.first == part.last and end in others):
                raise no_such_snapshot(guest, end, [*ordered, *others])
        if part.first == part.last:
            chosen.add(part.first)
            continue
        start = ordered.index(part.first) if part.first else 0
        end_place = ordered.index(part.last) if part.last else len(ordered) - 1
        if start > end_place:
            raise UsageError(f"{guest}: @{part.last} is older than @{part.first}")
        chosen |= set(ordered[start : end_place + 1])
    return chosen


def no_such_snapshot(guest: str, name: str, known: Sequence[str]) -> NotFound:
    """Return the error for a snapshot that is not there, with near names as a hint."""
    hint = did_you_mean(name, known, f"chyves {guest} snapshot list", mark="@")
    if f"{name}{LIVE_SUFFIX}" in known:
        hint = f"did you mean @{name}{LIVE_SUFFIX}?"
    return NotFound(f"{guest}: there is no snapshot @{name}", hint)
