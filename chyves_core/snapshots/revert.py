"""Guests that go back to a snapshot whenever they boot: revert_to_snapshot.

Their disks and files go back, their properties and log stay. Such a guest never boots on what it
left behind: where it can't go back, it does not boot. Nothing newer is ever destroyed for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chyves_core import journal, locks
from chyves_core.errors import NotFound, Refused, UsageError
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory
from chyves_core.host import Host
from chyves_core.setting import Change
from chyves_core.snapshots.naming import OF_COPYING, no_such_snapshot, reverts_to
from chyves_core.snapshots.reading import Piece, part_of, read_pieces, read_snapshots
from chyves_core.snapshots.rollback import Rollback, make_targets, plan, unique
from chyves_core.snapshots.rollback_reading import is_untouched, read_logs, read_now

SNAPSHOT = f"{GUEST_PREFIX}revert_to_snapshot"
METHOD = f"{GUEST_PREFIX}revert_to_snapshot_method"


def look(host: Host, guest: Guest, when: str) -> Rollback | None:
    """Return how a guest goes back at its start or at a reboot; None where it does not.

    Raises where it should and can't: where a disk does not have the snapshot, or where newer
    snapshots stand in the way.
    """
    if guest.value("revert_to_snapshot_method") not in (when, "both"):
        return None
    pieces = read_pieces(host, [guest.dataset], "snapshot,bookmark")
    own = check(guest, pieces)
    if own is None:
        return None
    targets = [each.dataset for each in pieces if each.name == own.name and not each.is_bookmark]
    return Rollback(
        guest,
        own.name,
        own.creation,
        make_targets(pieces, own.name, read_now(host, targets, own.name)),
        logs=read_logs(host, guest, own.creation),
    )


def check(guest: Guest, pieces: Sequence[Piece]) -> Piece | None:
    """Return the snapshot of its filesystem that a guest goes back to, None where to none.

    `pieces` are all its snapshots and bookmarks. Raises where it should go back and can't:
    where a disk does not have the snapshot, or where newer ones stand in the way.
    """
    name = reverts_to(guest)
    if not name:
        return None
    wanted = [each for each in pieces if each.name == name and not each.is_bookmark]
    own = next((each for each in wanted if each.dataset == guest.dataset), None)
    parts = {part_of(guest.dataset, each) for each in wanted}
    missing = [disk.name for disk in guest.disks if disk.name not in parts]
    if own is None:
        known = unique(each.name for each in pieces if not each.is_bookmark)
        raise no_such_snapshot(guest.name, name, known)
    if missing:
        raise Refused(
            f"{guest.name}: can't go back to @{name}, which {', '.join(missing)} does not have",
            f"chyves {guest.name} set revert_to_snapshot_method=off",
        )
    found = (each for target in make_targets(pieces, name, {}) for each in target.newer)
    newer = unique(f"{'#' if each.is_bookmark else '@'}{each.name}" for each in found)
    if newer:
        left_behind = all(re.fullmatch(OF_COPYING, each[1:]) for each in newer)
        other = f"chyves {guest.name} snapshot delete, or set revert_to_snapshot={newer[-1]}"
        raise Refused(
            f"{guest.name}: can't go back to @{name}, {', '.join(newer)} is newer",
            "chyves doctor --fix" if left_behind else other,
        )
    return own


def carry_out(host: Host, found: Rollback, title: str) -> None:
    """Let a guest go back; the caller holds its lock, and no process has its disks open."""
    guest = found.guest
    entry = journal.Entry(title, (locks.guest_lock(guest.name),), plan(found))
    journal.carry_out(host, guest.pool, entry, untouched=lambda: is_untouched(host, found))


def check_new(name: str, properties: Mapping[str, str]) -> None:
    """Refuse a snapshot to which a guest that is to be made can't go back: it has none."""
    wanted = properties.get("revert_to_snapshot", "").removeprefix("@")
    if wanted:
        raise NotFound(
            f"{name}: there is no snapshot @{wanted}, the guest is yet to be made",
            f"chyves {name} set revert_to_snapshot=@{wanted} when it has one",
        )


def check_set(host: Host, inventory: Inventory, changes: Sequence[Change]) -> None:
    """Refuse a snapshot that a guest does not have, and a method without a snapshot."""
    for change in changes:
        method = change.values.get(METHOD, "off")
        guest = next((g for g in inventory.guests.values() if g.dataset == change.dataset), None)
        if guest is None:
            continue
        named = guest.value("revert_to_snapshot") if method != "off" else ""
        wanted = (change.values.get(SNAPSHOT, named) or "").removeprefix("@")
        if wanted:
            known = [each.name for each in read_snapshots(host, [guest])[guest.name] if each.own]
            if wanted not in known:
                raise no_such_snapshot(guest.name, wanted, known)
        elif method != "off":
            raise UsageError(
                f"{guest.name}: no snapshot is named that it could go back to",
                f"chyves {guest.name} set revert_to_snapshot=@NAME {METHOD[7:]}={method}",
            )
