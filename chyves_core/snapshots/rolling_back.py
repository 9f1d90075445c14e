"""Go back to a snapshot: look, show what is lost, ask, and carry it out whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chyves_core.cli import Changing, for_each
from chyves_core import journal, locks, logs
from chyves_core.errors import ChyvesError, NotFound, Refused
from chyves_core.guests import Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.network.design import Design
from chyves_core.network.ifconfig import read_interfaces
from chyves_core.numbering import add_guest, read_taken
from chyves_core.pools import Storage
from chyves_core.rename import paths_to
from chyves_core.runtime import Runtime, read_runtime
from chyves_core.settings import global_settings
from chyves_core.snapshots import identity, restoring
from chyves_core.snapshots.naming import no_such_snapshot
from chyves_core.snapshots.reading import Piece, part_of, read_pieces
from chyves_core.snapshots.rollback import (
    Rollback,
    as_seen,
    check_needed,
    make_targets,
    plan,
    preview,
    unique,
)
from chyves_core.snapshots.rollback_reading import is_untouched, newer_images, read_logs, read_now
from chyves_core.zfs import OWN, read_properties


def roll_back(
    command: Changing, inventory: Inventory, guests: Sequence[Guest], name: str | None
) -> int:
    """Take guests back to a snapshot after a preview and a question; return the worst status."""
    host = command.host
    runtime = read_runtime(host)
    seen: list[Rollback] = []

    def look_at(guest: Guest) -> None:
        if name and finish_interrupted(host, guest, name):
            command.say(f"{guest.name}: is back at @{name}, what was interrupted is done")
        else:
            seen.append(look(host, inventory, runtime, guest, name))

    worst = for_each(guests, lambda guest: guest.name, look_at)
    for each in seen:
        for line in preview(each):
            command.say(f"# {line}" if host.dry_run else line)
    if not seen:
        return worst
    command.confirm("Go back, and lose this for good?")

    def go(each: Rollback) -> None:
        done = carry_out(host, inventory.storage, each)
        if host.dry_run:
            return
        for note in done.notes if done.notes != each.notes else ():
            command.say(f"{each.guest.name}: {note}")
        command.say(f"{each.guest.name}: is back at @{each.name}")

    return max(worst, for_each(seen, lambda each: each.guest.name, go))


def title_of(guest: Guest, name: str) -> str:
    """Return the command that a rollback is, for the journal."""
    return f"{guest.name} snapshot rollback @{name}"


def finish_interrupted(host: Host, guest: Guest, name: str) -> bool:
    """End this very rollback where it was interrupted; return whether it was."""
    lock = locks.guest_lock(guest.name)
    title = title_of(guest, name)
    if not any(each.title == title for each in journal.concerning(host, [lock]).values()):
        return False
    with locks.hold_for_change(host, title, lock, locks.NUMBERING) as done:
        return done


def look(
    host: Host, inventory: Inventory, runtime: Runtime, guest: Guest, name: str | None
) -> Rollback:
    """Return all that going back to a snapshot would do, without a name to the newest one.

    Raises Refused where the guest runs, or where something newer is needed.
    """
    check_stopped(inventory, runtime, guest)
    journal.refuse_interrupted(host, [locks.guest_lock(guest.name)])
    pieces = read_pieces(host, [guest.dataset], "snapshot,bookmark")
    wanted = name or newest(guest, pieces)
    snapshots = [each for each in pieces if each.name == wanted and not each.is_bookmark]
    if not snapshots:
        known = unique(each.name for each in pieces if not each.is_bookmark)
        raise no_such_snapshot(guest.name, wanted, known)
    now = read_now(host, [each.dataset for each in snapshots], wanted)
    targets = make_targets(pieces, wanted, now)
    own = next((each for each in snapshots if each.dataset == guest.dataset), None)
    found = Rollback(guest, wanted, (own or snapshots[0]).creation, targets)
    check_needed(found)
    back = {part_of(guest.dataset, each) for each in snapshots}
    kept = tuple(disk.name for disk in guest.disks if disk.name not in back)
    found = replace(found, kept=kept, has_properties=False)
    if own is None:
        return found
    found = replace(
        found,
        images=newer_images(host, guest, wanted),
        logs=read_logs(host, guest, own.creation),
        read_only=inventory.storage.datasets[guest.dataset].value("readonly") == "on",
    )
    snapshot = read_properties(host, own.full_name)
    frozen = {key: value for key, (value, source) in snapshot.properties.items() if source in OWN}
    return with_properties(host, inventory, found, frozen)


def newest(guest: Guest, pieces: Sequence[Piece]) -> str:
    """Return the name of the newest snapshot of the guest's filesystem."""
    own = [each for each in pieces if each.dataset == guest.dataset and not each.is_bookmark]
    if not own:
        raise NotFound(f"{guest.name}: has no snapshot", f"chyves {guest.name} snapshot list")
    return max(own, key=lambda each: each.txg).name


def check_stopped(inventory: Inventory, runtime: Runtime, guest: Guest) -> None:
    """Refuse where the guest runs, or another one that has a disk of it as a device."""
    if runtime.is_running(guest.name):
        raise Refused(f"{guest.name}: is running", f"chyves {guest.name} stop")
    for other in inventory.guests.values():
        if other.name != guest.name and paths_to(other, guest) and runtime.is_running(other.name):
            raise Refused(
                f"{guest.name}: {other.name} has a disk of it, and is running",
                f"chyves {other.name} stop",
            )


def with_properties(
    host: Host, inventory: Inventory, found: Rollback, frozen: dict[str, str]
) -> Rollback:
    """Return the rollback with the properties that come back and go."""
    guest = found.guest
    then = restoring.frozen_guest(frozen)
    if then is None:
        return found
    present = [disk.name for disk in guest.disks]
    gone = tuple(name for name in restoring.disks_then(frozen) if name not in present)
    values = restoring.guest_values(guest, then, kept=found.kept, gone=gone)
    settings = global_settings(inventory.storage)
    others = read_others(host, inventory, guest, values)
    wanted = dict(values)
    notes = identity.repair(guest.name, values, guest.properties, others, settings)
    notes += identity.missing_bridges(
        values, guest.properties, others.interfaces, Design.from_settings(settings)
    )
    readonly = inventory.storage.datasets[guest.dataset].own("readonly")
    changes = [restoring.guest_change(guest, values, readonly)]
    for disk in guest.disks:
        old = restoring.frozen_disk(frozen, disk.name) if disk.name not in found.kept else {}
        change = restoring.disk_change(disk, old, others.owners)
        changes += [change] if change else []
    return replace(
        found,
        has_properties=True,
        gone=gone,
        changes=tuple(each for each in changes if each.values),
        notes=tuple(notes),
        new_numbers=values != wanted,
    )


def read_others(
    host: Host, inventory: Inventory, guest: Guest, values: dict[str, str]
) -> identity.Others:
    """Return what others have, and what is free when the guest has these values again."""
    storage = inventory.storage
    free = read_taken(host, storage)
    add_guest(free, values)
    return identity.Others(
        identity.read_owners(storage, guest.dataset), read_interfaces(host), free
    )


def carry_out(host: Host, storage: Storage, seen: Rollback) -> Rollback:
    """Go back, if it is still what the user was shown; return what was done.

    The numbers that a guest gets instead of taken ones are its own only when they are set:
    until then the journal keeps others from taking numbers at all.
    """
    guest = seen.guest
    own = locks.guest_lock(guest.name)
    title = title_of(guest, seen.name)
    with locks.hold_for_change(host, title, own, locks.NUMBERING) as done:
        if done:
            return seen
        now = seen if host.dry_run else look_again(host, seen)
        concerned = (own, locks.NUMBERING) if now.new_numbers else (own,)
        entry = journal.Entry(title, concerned, plan(now))
        journal.carry_out(host, guest.pool, entry, untouched=lambda: is_untouched(host, now))
        if host.dry_run:
            return now
        logs.log(host, storage, guest, "info", log_text(now))
        return replace(now, notes=(*now.notes, *short_of_room(host, now)))


def look_again(host: Host, seen: Rollback) -> Rollback:
    """Return what going back does to a locked guest; raises where more is lost than was shown."""
    inventory = read_inventory(host)
    guest = inventory.guest(seen.guest.name)
    if guest.dataset != seen.guest.dataset:
        raise NotFound(f"{guest.name}: is not where it was, nothing was changed")
    now = look(host, inventory, read_runtime(host), guest, seen.name)
    if as_seen(now) != as_seen(seen) or set(now.images) - set(seen.images):
        raise ChyvesError(f"{guest.name}: has changed in the meantime, nothing was changed")
    return now


def short_of_room(host: Host, done: Rollback) -> list[str]:
    """Return words on disks that have another size again and for which the pool has no room."""
    resized = [each for each in done.targets if each.is_resized]
    if not resized:
        return []
    now = read_now(host, [each.dataset for each in resized], done.name)
    return [
        f"the pool has no room to reserve for all of {part_of(done.guest.dataset, each.piece)}"
        for each in resized
        for _, volsize, reserved in [now[each.dataset]]
        if reserved < volsize
    ]


def log_text(done: Rollback) -> str:
    """Return the line of a rollback in the logs."""
    lost = unique(f"@{each.name}" for each in done.newer if not each.is_bookmark)
    return f"went back to @{done.name}" + (f"; {', '.join(lost)} are gone" if lost else "")
