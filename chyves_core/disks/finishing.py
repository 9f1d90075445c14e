"""Make an imported volume a disk, in the old one's place where there is one."""

from __future__ import annotations

from chyves_core import locks
from chyves_core.bhyve import slots
from chyves_core.disks import import_job
from chyves_core.disks.adding import new_slots
from chyves_core.disks.deleting import DoomedDisk, look
from chyves_core.disks.finding import check_writable, is_running, plan_slots
from chyves_core.disks.import_job import Import
from chyves_core.errors import ChyvesError, NotFound, Refused
from chyves_core.guests import Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.plan import Plan, run


def finish(host: Host, job: Import, seen: DoomedDisk | None) -> bool:
    """Make the volume a disk, in the old one's place where there is one.

    Returns whether the guest runs. Raises what stands in the way; the disks are as before then.
    """
    mine = True
    try:
        with locks.hold(host, locks.guest_lock(job.guest.name)):
            inventory = read_inventory(host)
            guest = check_unchanged(host, inventory, job, seen)
            kept = slots.parse_slots(guest.value("pci_slots"))
            kept = kept if job.old else new_slots(host, inventory, guest, job.disk)
            host.act(*plan_clearing(host, job), *import_job.plan_whole(job))
            change_places(host, job)
            mine = False
            if job.old:
                destroy_old(host, job)
            else:
                host.act(plan_slots(guest, kept))
            return is_running(host, guest)
    except ChyvesError:
        if mine:
            host.try_to(*import_job.undo(job))
        raise


def check_unchanged(
    host: Host, inventory: Inventory, job: Import, seen: DoomedDisk | None
) -> Guest:
    """Return the guest as it is now; raises where the disk can't take its place any more."""
    guest = inventory.guest(job.guest.name)
    there = inventory.storage.datasets
    if guest.dataset != job.guest.dataset or job.draft not in there:
        raise NotFound(f"{guest.name}: is not where it was, nothing was imported")
    check_writable(guest)
    if not seen and job.target in there:
        raise Refused(f"{guest.name}: there is a {job.disk} now, nothing was imported")
    if seen:
        now = look(host, inventory, guest, job.disk)
        if set(now.snapshots) - set(seen.snapshots):
            raise ChyvesError(f"{guest.name}: {job.disk} has new snapshots, nothing was imported")
    return guest


def plan_clearing(host: Host, job: Import) -> Plan:
    """Return the step that clears snapshots taken of the volume meanwhile: they hold half of it."""
    argv = ("zfs", "list", "-H", "-o", "name", "-t", "snapshot", "-d", "1", job.draft)
    found = host.read(*argv).stdout.split()
    names = ",".join(each.rpartition("@")[2] for each in found)
    return (run("zfs", "destroy", f"{job.draft}@{names}"),) if found else ()


def change_places(host: Host, job: Import) -> None:
    """Make the volume a disk; an old one steps aside, and comes back where that fails."""
    last = import_job.take_place(job)
    if not job.old:
        host.act(last)
        return
    host.act(*import_job.plan_aside(job))
    try:
        host.act(last)
    except ChyvesError as error:
        back = run("zfs", "rename", job.aside, job.target)
        if host.try_to(back):
            raise ChyvesError(f"{job.guest.name}: {error.message}", str(back)) from error
        raise


def destroy_old(host: Host, job: Import) -> None:
    """Destroy the disk whose place was taken; the new one is there, whatever becomes of it."""
    step = import_job.destroy_old(job)
    try:
        host.act(step)
    except ChyvesError as error:
        raise ChyvesError(
            f"{job.guest.name}: {job.disk} is imported, but the old one is left: {error.message}",
            str(step),
        ) from error
