"""Take snapshots: all datasets of a guest at the same moment, with its properties frozen."""

from __future__ import annotations

import time

from chyves_core import locks, names, zfs
from chyves_core.errors import HostError, NotFound, Refused, UsageError
from chyves_core.guests import GUEST_PREFIX, Guest
from chyves_core.host import Host
from chyves_core.plan import Run, run
from chyves_core.runtime import read_runtime
from chyves_core.snapshots.naming import LIVE_SUFFIX, automatic_name, disk_prefix, reverts_to


def plan_snapshot(guest: Guest, name: str, *, running: bool) -> Run:
    """Return the zfs call that snapshots a guest and its disks at one moment.

    zfs snapshots keep no user properties of their own (captures README 12), so the guest's are
    written on them: a rollback can bring them back. Secrets stay out, argv is no place for them.
    """
    longest = max([guest.dataset, *(disk.dataset for disk in guest.disks)], key=len)
    full = name if not running or name.endswith(LIVE_SUFFIX) else f"{name}{LIVE_SUFFIX}"
    if len(f"{longest}@{full}") > names.DATASET_NAME_LENGTH:
        raise UsageError(f"{guest.name}: @{full} is too long for ZFS")
    frozen = {
        f"{GUEST_PREFIX}{key}": value
        for key, value in guest.properties.items()
        if not guest.schema.is_secret(key)
    }
    for disk in guest.disks:
        prefix = disk_prefix(disk.name)
        frozen |= {f"{prefix}{key}": value for key, value in disk.properties.items()}
    return run("zfs", "snapshot", "-r", *zfs.options(frozen), f"{guest.dataset}@{full}")


def check_reverting(guest: Guest, name: str) -> None:
    """Refuse a snapshot that would keep the guest from going back to another one at its start."""
    wanted = reverts_to(guest)
    if wanted and wanted != name:
        raise Refused(
            f"{guest.name}: goes back to @{wanted} whenever it boots; a newer snapshot would "
            "stand in the way",
            f"chyves {guest.name} set revert_to_snapshot_method=off",
        )


def take(host: Host, guest: Guest, name: str | None, moment: str) -> str:
    """Take a snapshot of a guest and return its name; without a name, it is called the moment.

    Two of one moment would have the same name: the later one waits for the next second.
    """
    with locks.hold(host, locks.guest_lock(guest.name)):
        running = read_runtime(host).is_running(guest.name)
        check_reverting(guest, name or "")
        step = plan_snapshot(guest, name or moment, running=running)
        try:
            host.act(step)
        except HostError as error:
            if "dataset does not exist" in error.message:
                text = f"{guest.name}: is not where it was, no snapshot was taken"
                raise NotFound(text, "chyves list") from error
            if "dataset already exists" not in error.message:
                raise
            if name:
                taken = step.argv[-1].partition("@")[2]
                text = f"{guest.name}: there is a snapshot @{taken} already"
                raise Refused(text, f"chyves {guest.name} snapshot list") from error
            time.sleep(1 - time.time() % 1)
            step = plan_snapshot(guest, automatic_name(), running=running)
            host.act(step)
    return step.argv[-1].partition("@")[2]
