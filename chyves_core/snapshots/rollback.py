"""Going back to a snapshot: what is lost by it, what stays, and the steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.output import Moment, show_moment
from chyves_core.plan import Plan, Step, Write, run
from chyves_core.sizes import show_size
from chyves_core.snapshots.reading import Piece, part_of
from chyves_core.snapshots.restoring import Change


@dataclass(frozen=True)
class Target:
    """One dataset that goes back: its snapshot, what is newer, and the bytes written since.

    `volsize` and `reserved` are of a volume as it is now.
    """

    piece: Piece
    newer: tuple[Piece, ...] = ()
    written: int = 0
    volsize: int = 0
    reserved: int = 0

    @property
    def dataset(self) -> str:
        """The filesystem or volume."""
        return self.piece.dataset

    @property
    def is_resized(self) -> bool:
        """Whether a volume that has all its room reserved changes its size.

        captures README 14: volsize comes back, refreservation does not.
        """
        return self.piece.volsize != self.volsize and self.reserved >= self.volsize > 0

    @property
    def plan(self) -> Plan:
        """The zfs calls that bring one dataset back.

        What is newer is destroyed by name, and not by `zfs rollback -r`: that would also take
        what has come into being since it was looked for.
        """
        snapshots = [each.name for each in self.newer if not each.is_bookmark]
        steps: list[Step] = []
        if snapshots:
            steps.append(run("zfs", "destroy", f"{self.dataset}@{','.join(snapshots)}"))
        steps += [run("zfs", "destroy", each.full_name) for each in self.newer if each.is_bookmark]
        steps.append(run("zfs", "rollback", self.piece.full_name))
        if self.is_resized:
            steps.append(
                run("zfs", "set", "refreservation=auto", self.dataset, allowed=(0, 1, 255))
            )
        return tuple(steps)


@dataclass(frozen=True)
class Rollback:
    """All of going back to one snapshot.

    `kept` are disks that it does not know, `gone` those that can't come back, `images` the image
    files that are newer than it. `changes` are of properties; without any being frozen,
    `has_properties` is False. `logs` are files that are written again as they are.
    """

    guest: Guest
    name: str
    creation: int
    targets: tuple[Target, ...]
    kept: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    has_properties: bool = True
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    logs: tuple[Write, ...] = ()
    new_numbers: bool = False
    read_only: bool = False

    @property
    def newer(self) -> tuple[Piece, ...]:
        """The snapshots and bookmarks that are lost."""
        return tuple(piece for target in self.targets for piece in target.newer)


def make_targets(
    pieces: Sequence[Piece], name: str, now: dict[str, tuple[int, int, int]]
) -> tuple[Target, ...]:
    """Return the datasets that go back, volumes first: they may be in use, a filesystem can't.

    `now` are bytes written since, volsize and refreservation of each dataset.
    """
    targets = []
    for piece in pieces:
        if piece.name != name or piece.is_bookmark:
            continue
        newer = [each for each in pieces if each.dataset == piece.dataset and is_newer(each, piece)]
        newer.sort(key=lambda each: (each.is_bookmark, each.txg))
        targets.append(Target(piece, tuple(newer), *now.get(piece.dataset, (0, 0, 0))))
    return tuple(sorted(targets, key=lambda each: (each.volsize == 0, each.dataset)))


def is_newer(other: Piece, piece: Piece) -> bool:
    """Return whether a snapshot or bookmark of the same dataset would be lost.

    A bookmark has the number of the snapshot that it was made from.
    """
    return other.txg > piece.txg


def check_needed(rollback: Rollback) -> None:
    """Refuse where something newer is needed: clones stand on it, or zfs-hold(8) keeps it."""
    guest = rollback.guest.name
    clones = [clone for each in rollback.newer for clone in each.clones]
    if clones:
        names = unique(f"@{each.name}" for each in rollback.newer if each.clones)
        raise Refused(
            f"{guest}: {', '.join(names)} would be lost, and {', '.join(clones)} stands on it",
            "chyves list clones",
        )
    held = [each.full_name for each in rollback.newer if each.holds]
    if held:
        raise Refused(
            f"{guest}: would be lost, and is held: {', '.join(held)}", f"zfs holds {' '.join(held)}"
        )


def unique(words: Iterable[str]) -> list[str]:
    """Return the words, each once, in order."""
    return list(dict.fromkeys(words))


def preview(rollback: Rollback) -> list[str]:
    """Return the lines that say exactly what going back means."""
    guest = rollback.guest
    moment = show_moment(Moment(rollback.creation))
    lines = [f"goes back to @{rollback.name} of {moment}: {', '.join(places(rollback))}"]
    written = [
        f"{show_size(each.written)} on {place(guest, each)}"
        for each in rollback.targets
        if each.written
    ]
    if written:
        lines.append(f"lost is what was written since: {', '.join(written)}")
    if rollback.newer:
        lines.append(f"lost are newer snapshots: {', '.join(name_newer(rollback))}")
    if rollback.images:
        lines.append(f"lost are newer image files: {', '.join(rollback.images)}")
    lines += resized(rollback)
    lines += [f"{disk} is not in the snapshot, it stays as it is" for disk in rollback.kept]
    lines += [f"{disk} was deleted since and can't come back" for disk in rollback.gone]
    if not rollback.has_properties:
        lines.append("the properties stay as they are, chyves did not take this snapshot")
    words = [word for change in rollback.changes for word in described(guest, change)]
    lines += [f"property {word}" for word in words]
    lines += rollback.notes
    return [f"{guest.name}: {line}" for line in lines]


def described(guest: Guest, change: Change) -> list[str]:
    """Return what changes on a dataset in words, a disk's with its name."""
    disk = change.dataset.removeprefix(guest.dataset).removeprefix("/")
    return [f"{disk} {word}".lstrip() for word in change.words]


def place(guest: Guest, target: Target) -> str:
    """Return a dataset of the guest in words."""
    return part_of(guest.dataset, target.piece) or "its filesystem"


def places(rollback: Rollback) -> list[str]:
    """Return all that goes back, in words."""
    return [place(rollback.guest, each) for each in rollback.targets]


def name_newer(rollback: Rollback) -> list[str]:
    """Return the names of what is lost, with the dataset where it is not of all that go back."""
    found: dict[str, list[str]] = {}
    for target in rollback.targets:
        for each in target.newer:
            name = f"{'bookmark #' if each.is_bookmark else '@'}{each.name}"
            found.setdefault(name, []).append(place(rollback.guest, target))
    return [
        name if len(where) == len(rollback.targets) else f"{name} of {' and '.join(where)}"
        for name, where in found.items()
    ]


def resized(rollback: Rollback) -> list[str]:
    """Return a line for each disk that had another size."""
    return [
        f"{place(rollback.guest, each)} has {show_size(each.piece.volsize)} again, "
        f"now {show_size(each.volsize)}"
        for each in rollback.targets
        if each.volsize and each.piece.volsize != each.volsize
    ]


def plan(rollback: Rollback) -> Plan:
    """Return the steps of going back; each can be repeated so long as the guest does not run.

    The logs are the host's record of the guest, and go on: they are written again as they are.
    They can't be while the filesystem is read-only, as a template's is.
    """
    data = tuple(step for target in rollback.targets for step in target.plan)
    properties = tuple(step for change in rollback.changes for step in change.plan)
    if not rollback.logs:
        return (*data, *properties)
    if rollback.read_only:
        opened = any(change.values.get("readonly") == "off" for change in rollback.changes)
        return (*data, *properties, *(rollback.logs if opened else ()))
    return (*data, *rollback.logs, *properties)


def as_seen(rollback: Rollback) -> frozenset[str]:
    """Return what would be lost or go back by name, to compare it with another look."""
    newer = {each.full_name for each in rollback.newer}
    return frozenset({*newer, *(each.piece.full_name for each in rollback.targets)})
