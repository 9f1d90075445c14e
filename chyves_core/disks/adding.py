"""Add disks: new zvols, and new image files."""

from __future__ import annotations

from dataclasses import dataclass

from chyves_core import create, zfs
from chyves_core.bhyve import slots
from chyves_core.bhyve.machine import all_slots
from chyves_core.disks.finding import changing, check_writable, free_name, is_running, plan_slots
from chyves_core.disks.images import FOLDER, check_new_image, folder_of, image_paths
from chyves_core.errors import ChyvesError, Refused
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory
from chyves_core.host import Host
from chyves_core.numbering import new_serial
from chyves_core.plan import Plan, Remove, Size, run
from chyves_core.room import does_not_fit, is_full
from chyves_core.settings import default_settings, global_settings
from chyves_core.sizes import show_size


@dataclass(frozen=True)
class Added:
    """A new disk: its name, its size in bytes, its PCI slot, and whether its guest runs."""

    name: str
    size: int
    slot: slots.Place
    running: bool


def add_disk(host: Host, guest_name: str, size: int | None, *, sparse: bool) -> Added:
    """Give a guest a new zvol, made by the defaults; where that fails nothing is left of it."""
    with changing(host, guest_name) as (inventory, guest):
        check_writable(guest)
        defaults = default_settings(inventory.storage)
        wanted = size or create.read_size(defaults["size"])
        name = free_name(inventory, guest)
        kept = new_slots(host, inventory, guest, name)
        options = {**create.disk_options(defaults), f"{GUEST_PREFIX}disk_serial": new_serial()}
        dataset = f"{guest.dataset}/{name}"
        first = zfs.create_volume(dataset, wanted, options, sparse=sparse)
        undo = (run("zfs", "destroy", dataset),)
        try:
            carry_out(host, (first, plan_slots(guest, kept)), undo)
        except ChyvesError as error:
            raise no_room(inventory, guest, f"{name} of {show_size(wanted)}", error) from error
        return Added(name, wanted, kept[name], is_running(host, guest))


def add_image(host: Host, guest_name: str, name: str, size: int | None) -> Added:
    """Give a guest a new image file of zeros in its folder img."""
    check_new_image(name)
    with changing(host, guest_name) as (inventory, guest):
        check_writable(guest)
        check_mounted(host, guest)
        wanted = size or create.read_size(default_settings(inventory.storage)["size"])
        device, path = f"{FOLDER}/{name}", f"{folder_of(guest)}/{name}"
        if name in host.list_folder(folder_of(guest)):
            raise Refused(f"{guest.name}: there is {path} already")
        kept = new_slots(host, inventory, guest, device)
        carry_out(host, (Size(path, wanted, new=True), plan_slots(guest, kept)), (Remove(path),))
        return Added(device, wanted, kept[device], is_running(host, guest))


def new_slots(
    host: Host, inventory: Inventory, guest: Guest, device: str
) -> dict[str, slots.Place]:
    """Return the PCI slots of a guest's devices with one for a new device.

    Those that are there come first: one that never started keeps what a start would give it.
    Raises Refused where the machine is full.
    """
    consolidate = global_settings(inventory.storage).enabled(slots.CONSOLIDATE)
    kept = all_slots(guest, image_paths(host, guest), consolidate=consolidate)
    ahci = [device] if guest.value("bhyve_disk_type") == slots.AHCI_DISK else []
    try:
        return slots.assign(kept, [device], consolidate=consolidate, ahci=ahci)
    except Refused as error:
        raise Refused(f"{guest.name}: {error.message}", error.hint) from None


def carry_out(host: Host, plan: Plan, undo: Plan) -> None:
    """Do all of the plan; where a step behind the first one fails, undo the first one."""
    first, *rest = plan
    host.act(first)
    try:
        host.act(*rest)
    except (ChyvesError, KeyboardInterrupt):
        host.try_to(*undo)
        raise


def no_room(inventory: Inventory, guest: Guest, what: str, error: ChyvesError) -> ChyvesError:
    """Return the error of a zfs call, told as `does not fit` where the pool has no room."""
    if not is_full(error):
        return error
    there = inventory.storage.datasets
    # A guest that is just being made is not there yet.
    place = there.get(guest.dataset) or there[guest.dataset.rpartition("/")[0]]
    return does_not_fit(guest.name, what, int(place.value("available", "0")), guest.pool)


def check_mounted(host: Host, guest: Guest) -> None:
    """Refuse to write where a guest's filesystem is not mounted: files would land beside it."""
    argv = ("zfs", "get", "-Hp", "-o", "value", "mounted,mountpoint", guest.dataset)
    mounted, _, mountpoint = host.read(*argv).stdout.strip().partition("\n")
    if mounted != "yes" or mountpoint != guest.folder:
        raise ChyvesError(
            f"{guest.name}: {guest.dataset} is not mounted on {guest.folder}",
            f"zfs mount {guest.dataset}",
        )
