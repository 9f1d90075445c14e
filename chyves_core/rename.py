"""Plan another name for a guest; snapshots, clones and firmware variables follow its dataset."""

from __future__ import annotations

from chyves_core import names
from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory
from chyves_core.plan import Plan, run
from chyves_core.runtime import Runtime
from chyves_core.zfs import set_properties


def plan_rename(inventory: Inventory, runtime: Runtime, old: str, new: str) -> Plan:
    """Return the zfs calls that rename a guest; raises where it runs or the new name is no good."""
    guest = inventory.guest(old)
    names.check_new_name(new)
    inventory.check_free(new)
    target = f"{guest.dataset.rpartition('/')[0]}/{new}"
    if target in inventory.storage.datasets:
        raise Refused(f"{new}: {target} is there, and is not a guest")
    if runtime.is_running(old):
        raise Refused(f"{old}: is running", f"chyves {old} stop")
    return (
        run("zfs", "rename", guest.dataset, target),
        *plan_paths(inventory, guest, target),
    )


def plan_paths(inventory: Inventory, renamed: Guest, target: str) -> Plan:
    """Return the zfs calls that correct properties of guests which name the renamed one's disks."""
    old_path, new_path = f"/dev/zvol/{renamed.dataset}/", f"/dev/zvol/{target}/"
    steps = []
    for guest in inventory.guests.values():
        dataset = target if guest.name == renamed.name else guest.dataset
        values = {
            f"{GUEST_PREFIX}{name}": value.replace(old_path, new_path)
            for name, value in guest.properties.items()
            if name.startswith("pcidev_") and old_path in value
        }
        if values:
            steps.append(set_properties([dataset], values))
    return tuple(steps)
