"""What the end of a guest destroys, and how that is shown before it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chyves_core.guests import DISK_NAME, Guest
from chyves_core.promote import Promotion, explain
from chyves_core.sizes import show_size


@dataclass(frozen=True)
class How:
    """How guests are deleted: their clones with them (`force`), or left alone (`promote`)."""

    force: bool = False
    promote: bool = False
    keepnet: bool = False


@dataclass(frozen=True)
class Doomed:
    """What deleting one guest destroys.

    `guest` is None where a deletion or creation was interrupted. `dependants` are other guests
    that were cloned from it and go with it; `earlier` such that were named themselves and go
    before it. `names` are all datasets and snapshots that go, `used` the bytes of its own.
    `origins` are snapshots of other guests that go because their last clone does. `promotions`
    let what was cloned from it live on, `owners` says which guest each clone belongs to.
    """

    name: str
    dataset: str
    guest: Guest | None
    dependants: tuple[Guest, ...]
    earlier: tuple[str, ...]
    names: tuple[str, ...]
    used: int
    origins: tuple[str, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    owners: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def guests(self) -> tuple[Guest, ...]:
        """The guests that go."""
        return (self.guest, *self.dependants) if self.guest else self.dependants

    @property
    def preview(self) -> str:
        """One line that says what goes, one for what others put there and one for promotions."""
        own = [name for name in self.names if within(name, self.dataset)]
        disks = len(self.disks.intersection(own))
        snapshots = len({name.partition("@")[2] for name in own if "@" in name})
        parts = [f"{disks} disk{'s' if disks != 1 else ''}"]
        if snapshots:
            parts.append(f"{snapshots} snapshot{'s' if snapshots != 1 else ''}")
        if self.dependants:
            clones = ", ".join(guest.name for guest in self.dependants)
            parts.append(f"its clones {clones}")
        names = sorted({short_name(origin) for origin in self.origins})
        also = f"; and {', '.join(names)}, on which nothing stands then" if names else ""
        lines = [f"{self.dataset} with {', '.join(parts)}, {show_size(self.used)}{also}"]
        if self.foreign:
            lines.append(f"and what is no disk: {', '.join(self.foreign)}")
        moves = explain(self.name, self.promotions, self.owners)
        return "\n".join([*(f"{self.name}: {line}" for line in lines), *([moves] if moves else [])])

    @property
    def foreign(self) -> tuple[str, ...]:
        """The datasets that go and are neither guests nor disks: somebody else made them."""
        guests = {self.dataset, *(guest.dataset for guest in self.guests)}
        datasets = (name for name in self.names if "@" not in name)
        return tuple(sorted(each for each in datasets if each not in guests | self.disks))

    @property
    def disks(self) -> frozenset[str]:
        """The datasets that are disks of the guests that go."""
        if self.guest:
            return frozenset(disk.dataset for guest in self.guests for disk in guest.disks)
        split = ((name, *name.rpartition("/")) for name in self.names)
        return frozenset(
            name
            for name, parent, _, last in split
            if parent == self.dataset and DISK_NAME.fullmatch(last)
        )


def within(name: str, dataset: str) -> bool:
    """Return whether a dataset or snapshot is `dataset` or below it; names compare whole."""
    return name == dataset or name.startswith((f"{dataset}/", f"{dataset}@"))


def short_name(snapshot: str) -> str:
    """Return GUEST@NAME for a snapshot of a guest's filesystem or of one of its disks."""
    dataset, _, name = snapshot.partition("@")
    return f"{dataset.partition('/chyves/guests/')[2].partition('/')[0] or dataset}@{name}"
