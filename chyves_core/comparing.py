"""Compare definitions with the guests of this host, property by property."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chyves_core import definitions
from chyves_core.bhyve import slots
from chyves_core.create import read_size
from chyves_core.definitions import INTERFACES, POOL, SERIAL, SLOTS, Definition
from chyves_core.errors import Refused
from chyves_core.getting import HIDDEN
from chyves_core.guests import Disk, Guest, Inventory
from chyves_core.properties.schema import Schema, load_schema
from chyves_core.settings import default_settings, global_settings
from chyves_core.sizes import exact_size, parse_size

# What can be taken off a disk.
TEXTS = ("description", "notes")


@dataclass(frozen=True)
class Difference:
    """One value that the host has and the one that a file wants, None where there is none.

    `disk` is the disk whose value it is, and empty for one of the guest itself.
    """

    disk: str
    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Comparison:
    """A definition, the guest of that name where there is one, and how they differ."""

    definition: Definition
    guest: Guest | None
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether the guest is as its definition says."""
        return self.guest is not None and not self.differences

    def of_guest(self) -> list[Difference]:
        """Return the differences in properties of the guest itself."""
        return [each for each in self.differences if not each.disk and each.name != POOL]

    def of_disk(self, name: str) -> list[Difference]:
        """Return the differences of one disk."""
        return [each for each in self.differences if each.disk == name]


def compare_all(
    inventory: Inventory, given: Sequence[Definition], *, exact: bool
) -> list[Comparison]:
    """Return how the host differs from the definitions, in their order.

    Raises where one has a wrong value, or where two guests of its name are there.
    """
    global_ = global_settings(inventory.storage)
    unknown_allowed = not global_.enabled("restrict_new_property_names")
    size = default_settings(inventory.storage)["size"]
    return [
        compare(inventory, definition, exact=exact, new_size=size)
        for definition in definitions.check(given, unknown_allowed=unknown_allowed)
    ]


def compare(
    inventory: Inventory, definition: Definition, *, exact: bool, new_size: str
) -> Comparison:
    """Return how the guest of a definition differs from it; `new_size` is that of new disks."""
    name = definition.name
    there = name in inventory.guests or name in inventory.twice
    guest = inventory.guest(name) if there else None
    differences = [
        *compare_pool(guest, definition),
        *compare_properties(guest, definition, exact),
        *compare_disks(guest, definition, exact, new_size),
    ]
    return Comparison(definition, guest, tuple(differences))


def compare_pool(guest: Guest | None, definition: Definition) -> Iterator[Difference]:
    """Yield the difference of the pool, where a file names one."""
    pool = guest.pool if guest else None
    if definition.pool not in (None, pool):
        yield Difference("", POOL, pool, definition.pool)


def compare_properties(
    guest: Guest | None, definition: Definition, exact: bool
) -> Iterator[Difference]:
    """Yield the properties of a guest that differ."""
    own = dict(guest.properties) if guest else {}
    wanted = {name: definition.properties[name] for name in sorted(definition.properties)}
    if guest and SLOTS in wanted:
        wanted[SLOTS] = slots.show_slots(merged_slots(guest, definition))
    for name, value in wanted.items():
        known = guest.schema.find(name) if guest else None
        # One that a guest always has, and that was never set on it, has its default.
        otherwise = known.default if known else None
        if own.get(name, otherwise) != value:
            yield Difference("", name, own.get(name, otherwise), value)
    for name in surplus(guest, wanted) if guest and exact else ():
        yield Difference("", name, own[name], None)


def merged_slots(guest: Guest, definition: Definition) -> dict[str, slots.Place]:
    """Return the PCI slots of a guest's devices: those of the file, and its own for all others."""
    given = slots.parse_slots(definition.properties.get(SLOTS, ""))
    gone = [name for name in dropped_interfaces(guest, definition) if name not in given]
    own = slots.release(slots.parse_slots(guest.value(SLOTS)), gone)
    merged = {**own, **given}
    for device, slot in given.items():
        others = [e for e in merged if slots.clash(merged[e], slot) and e != device]
        if others:
            raise Refused(f"{definition.place} {SLOTS}: {others[0]} keeps the slot {slot}")
    return merged


def dropped_interfaces(guest: Guest, definition: Definition) -> list[str]:
    """Return the interfaces of a guest that its definition does not have any more."""
    wanted = definition.properties.get(INTERFACES)
    return [] if wanted is None else [n for n in guest.interfaces if n not in wanted.split(",")]


def surplus(guest: Guest, wanted: Mapping[str, str]) -> list[str]:
    """Return the optional properties of a guest that a file does not name.

    What the guest is known by stays: addresses and bridges of its interfaces, its VNC port.
    """
    interfaces = wanted.get(INTERFACES, guest.value(INTERFACES)).split(",")
    kept = {f"{name}{end}" for name in interfaces for end in ("_mac", "_bridge")}
    return [
        name
        for name in sorted(guest.properties)
        if name not in wanted and name not in kept and can_go(guest.schema, name)
    ]


def can_go(schema: Schema, name: str) -> bool:
    """Return whether a property that no file names can be taken off a guest."""
    known = schema.find(name)
    if known is None or known.name.endswith("_mac"):
        return True
    return known.optional and not known.marks & {"unique", "managed", "secret"}


def compare_disks(
    guest: Guest | None, definition: Definition, exact: bool, new_size: str
) -> Iterator[Difference]:
    """Yield what differs of the disks; a new guest has a disk unless it is to have none."""
    own = {disk.name: disk for disk in guest.disks} if guest else {}
    wanted = dict(definition.disks)
    if guest is None and not wanted and not definition.diskless:
        wanted["disk0"] = {}
    for name in sorted(wanted, key=lambda disk: int(disk.removeprefix("disk"))):
        if name in own:
            yield from compare_disk(own[name], wanted[name], exact)
            continue
        yield Difference(name, "size", None, wanted[name].get("size", new_size))
        for key, value in wanted[name].items():
            if key != "size":
                yield Difference(name, key, None, value)
    if exact and guest and (wanted or definition.diskless):
        for name in own:
            if name not in wanted:
                yield Difference(name, "size", exact_size(own[name].size), None)


def compare_disk(disk: Disk, wanted: Mapping[str, str], exact: bool) -> Iterator[Difference]:
    """Yield what differs of a disk that is there."""
    if "size" in wanted:
        # ZFS may have made a little more of it than was asked for.
        least, most = parse_size(wanted["size"]) or 0, read_size(wanted["size"])
        if not least <= disk.size <= most:
            yield Difference(disk.name, "size", exact_size(disk.size), exact_size(most))
    for name, value in wanted.items():
        if name != "size" and disk.properties.get(name) != value:
            yield Difference(disk.name, name, disk.properties.get(name), value)
    for name in TEXTS if exact else ():
        if name in disk.properties and name not in wanted:
            yield Difference(disk.name, name, disk.properties[name], None)


def show(comparison: Comparison) -> str:
    """Return the differences of one guest as diff(1) would show them; nothing where it is same."""
    if comparison.same:
        return ""
    name, guest = comparison.definition.name, comparison.guest
    lines = [
        f"--- {name} ({'this host' if guest else 'not on this host'})",
        f"+++ {name} ({comparison.definition.file})",
    ]
    schema = guest.schema if guest else load_schema("guest")
    for each in comparison.differences:
        for sign, value in (("-", each.old), ("+", each.new)):
            if value is not None:
                lines.append(f"{sign}{show_value(schema, each, value)}")
    return "".join(f"{line}\n" for line in lines)


def show_value(schema: Schema, difference: Difference, value: str) -> str:
    """Return `name = value`, a disk's with its name in front; passwords are not shown."""
    from chyves_core.output import escape

    if difference.disk:
        name = "serial" if difference.name == SERIAL else difference.name
        return f"{difference.disk} {name} = {escape(value)}"
    hidden = value and schema.is_secret(difference.name)
    return f"{difference.name} = {HIDDEN if hidden else escape(value)}"
