"""The columns of `info` and `list`: what each shows of a guest or of one of its disks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from chyves_core.errors import UsageError
from chyves_core.guests import Disk, Guest, Inventory
from chyves_core.look import Look
from chyves_core.output import Size
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


def columns_of(flags: str) -> tuple[str, ...]:
    """Return the columns that the letters ask for; `a` asks for all of them."""
    chosen = [flag for flag in FLAG_COLUMNS if flag in flags or "a" in flags]
    return ("name", *(column for flag in chosen for column in FLAG_COLUMNS[flag]))


def guest_cell(look: Look, guest: Guest, column: str) -> object:
    """Return what a column, or else the property of that name, is for a guest.

    Numbers and sizes are numbers, yes and no are booleans, nothing is None.
    """
    make = COLUMNS.get(column)
    return make(look, guest) if make else property_cell(guest, column)


def disk_cells(look: Look, guest: Guest, disk: Disk, name: str) -> dict[str, object]:
    """Return the cells of a disk's own line below its guest; other columns are blank there."""
    return {
        "name": name,
        "size": Size(disk.size),
        "used": look.used(disk),
        "dataset": disk.dataset,
        "pool": guest.pool,
        "origin": look.origin(disk) or None,
        "description": said(disk.properties.get("description")),
        "notes": said(disk.properties.get("notes")),
    }


def json_guest(look: Look, guest: Guest) -> dict[str, object]:
    """Return everything about a guest, with the same keys for every guest."""
    cells = {key: guest_cell(look, guest, key) for key in JSON_KEYS if key != "disks"}
    return {**cells, "disks": json_disks(look, guest), "properties": json_properties(guest)}


def json_disks(look: Look, guest: Guest) -> list[dict[str, object]]:
    """Return a guest's disks."""
    return [
        {
            "name": disk.name,
            "size": disk.size,
            "used": int(look.used(disk)),
            "dataset": disk.dataset,
            "serial": disk.properties.get("disk_serial"),
            "origin": look.origin(disk) or None,
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


def property_value(guest: Guest, name: str) -> object:
    """Return a property as `list PROPERTY` shows it: as it is stored, memory also in bytes."""
    return memory(guest) if name == "ram" else stored(guest, name)


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


def pid(look: Look, guest: Guest) -> int | None:
    """Return the process id of a guest's bhyve."""
    process = look.runtime.bhyve(guest.name)
    return process.pid if process else None


def said(text: str | None) -> str | None:
    """Return a description or note; `-` stands for none."""
    return None if text in (None, "", "-") else text


COLUMNS: Mapping[str, Callable[[Look, Guest], object]] = {
    "name": lambda look, guest: guest.name,
    "guest": lambda look, guest: guest.name,
    "vmm": lambda look, guest: look.runtime.has_vmm(guest.name),
    "running": lambda look, guest: look.runtime.is_running(guest.name),
    "state": lambda look, guest: look.runtime.state(guest.name),
    "pid": pid,
    "size": lambda look, guest: Size(sum(disk.size for disk in guest.disks)),
    "used": lambda look, guest: Size(guest.used),
    "cpu": lambda look, guest: cpus(guest),
    "ram": lambda look, guest: memory(guest),
    "pool": lambda look, guest: guest.pool,
    "role": lambda look, guest: look.inventory.storage.pool(guest.pool).state,
    "version": lambda look, guest: stored(guest, "chyves_guest_version"),
    "net": lambda look, guest: guest.interfaces,
    "origin": lambda look, guest: guest.origin or None,
    "vnc": lambda look, guest: vnc(guest),
    "groups": lambda look, guest: guest.groups,
    "description": lambda look, guest: said(guest.value("description")),
    "notes": lambda look, guest: said(guest.value("notes")),
    "dataset": lambda look, guest: guest.dataset,
    "disks": lambda look, guest: tuple(disk.name for disk in guest.disks),
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
