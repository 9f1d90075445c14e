"""Snapshots that commands have left behind, and such as guests need and do not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from chyves_core import journal, locks
from chyves_core.doctor.finding import Finding, Mend
from chyves_core.doctor.unfinished import acting
from chyves_core.errors import ChyvesError, NotFound
from chyves_core.guests import Guest
from chyves_core.look import Look
from chyves_core.plan import Run, run
from chyves_core.resources import FIRMWARE, ISO
from chyves_core.snapshots import revert
from chyves_core.snapshots.deleting import obstacle, plan_destroy
from chyves_core.snapshots.naming import OF_COPYING, is_of_clone
from chyves_core.snapshots.reading import Piece, Snapshot, gather, read_pieces


def snapshots(look: Look) -> Iterator[Finding]:
    """Find what is wrong with the snapshots of all guests, read with one zfs call."""
    # First the journal: what `clone` takes is in it already then, and not taken for left behind.
    entries = list(journal.pending(look.host).values())
    inventory = look.inventory
    roots = [f"{pool.root}/guests" for pool in inventory.storage.active_pools]
    pieces = read_pieces(look.host, roots, "snapshot,bookmark")
    names = {guest.dataset: guest.name for guest in inventory.guests.values()}
    found: dict[str, list[Snapshot]] = {}
    for each in gather((piece for piece in pieces if not piece.is_bookmark), names):
        found.setdefault(each.guest, []).append(each)
    in_two_places = {dataset.rpartition("/")[2] for dataset in inventory.half_made}
    concerned = {lock for entry in entries for lock in entry.locks}
    for guest in inventory.guests.values():
        if locks.guest_lock(guest.name) in concerned:
            continue
        own = sorted(found.get(guest.name, []), key=lambda each: each.order)
        # By its marks a moved guest is compared with what is left of its old place.
        if guest.name not in in_two_places:
            yield from marks(guest, own)
        yield from of_clones(guest, own, entries)
        yield from no_way_back(guest, [each for each in pieces if belongs(each, guest)])


def belongs(piece: Piece, guest: Guest) -> bool:
    """Return whether a snapshot or bookmark is of a guest or a disk of it; names compare whole."""
    return f"{piece.dataset}/".startswith(f"{guest.dataset}/")


def marks(guest: Guest, own: Iterable[Snapshot]) -> Iterator[Finding]:
    """Find the snapshots that `move` takes to copy a guest, and forgets when it has ended."""
    for each in own:
        if re.fullmatch(OF_COPYING, each.name):
            problem = f"@{each.name} was taken to move it, which is at work or was interrupted"
            if each.clones:
                command = f"zfs list -o name,origin {' '.join(each.clones)}"
                yield Finding(guest.name, problem, command)
            elif why := obstacle(guest, each):
                yield Finding(guest.name, problem, why[1])
            else:
                yield left_behind(guest, each, problem, "chyves doctor --fix")


def of_resources(look: Look) -> Iterator[Finding]:
    """Find the snapshots that `dataset promote` takes of resources, to copy them."""
    if journal.pending(look.host):
        return
    storage = look.inventory.storage
    roots = [f"{pool.root}/{kind}" for pool in storage.active_pools for kind in (ISO, FIRMWARE)]
    for piece in read_pieces(look.host, roots):
        kind, name = piece.dataset.split("/")[-2:]
        places = [f"{pool.root}/{kind}/{name}" for pool in storage.active_pools]
        # One that is on two pools is compared by them.
        alone = sum(place in storage.datasets for place in places) == 1
        if alone and re.fullmatch(OF_COPYING, piece.name):
            problem = f"@{piece.name} was taken to copy it, which is at work or was interrupted"
            step = run("zfs", "destroy", piece.full_name)
            free = not (piece.clones or piece.holds)
            mend = Mend((locks.LAYOUT,), acting((step,))) if free else None
            yield Finding(name, problem, "chyves doctor --fix" if free else str(step), mend)


def of_clones(
    guest: Guest, own: Iterable[Snapshot], entries: Sequence[journal.Entry]
) -> Iterator[Finding]:
    """Find the snapshots that `clone` took, and on which no clone stands any more.

    One that somebody holds, or to which the guest goes back, is not left behind.
    """
    for each in own:
        step = plan_destroy(guest, [each])[0]
        if not is_of_clone(each.name, each.creation) or obstacle(guest, each):
            continue
        if not any(step.argv[-1] == other.argv[-1] for entry in entries for other in runs(entry)):
            problem = f"@{each.name} was taken to clone it, and no clone stands on it"
            command = f"chyves {guest.name} snapshot delete @{each.name}"
            yield left_behind(guest, each, problem, command)


def runs(entry: journal.Entry) -> Iterator[Run]:
    """Return the programs that an entry of the journal runs."""
    return (step for step in entry.steps if isinstance(step, Run))


def left_behind(guest: Guest, snapshot: Snapshot, problem: str, command: str) -> Finding:
    """Return the finding for a snapshot of chyves' own that nothing needs: zfs makes sure of it."""
    mend = Mend((locks.guest_lock(guest.name),), acting(plan_destroy(guest, [snapshot])))
    return Finding(guest.name, problem, command, mend)


def no_way_back(guest: Guest, pieces: Sequence[Piece]) -> Iterator[Finding]:
    """Find guests that go back to a snapshot when they boot, and could not."""
    try:
        revert.check(guest, pieces)
    except ChyvesError as error:
        off = f"chyves {guest.name} set revert_to_snapshot_method=off"
        command = off if isinstance(error, NotFound) or not error.hint else error.hint
        verb = "reboot" if guest.value("revert_to_snapshot_method") == "reboot" else "boot"
        message = error.message.removeprefix(f"{guest.name}: ")
        yield Finding(guest.name, f"can't {verb}: {message}", command)
