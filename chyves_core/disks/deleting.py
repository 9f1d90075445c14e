"""Delete one disk: what goes is shown first; the others keep their names and PCI slots.

The volume goes first, then what the guest keeps for it. Where that is interrupted, the number
stays taken until the same command ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chyves_core import zfs
from chyves_core.bhyve import slots
from chyves_core.delete import dependent_datasets, first_held, parse_destroy
from chyves_core.disks.finding import (
    OPTIONS,
    changing,
    check_not_named,
    check_stopped,
    check_writable,
    find_disk,
    plan_slots,
)
from chyves_core.disks.images import FOLDER, find_image, not_there
from chyves_core.doomed import within
from chyves_core.errors import ChyvesError, NotFound, Refused
from chyves_core.guests import GUEST_PREFIX, Disk, Guest, Inventory, read_inventory
from chyves_core.host import Host, failed
from chyves_core.plan import Plan, Remove, Step, run
from chyves_core.sizes import show_size


@dataclass(frozen=True)
class DoomedDisk:
    """What deleting one disk destroys.

    `place` is its dataset or file, None where it is gone already and only what the guest keeps
    for it is left. `snapshots` are those of the volume, `size` and `used` in bytes.
    """

    name: str
    place: str | None
    snapshots: tuple[str, ...] = ()
    size: int = 0
    used: int = 0

    @property
    def preview(self) -> str:
        """What goes, in words."""
        if self.place is None:
            return f"{self.name}: is gone, its PCI slot and options are left"
        parts = [f"{self.place}, {show_size(self.size)}, {show_size(self.used)} on the pool"]
        if self.snapshots:
            names = ", ".join(f"@{each.rpartition('@')[2]}" for each in self.snapshots)
            parts.append(f"its part of the snapshots {names}")
        return f"{self.name}: {', with '.join(parts)}"


def delete_disk(
    host: Host,
    guest_name: str,
    word: str,
    *,
    preview: Callable[[str], None],
    confirm: Callable[[str], None],
) -> DoomedDisk:
    """Delete one disk of a guest after a preview and a question; return what it was."""
    inventory = read_inventory(host)
    seen = look(host, inventory, inventory.guest(guest_name), word)
    preview(f"{guest_name}: {seen.preview}")
    if seen.place:
        confirm("Destroy this for good?")
    with changing(host, guest_name) as (inventory, guest):
        now = look(host, inventory, guest, word)
        if now.place != seen.place or set(now.snapshots) - set(seen.snapshots):
            raise ChyvesError(f"{guest.name}: {word} has changed in the meantime, it stays")
        if now.place:
            destroy(host, guest, now)
        host.act(*plan_release(guest, word))
        return now


def look(host: Host, inventory: Inventory, guest: Guest, word: str) -> DoomedDisk:
    """Return what deleting a disk would destroy; nothing is destroyed.

    Raises Refused where the guest runs, a clone depends on the disk, or a guest's property
    names its device.
    """
    try:
        if word.startswith(f"{FOLDER}/"):
            image = find_image(host, guest, word)
            doomed = DoomedDisk(word, image.path, (), image.size, image.used)
        else:
            disk = find_disk(guest, word)
            check_not_named(inventory, guest, disk)
            used = int(inventory.storage.datasets[disk.dataset].value("used", "0"))
            names = snapshots_of(host, inventory, guest, disk)
            doomed = DoomedDisk(word, disk.dataset, names, disk.size, used)
    except NotFound:
        if not plan_release(guest, word):
            raise
        doomed = DoomedDisk(word, None)
    check_writable(guest)
    if doomed.place:
        check_stopped(host, guest)
    elif f"{guest.dataset}/{word}" in inventory.storage.datasets:
        raise not_there(guest, word, [disk.name for disk in guest.disks])
    return doomed


def snapshots_of(host: Host, inventory: Inventory, guest: Guest, disk: Disk) -> tuple[str, ...]:
    """Return the snapshots that go with a volume; raises Refused where one has to stay."""
    answer = host.read("zfs", "destroy", "-nvpr", disk.dataset, allowed=None)
    if answer.status == 0:
        names = tuple(each for each in parse_destroy(answer.stdout) if each != disk.dataset)
        held = first_held(host, names, [disk.dataset])
        if held:
            raise Refused(f"{guest.name}: {disk.name} stays, {held} is held", f"zfs holds {held}")
        return names
    clones = dependent_datasets(answer.stderr)
    if not clones:
        raise failed(answer)
    raise Refused(
        f"{guest.name}: {disk.name} was cloned, {owners(inventory, clones)} would lose it",
        f"zfs promote {clones[0]}, or delete the clone first",
    )


def owners(inventory: Inventory, datasets: list[str]) -> str:
    """Return datasets in words, each with the guest that it belongs to."""
    texts = []
    for dataset in datasets:
        guests = [g.name for g in inventory.guests.values() if within(dataset, g.dataset)]
        texts.append(f"{guests[0]} ({dataset})" if guests else dataset)
    return ", ".join(texts)


def destroy(host: Host, guest: Guest, doomed: DoomedDisk) -> None:
    """Destroy a disk; where that fails, say what is left of it."""
    place = doomed.place or ""
    if place.startswith("/"):
        host.act(Remove(place))
        return
    try:
        host.act(run("zfs", "destroy", "-r", place))
    except (ChyvesError, KeyboardInterrupt) as error:
        argv = ("zfs", "list", "-H", "-r", "-t", "all", "-o", "name", place)
        left = set(host.read(*argv, allowed=None).stdout.splitlines())
        lost = [name for name in doomed.snapshots if name not in left]
        if isinstance(error, ChyvesError) and "is busy" in error.message and place in left:
            gone = f", but {len(lost)} of its snapshots are gone" if lost else ""
            raise Refused(
                f"{guest.name}: {doomed.name} is in use, it stays{gone}", f"fstat /dev/zvol/{place}"
            ) from error
        if place in left and not lost:
            raise
        reason = str(error) or "interrupted"
        again = f"chyves {guest.name} disk delete {doomed.name}"
        raise ChyvesError(f"{guest.name}: {doomed.name} is half gone: {reason}", again) from error


def plan_release(guest: Guest, name: str) -> Plan:
    """Return the steps that take away what a guest keeps for a disk: its options, its PCI slot."""
    kept = slots.parse_slots(guest.value("pci_slots"))
    steps: list[Step] = []
    if f"{OPTIONS}{name}" in guest.properties:
        steps.append(zfs.inherit([guest.dataset], f"{GUEST_PREFIX}{OPTIONS}{name}"))
    if name in kept and is_disk_name(name):
        steps.append(plan_slots(guest, slots.release(kept, [name])))
    return tuple(steps)


def is_disk_name(name: str) -> bool:
    """Return whether a device of pci_slots is a disk, and no interface."""
    return name.startswith(("disk", f"{FOLDER}/"))
