"""Plan new guests: their properties and the zfs calls that make them.

A guest counts as one when its version is set, and that is the last call: whatever stops the
others half-way leaves a dataset that is no guest yet, and that the next `create` makes anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chyves_core import zfs
from chyves_core.bhyve import slots
from chyves_core.errors import Refused, UsageError
from chyves_core.guests import GUEST_PREFIX, VERSION_PROPERTY, Inventory
from chyves_core.numbering import Taken, new_serial
from chyves_core.plan import Plan, Run, Step, run
from chyves_core.pools import GUEST_VERSION, Pool
from chyves_core.settings import Settings
from chyves_core.sizes import parse_size

DISK_PROPERTIES = (
    "volmode",
    "volblocksize",
    "dedup",
    "compression",
    "primarycache",
    "secondarycache",
)


@dataclass(frozen=True)
class NewDisk:
    """One disk that is to be made; `size` in bytes, `values` are all properties of the zvol."""

    name: str
    size: int
    values: Mapping[str, str]


@dataclass(frozen=True)
class NewGuest:
    """One guest that is to be made, with its disks."""

    name: str
    pool: Pool
    properties: Mapping[str, str]
    disks: tuple[NewDisk, ...]

    @property
    def dataset(self) -> str:
        """The filesystem that the guest will be."""
        return f"{self.pool.root}/guests/{self.name}"


def guest_properties(
    defaults: Settings,
    global_: Settings,
    taken: Taken,
    chosen: Mapping[str, str],
    disks: Sequence[str] = ("disk0",),
) -> dict[str, str]:
    """Return all properties of a new guest: what was chosen, the defaults, and its own identity.

    Whatever of its identity was not chosen is made anew.
    """
    properties = {
        each.name: defaults[each.name]
        for each in defaults.schema.properties
        if each.scope == "guest" and (not each.optional or each.name in defaults.own)
    }
    make: dict[str, Callable[[], str]] = {
        "net_ifaces": lambda: taken.next_tap(global_.number("tap_start_offset")),
        "serial": lambda: taken.next_nmdm(global_.number("console_start_offset")),
        "uefi_vnc_port": lambda: taken.next_port(global_.number("uefi_vnc_port_start_offset")),
        "uuid": taken.new_uuid,
    }
    properties |= chosen
    properties |= {name: make_one() for name, make_one in make.items() if name not in chosen}
    interfaces = [name for name in properties["net_ifaces"].split(",") if name]
    properties |= interface_properties(defaults, taken, interfaces, chosen)
    kept = slots.parse_slots(chosen.get("pci_slots", ""))
    properties["pci_slots"] = slots.show_slots(
        slots.assign(
            kept,
            (*disks, *interfaces),
            consolidate=global_.enabled(slots.CONSOLIDATE),
            ahci=disks if properties["bhyve_disk_type"] == slots.AHCI_DISK else (),
        )
    )
    return properties


def interface_properties(
    defaults: Settings, taken: Taken, interfaces: Iterable[str], known: Mapping[str, str]
) -> dict[str, str]:
    """Return an address and a bridge for each tap that has none in the known properties."""
    found = {}
    for tap in interfaces:
        if tap.startswith("tap"):
            if f"{tap}_mac" not in known:
                found[f"{tap}_mac"] = taken.new_mac()
            if f"{tap}_bridge" not in known:
                found[f"{tap}_bridge"] = defaults["bridge"]
    return found


def disk_options(defaults: Settings) -> dict[str, str]:
    """Return the native properties of a new zvol; one that is inherited is not named."""
    options = {}
    for name in DISK_PROPERTIES:
        value = defaults[f"disk_{name}"]
        if value != "inherit":
            options[name] = value
    return options


def plan_guest(guest: NewGuest) -> Plan:
    """Return the zfs calls that make one guest; the last one makes it count."""
    properties = {f"{GUEST_PREFIX}{name}": value for name, value in guest.properties.items()}
    properties.pop(VERSION_PROPERTY, None)
    last = {VERSION_PROPERTY: str(GUEST_VERSION)}
    if guest.properties.get("template") == "yes":
        last["readonly"] = "on"
    return (
        zfs.create_filesystem(guest.dataset, properties),
        *(plan_disk(guest.dataset, disk) for disk in guest.disks),
        zfs.set_properties([guest.dataset], last),
    )


def plan_disk(dataset: str, disk: NewDisk) -> Run:
    """Return the zfs call that makes a disk of the guest in that dataset."""
    return zfs.create_volume(f"{dataset}/{disk.name}", disk.size, disk.values)


def new_disk(
    defaults: Settings, name: str, size: int, own: Mapping[str, str] | None = None
) -> NewDisk:
    """Return a new disk with its own properties, and a serial number where they have none."""
    values = {"disk_serial": new_serial(), **(own or {})}
    prefixed = {f"{GUEST_PREFIX}{key}": value for key, value in values.items()}
    return NewDisk(name, size, {**disk_options(defaults), **prefixed})


def plan_clearing(inventory: Inventory, name: str, place: str) -> tuple[Step, ...]:
    """Return the step that clears what an interrupted `create` left in a guest's place, if any.

    Raises Refused where a dataset stands there that chyves did not begin.
    """
    dataset = inventory.storage.datasets.get(place)
    if dataset is None:
        return ()
    if place in inventory.half_made and dataset.own(f"{GUEST_PREFIX}uuid"):
        return (run("zfs", "destroy", "-r", place),)
    raise Refused(f"{name}: {place} is there, and is not a guest")


def undo(guest: NewGuest) -> Plan:
    """Return the steps that take away what a failed `create` of this guest has made."""
    return (run("zfs", "destroy", "-r", guest.dataset),)


def read_size(text: str) -> int:
    """Return the bytes of a disk's size; raises UsageError."""
    size = parse_size(text)
    if size is None or size < 1 << 20:
        raise UsageError(f"{text}: a disk's size is a number with M, G or T, such as 8G")
    # A volume's size is a multiple of its block size; captures zfs create-V-odd.
    return -(-size // (1 << 20)) * (1 << 20)
