"""`chyves list WORD`: one property of every guest, or the things that a word names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chyves_core.errors import UsageError, did_you_mean
from chyves_core.guests import Guest, Inventory
from chyves_core.look import Look
from chyves_core.output import Row, Size

if TYPE_CHECKING:
    from chyves_core.bhyve.slots import Place


@dataclass(frozen=True)
class Listed:
    """A list ready to be printed: its rows, the columns shown, and what there is none of.

    Rows may hold more than the columns show: `-o` and JSON give all of it.
    """

    columns: tuple[str, ...]
    rows: Sequence[Row]
    what: str


def make_list(look: Look, words: Sequence[str]) -> Listed:
    """Return the list that the words behind `chyves list` ask for; raises UsageError."""
    from chyves_core import listing_host, listing_storage
    from chyves_core.network import showing
    from chyves_core.snapshots import listing as listing_snapshots

    kinds: Mapping[str, Callable[[Look, str | None], Listed]] = {
        "bridges": showing.bridges,
        "clones": clones,
        "defaults": listing_host.defaults,
        "disks": disks,
        "firmware": listing_storage.firmware,
        "global": listing_host.global_properties,
        "groups": groups,
        "iso": listing_storage.isos,
        "pools": listing_storage.pools,
        "processes": listing_host.processes,
        "profiles": listing_host.profiles,
        "properties": listing_host.properties,
        "snapshots": listing_snapshots.list_snapshots,
        "tap": showing.active_taps,
    }
    takes_word = ("disks", "global", "processes", "snapshots", "tap")
    kind, *rest = words
    if kind not in kinds:
        # Said before a word too many: an unknown word is more to the point.
        found = property_list(look.inventory, kind, list(kinds))
    if len(rest) > (1 if kind in takes_word else 0):
        raise UsageError(f"{rest[-1]}: is one word too many", f"chyves list {kind}")
    return kinds[kind](look, rest[0] if rest else None) if kind in kinds else found


def property_list(inventory: Inventory, name: str, kinds: Sequence[str]) -> Listed:
    """Return one property of every guest, or of every disk where it is one of theirs."""
    from chyves_core import info_columns
    from chyves_core.properties.schema import load_schema

    guests = inventory.guests.values()
    if load_schema("guest").find(name) or any(name in each.properties for each in guests):
        rows = [
            {"guest": guest.name, name: info_columns.property_value(guest, name)}
            for guest in guests
        ]
        return Listed(("guest", name), rows, "guests")
    if load_schema("disk").find(name):
        rows = [
            {"guest": guest.name, "disk": disk.name, name: disk.properties.get(name)}
            for guest in guests
            for disk in guest.disks
        ]
        return Listed(("guest", "disk", name), rows, "disks")
    raise unknown(inventory, name, kinds)


def unknown(inventory: Inventory, word: str, kinds: Sequence[str]) -> UsageError:
    """Return the error for a word that names no list and no property."""
    if word in inventory.guests:
        return UsageError(f"{word}: is a guest, not a list", f"chyves info {word}")
    from chyves_core.properties.schema import load_schema

    properties = [each.name for each in load_schema("guest").properties]
    hint = did_you_mean(word, [*kinds, *properties], f"{', '.join(kinds)}, or a property")
    return UsageError(f"{word}: there is no list of that name", hint)


def disks(look: Look, word: str | None) -> Listed:
    """Return the disks of all guests, or of those that the word means: zvols, then image files."""
    rows = [row for guest in look.guests([word] if word else []) for row in disk_rows(look, guest)]
    columns = ("guest", "disk", "size", "used", "dataset", "serial", "description")
    return Listed(columns, rows, "disks")


def shown_place(places: Mapping[str, Place], device: str) -> str | None:
    """Return the PCI slot of a device as pci_slots writes it."""
    return str(places[device]) if device in places else None


def disk_rows(look: Look, guest: Guest) -> Iterator[Row]:
    """Yield a row for each disk of a guest; `slot` is its PCI slot, once it has one."""
    from chyves_core.bhyve.slots import parse_slots
    from chyves_core.disks.images import read_images
    from chyves_core.info_columns import said

    slots = parse_slots(guest.value("pci_slots"))
    for disk in guest.disks:
        yield {
            "guest": guest.name,
            "disk": disk.name,
            "size": Size(disk.size),
            "used": look.used(disk),
            "dataset": disk.dataset,
            "serial": disk.properties.get("disk_serial"),
            "description": said(disk.properties.get("description")),
            "notes": said(disk.properties.get("notes")),
            "slot": shown_place(slots, disk.name),
            "path": disk.device,
            "options": guest.properties.get(f"virtio_block_options_{disk.name}"),
            "source": disk.properties.get("source"),
        }
    for image in read_images(look.host, guest):
        yield {
            **dict.fromkeys(("dataset", "serial", "description", "notes", "options", "source")),
            "guest": guest.name,
            "disk": image.name,
            "size": Size(image.size),
            "used": Size(image.used),
            "slot": shown_place(slots, image.name),
            "path": image.path,
        }


def groups(look: Look, word: str | None) -> Listed:
    """Return the groups, each with its guests."""
    rows = [
        {"group": name, "guests": tuple(guests)}
        for name, guests in sorted(look.inventory.groups.items())
    ]
    return Listed(("group", "guests"), rows, "groups")


def clones(look: Look, word: str | None) -> Listed:
    """Return the guests of which anything is a ZFS clone, and what it stands on.

    `disks` are those that stand on that snapshot, or on one of their own; `independent` the rest.
    """
    rows = []
    for guest in look.inventory.guests.values():
        origins = {disk.name: look.origin(disk) for disk in guest.disks}
        first = guest.origin or next(filter(None, origins.values()), "")
        if first:
            dataset, _, snapshot = first.partition("@")
            rows.append(
                {
                    "guest": guest.name,
                    "origin": guest_of(dataset),
                    "snapshot": f"@{snapshot}",
                    "pool": guest.pool,
                    "disks": tuple(name for name in origins if origins[name]),
                    "independent": tuple(name for name in origins if not origins[name]),
                }
            )
    return Listed(("guest", "origin", "snapshot", "pool", "disks"), rows, "clones")


def guest_of(dataset: str) -> str:
    """Return the name of the guest that a dataset belongs to, or else the dataset's."""
    _, _, below = dataset.partition("/chyves/guests/")
    return below.partition("/")[0] or dataset
