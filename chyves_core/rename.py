"""Give a guest another name; snapshots, clones and firmware variables follow its dataset."""

from __future__ import annotations

from chyves_core import journal, locks, names
from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.plan import Plan, run
from chyves_core.runtime import Runtime, read_runtime
from chyves_core.supervise.boot_step import take_down
from chyves_core.zfs import set_properties


def rename_guest(host: Host, old: str, new: str) -> None:
    """Rename a guest, or leave everything as it was; raises where that can't be done."""
    names.check_new_name(new)
    title = f"{old} rename {new}"
    wanted = locks.guest_lock(old), locks.guest_lock(new)
    with locks.hold_for_change(host, title, *wanted, locks.NUMBERING) as done:
        if done:
            return
        inventory = read_inventory(host)
        guest = inventory.guest(old)
        root = guest.dataset.rpartition("/guests/")[0]
        names.check_new_name(new, longest=names.longest_name(host, root, [new]))
        steps = plan_rename(inventory, read_runtime(host), guest, new)
        undo = plan_undo(inventory, guest, target_of(guest, new))
        # What is left on the host under the old name would be nobody's, and in the way of the new.
        take_down(host, old)
        named = [each for each in inventory.guests.values() if paths_to(each, guest)]
        concerned = (*wanted, *(locks.guest_lock(each.name) for each in named))
        journal.carry_out(host, guest.pool, journal.Entry(title, concerned, steps, undo))


def target_of(guest: Guest, new: str) -> str:
    """Return the dataset of a guest under another name."""
    return f"{guest.dataset.rpartition('/')[0]}/{new}"


def plan_rename(inventory: Inventory, runtime: Runtime, guest: Guest, new: str) -> Plan:
    """Return the zfs calls that rename a guest, the rename first; raises where it can't be."""
    inventory.check_free(new)
    target = target_of(guest, new)
    if target in inventory.storage.datasets:
        raise Refused(f"{new}: {target} is there, and is not a guest")
    if runtime.is_running(guest.name):
        raise Refused(f"{guest.name}: is running", f"chyves {guest.name} stop")
    return (
        run("zfs", "rename", guest.dataset, target),
        *plan_paths(inventory, guest, target),
    )


def plan_undo(inventory: Inventory, renamed: Guest, target: str) -> Plan:
    """Return the steps that bring back the old name, and the paths that named it."""
    return (run("zfs", "rename", target, renamed.dataset), *plan_old_paths(inventory, renamed))


def plan_old_paths(inventory: Inventory, renamed: Guest) -> Plan:
    """Return the zfs calls that bring back the paths that named the disks of a guest."""
    steps = []
    for guest in inventory.guests.values():
        values = paths_to(guest, renamed)
        if values:
            steps.append(set_properties([guest.dataset], values))
    return tuple(steps)


def paths_to(guest: Guest, other: Guest) -> dict[str, str]:
    """Return the properties of a guest that name the path of a disk of the other."""
    return {
        f"{GUEST_PREFIX}{name}": value
        for name, value in guest.properties.items()
        if name.startswith("pcidev_") and f"/dev/zvol/{other.dataset}/" in value
    }


def plan_paths(inventory: Inventory, renamed: Guest, target: str) -> Plan:
    """Return the zfs calls that correct properties of guests which name the renamed one's disks."""
    old_path, new_path = f"/dev/zvol/{renamed.dataset}/", f"/dev/zvol/{target}/"
    steps = []
    for guest in inventory.guests.values():
        dataset = target if guest.name == renamed.name else guest.dataset
        values = {
            name: value.replace(old_path, new_path)
            for name, value in paths_to(guest, renamed).items()
        }
        if values:
            steps.append(set_properties([dataset], values))
    return tuple(steps)
