"""Delete snapshots: exactly those that were shown, of a guest's filesystem and of its disks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chyves_core.cli import Changing, for_each
from chyves_core import locks
from chyves_core.delete import parse_destroy
from chyves_core.errors import ChyvesError, NotFound, Refused
from chyves_core.guests import Guest, read_inventory
from chyves_core.host import Host
from chyves_core.plan import Run, run
from chyves_core.sizes import show_size
from chyves_core.snapshots.naming import Part, choose, reverts_to
from chyves_core.snapshots.reading import Snapshot, part_of, read_snapshots

MOST_AT_ONCE = 400


@dataclass(frozen=True)
class Doomed:
    """Snapshots of one guest that are to be destroyed, and the bytes that all of them free."""

    guest: Guest
    snapshots: tuple[Snapshot, ...]
    frees: int

    @property
    def names(self) -> frozenset[str]:
        """What goes, each piece by its full name."""
        return frozenset(piece.full_name for each in self.snapshots for piece in each.pieces)

    @property
    def preview(self) -> list[str]:
        """Lines that say what goes, one for each snapshot, and what all of them free."""
        guest = self.guest.name
        lines = [f"{guest}: @{each.name} of {places(each)}" for each in self.snapshots]
        count = f"{len(self.snapshots)} snapshot{'s' if len(self.snapshots) != 1 else ''}"
        return [*lines, f"{guest}: {count}, {show_size(self.frees)} are freed"]


def places(snapshot: Snapshot) -> str:
    """Return what a snapshot is of, in words."""
    parts = [part_of(snapshot.dataset, each) or "the guest" for each in snapshot.pieces]
    return ", ".join(parts)


def select(guest: Guest, snapshots: Sequence[Snapshot], parts: Sequence[Part]) -> list[Snapshot]:
    """Return the snapshots of a guest that the words of `delete` mean, the oldest first."""
    ordered = [each.name for each in snapshots if each.own]
    others = {each.name for each in snapshots} - set(ordered)
    chosen = choose(guest.name, parts, ordered, others)
    return [each for each in snapshots if each.name in chosen]


def check(guest: Guest, snapshots: Sequence[Snapshot]) -> None:
    """Refuse where one of the snapshots is needed: by clones, by zfs-hold(8), or by the guest."""
    for each in snapshots:
        why = obstacle(guest, each)
        if why:
            raise Refused(f"{guest.name}: @{each.name} can't be deleted, {why[0]}", why[1])


def obstacle(guest: Guest, snapshot: Snapshot) -> tuple[str, str] | None:
    """Return why a snapshot has to stay, and the command that changes it; None where it may go."""
    if snapshot.clones:
        return f"{', '.join(snapshot.clones)} stands on it", "chyves list clones"
    if snapshot.held:
        held = " ".join(each.full_name for each in snapshot.held)
        return f"it is held: {held}", f"zfs holds {held}"
    if reverts_to(guest) == snapshot.name:
        hint = f"chyves {guest.name} set revert_to_snapshot_method=off"
        return "the guest goes back to it whenever it boots", hint
    return None


def plan_destroy(guest: Guest, snapshots: Sequence[Snapshot]) -> tuple[Run, ...]:
    """Return the zfs call that destroys snapshots of a guest and of all below it: all or none.

    Several calls where the names would not fit into one word of a command line.
    """
    names = [each.name for each in snapshots]
    chunks = [names[start : start + MOST_AT_ONCE] for start in range(0, len(names), MOST_AT_ONCE)]
    return tuple(
        run("zfs", "destroy", "-r", f"{guest.dataset}@{','.join(chunk)}") for chunk in chunks
    )


def look(host: Host, guest: Guest, snapshots: Sequence[Snapshot]) -> Doomed:
    """Ask zfs what destroying the snapshots would free; nothing is destroyed.

    Raises Refused where one of them is needed, ChyvesError where zfs would take others.
    """
    check(guest, snapshots)
    told = "".join(
        host.read("zfs", "destroy", "-nvpr", step.argv[-1]).stdout
        for step in plan_destroy(guest, snapshots)
    )
    freed = [int(line.split("\t")[1]) for line in told.splitlines() if line[:7] == "reclaim"]
    doomed = Doomed(guest, tuple(snapshots), sum(freed))
    if set(parse_destroy(told)) - doomed.names:
        raise ChyvesError(f"{guest.name}: has changed in the meantime, nothing was deleted")
    return doomed


def delete(host: Host, seen: Doomed) -> None:
    """Destroy the snapshots, if they are still what the user was shown."""
    with locks.hold(host, locks.guest_lock(seen.guest.name)):
        if not host.dry_run:
            look_again(host, seen)
        host.act(*plan_destroy(seen.guest, seen.snapshots))


def look_again(host: Host, seen: Doomed) -> None:
    """Raise where a locked guest's snapshots are not those that were shown any more."""
    guest = read_inventory(host).guest(seen.guest.name)
    if guest.dataset != seen.guest.dataset:
        raise NotFound(f"{guest.name}: is not where it was, nothing was deleted")
    wanted = {each.name for each in seen.snapshots}
    there = [each for each in read_snapshots(host, [guest])[guest.name] if each.name in wanted]
    names = {piece.full_name for each in there for piece in each.pieces}
    if names != seen.names:
        raise ChyvesError(f"{guest.name}: has changed in the meantime, nothing was deleted")
    check(guest, there)


def delete_chosen(command: Changing, guests: Sequence[Guest], parts: Sequence[Part]) -> int:
    """Delete what the words mean of each guest, after a preview and a question; return the status.

    Where one of a guest's snapshots can't be deleted, none of that guest is.
    """
    host = command.host
    snapshots = read_snapshots(host, guests)
    doomed: list[Doomed] = []

    def look_at(guest: Guest) -> None:
        doomed.append(look(host, guest, select(guest, snapshots[guest.name], parts)))

    worst = for_each(guests, lambda guest: guest.name, look_at)
    for each in doomed:
        for line in each.preview:
            command.say(f"# {line}" if host.dry_run else line)
    if not doomed:
        return worst
    command.confirm("Destroy this for good?")

    def delete_one(each: Doomed) -> None:
        delete(host, each)

    return max(worst, for_each(doomed, lambda each: each.guest.name, delete_one))
