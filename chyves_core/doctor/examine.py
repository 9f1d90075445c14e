"""All checks of the doctor, and mending what they found."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chyves_core import locks
from chyves_core.doctor import (
    guests,
    host,
    leftovers,
    needs,
    networks,
    newer,
    snapshots,
    unfinished,
)
from chyves_core.doctor.finding import Finding
from chyves_core.host import Host
from chyves_core.look import Look

Check = Callable[[Look], Iterable[Finding]]
CHECKS: tuple[Check, ...] = (
    unfinished.interrupted_changes,
    unfinished.half_made_guests,
    unfinished.disks_half_imported,
    unfinished.half_made_resources,
    unfinished.unfinished_copies,
    unfinished.rests_of_promotions,
    unfinished.unfinished_uninstalls,
    snapshots.of_resources,
    snapshots.snapshots,
    guests.twice,
    guests.conflicts,
    guests.wrong_values,
    guests.wrong_slots,
    leftovers.remains_of_guests,
    # Before what nobody seems to use is destroyed.
    networks.of_running_guests,
    leftovers.unused_bridges,
    leftovers.unused_switches,
    networks.behind_nat,
    networks.in_bridges,
    host.programs,
    host.modules,
    host.old_managers,
    needs.processor,
    needs.limits,
    needs.devices,
    needs.profiles,
    needs.seeds,
    host.pools,
    newer.version,
)


def examine(look: Look) -> list[Finding]:
    """Return everything that the checks find."""
    return [finding for check in CHECKS for finding in check(look)]


def mend(on: Host, finding: Finding) -> bool:
    """Mend one finding; returns False where it has gone by itself meanwhile.

    What is half made could be what another command is just making, so it is looked at again under
    its locks. Raises Refused where they are held.
    """
    if finding.mend is None:
        return False
    with locks.hold(on, *finding.mend.locks, seconds=2, interrupted=True):
        now = {each.key: each for each in examine(Look(on))}.get(finding.key)
        if now is None or now.mend is None:
            return False
        now.mend.act(on)
        return True
