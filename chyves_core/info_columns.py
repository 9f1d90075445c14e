"""The columns of `info` and `list`: what each shows of a guest or of one of its disks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from chyves_core.errors import UsageError
from chyves_core.guests import Disk, Guest, Inventory
from chyves_core.host import Host
from chyves_core.output import Size
from chyves_core.runtime import Runtime, read_runtime
from chyves_core.sizes import parse_size

# The letters of `info`, in the order in which their columns stand.
FLAG_COLUMNS = {
    "s": ("vmm", "running", "rcboot"),
    "z": ("size", "used"),
    "b": ("cpu", "ram"),
    "p": ("pool",),
    "r": ("role",),
    "v": ("os", "loader", "version", "net", "serial"),
    "t": ("template",),
    "c": ("origin",),
    "u": ("uefi_firmware", "uefi_console_output", "vnc"),
    "d": ("description",),
    "n": ("notes",),
}
# What JSON tells of every guest, whatever the flags are.
JSON_KEYS = (
    "name pool role dataset state running vmm pid rcboot template cpu ram size used os loader "
    "version net serial uuid origin vnc groups description notes disks"
).split()
HIDDEN = "***"


class View:
    """What the columns are made from; the host's processes are read when a column needs them."""

    def __init__(self, host: Host, inventory: Inventory) -> None:
        self.host = host
        self.inventory = inventory

    @cached_property
    def runtime(self) -> Runtime:
        """What runs now."""
        return read_runtime(self.host)

    def used(self, disk: Disk) -> Size:
        """The bytes that a disk takes on its pool."""
        return Size(self.inventory.storage.datasets[disk.dataset].value("used", "0") or 0)


def columns_of(flags: str) -> tuple[str, ...]:
    """Return the columns that the letters ask for; `a` asks for all of them."""
    chosen = [flag for flag in FLAG_COLUMNS if flag in flags or "a" in flags]
    return ("name", *(column for flag in chosen for column in FLAG_COLUMNS[flag]))


def guest_cell(view: View, guest: Guest, column: str) -> object:
    """Return what a column, or else the property of that name, is for a guest.

    Numbers and sizes are numbers, yes and no are booleans, nothing is None.
    """
    make = COLUMNS.get(column)
    return make(view, guest) if make else property_cell(guest, column)


def disk_cells(view: View, guest: Guest, disk: Disk, name: str) -> dict[str, object]:
    """Return the cells of a disk's own line below its guest; other columns are blank there."""
    return {
        "name": name,
        "size": Size(disk.size),
        "used": view.used(disk),
        "dataset": disk.dataset,
        "pool": guest.pool,
        "description": said(disk.properties.get("description")),
        "notes": said(disk.properties.get("notes")),
    }


def json_guest(view: View, guest: Guest) -> dict[str, object]:
    """Return everything about a guest, with the same keys for every guest."""
    cells = {key: guest_cell(view, guest, key) for key in JSON_KEYS if key != "disks"}
    return {**cells, "disks": json_disks(view, guest), "properties": json_properties(guest)}


def json_disks(view: View, guest: Guest) -> list[dict[str, object]]:
    """Return a guest's disks."""
    return [
        {
            "name": disk.name,
            "size": disk.size,
            "used": int(view.used(disk)),
            "dataset": disk.dataset,
            "serial": disk.properties.get("disk_serial"),
            "description": said(disk.properties.get("description")),
            "notes": said(disk.properties.get("notes")),
        }
        for disk in guest.disks
    ]


def json_properties(guest: Guest) -> dict[str, object]:
    """Return all properties of a guest as they are stored, whole numbers as numbers."""
    declared = {each.name for each in guest.schema.properties if not each.optional}
    found: dict[str, object] = {}
    for name in sorted(declared | guest.properties.keys()):
        known = guest.schema.find(name)
        secret = known is not None and known.secret and bool(guest.value(name))
        found[name] = HIDDEN if secret else stored(guest, name)
    return found


def stored(guest: Guest, name: str) -> object:
    """Return a property's value, as a number where the property is declared to be one."""
    value = guest.value(name)
    known = guest.schema.find(name)
    is_number = known is not None and known.check.startswith(("integer(", "cpu_topology("))
    return int(value) if is_number and re.fullmatch("[0-9]+", value) else value


def property_cell(guest: Guest, name: str) -> object:
    """Return a property for a column of its own."""
    known = guest.schema.find(name)
    if known is not None and known.check.startswith("yesno("):
        return guest.value(name) == "yes"
    value = stored(guest, name)
    return None if value == "" else value


def memory(guest: Guest) -> object:
    """Return a guest's memory in bytes, shown as it was set; what is no size stays as it is."""
    text = guest.value("ram")
    amount = parse_size(text)
    if amount is None:
        return text
    size = Size(amount)
    size.text = text
    return size


def cpus(guest: Guest) -> object:
    """Return the number of virtual CPUs, for a topology its cpus= or the product of its parts."""
    text = guest.value("cpu")
    parts = dict(re.findall(r"(cpus|sockets|cores|threads)=(\d+)", text))
    if not parts:
        return stored(guest, "cpu")
    product = 1
    for part in ("sockets", "cores", "threads"):
        product *= int(parts.get(part, 1))
    return int(parts.get("cpus", product))


def vnc(guest: Guest) -> str | None:
    """Return where a guest shows its screen, None for one without."""
    if guest.value("loader") != "uefi" or guest.value("uefi_console_output") != "vnc":
        return None
    address = guest.value("uefi_vnc_ip")
    return f"{f'[{address}]' if ':' in address else address}:{guest.value('uefi_vnc_port')}"


def pid(view: View, guest: Guest) -> int | None:
    """Return the process id of a guest's bhyve."""
    process = view.runtime.bhyve(guest.name)
    return process.pid if process else None


def said(text: str | None) -> str | None:
    """Return a description or note; `-` stands for none."""
    return None if text in (None, "", "-") else text


COLUMNS: Mapping[str, Callable[[View, Guest], object]] = {
    "name": lambda view, guest: guest.name,
    "guest": lambda view, guest: guest.name,
    "vmm": lambda view, guest: view.runtime.has_vmm(guest.name),
    "running": lambda view, guest: view.runtime.is_running(guest.name),
    "state": lambda view, guest: view.runtime.state(guest.name),
    "pid": pid,
    "size": lambda view, guest: Size(sum(disk.size for disk in guest.disks)),
    "used": lambda view, guest: Size(guest.used),
    "cpu": lambda view, guest: cpus(guest),
    "ram": lambda view, guest: memory(guest),
    "pool": lambda view, guest: guest.pool,
    "role": lambda view, guest: view.inventory.storage.pool(guest.pool).state,
    "version": lambda view, guest: stored(guest, "chyves_guest_version"),
    "net": lambda view, guest: guest.interfaces,
    "origin": lambda view, guest: guest.origin or None,
    "vnc": lambda view, guest: vnc(guest),
    "groups": lambda view, guest: guest.groups,
    "description": lambda view, guest: said(guest.value("description")),
    "notes": lambda view, guest: said(guest.value("notes")),
    "dataset": lambda view, guest: guest.dataset,
    "disks": lambda view, guest: tuple(disk.name for disk in guest.disks),
}


def check_columns(columns: Iterable[str], inventory: Inventory) -> None:
    """Refuse a column that is neither one of ours nor a property that a guest could have."""
    from chyves_core.properties.schema import load_schema

    schema = load_schema("guest")
    for column in columns:
        if column in COLUMNS or schema.find(column):
            continue
        if not any(column in guest.properties for guest in inventory.guests.values()):
            raise UsageError(
                f"there is no column or property {column!r}",
                f"columns: {', '.join(COLUMNS)}; chyves list properties names the others",
            )
