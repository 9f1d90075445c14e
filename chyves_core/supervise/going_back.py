"""Guests that go back to a snapshot before they boot; see snapshots/revert.py."""

from __future__ import annotations

from chyves_core import locks, logs
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.plan import Plan
from chyves_core.pools import Storage
from chyves_core.snapshots.naming import reverts_to

START, REBOOT = "start", "reboot"


def title_of(guest: str) -> str:
    """Return the command that going back belongs to, for the journal: `start` ends it, too."""
    return f"{guest} start"


def plan_back(host: Host, guest: Guest, when: str) -> Plan:
    """Return the steps of going back at a start or a reboot; none for a guest that does not.

    Raises where the guest should go back and can't: it is then not booted.
    """
    if not reverts_to(guest):
        return ()
    from chyves_core.snapshots import revert, rollback

    found = revert.look(host, guest, when)
    return rollback.plan(found) if found else ()


def go_back(host: Host, storage: Storage, guest: Guest, when: str) -> bool:
    """Let a guest go back where it is to; return whether it did. The caller holds its lock."""
    if not reverts_to(guest):
        return False
    from chyves_core.snapshots import revert

    found = revert.look(host, guest, when)
    if found is None:
        return False
    revert.carry_out(host, found, title_of(guest.name))
    logs.log(host, storage, guest, "info", f"went back to @{found.name}")
    return True


def go_back_at_reboot(host: Host, storage: Storage, guest: Guest) -> None:
    """Let a guest go back between two boots; commands that change it have to wait meanwhile."""
    if reverts_to(guest):
        lock = locks.guest_lock(guest.name)
        with locks.hold_for_change(host, title_of(guest.name), lock, seconds=60):
            go_back(host, storage, guest, REBOOT)
