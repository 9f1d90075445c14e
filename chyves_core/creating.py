"""Create guests: read what the host has, plan, and carry it out under one lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chyves_core import create, locks, names, room
from chyves_core.errors import ChyvesError, UsageError
from chyves_core.guests import Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.numbering import read_taken
from chyves_core.properties.assignments import (
    check_assignments,
    read_assignments,
    split_assignment,
)
from chyves_core.properties.schema import load_schema
from chyves_core.setting import check_disks, check_unique
from chyves_core.settings import default_settings, global_settings
from chyves_core.sizes import show_size


@dataclass(frozen=True)
class Request:
    """What the command line of `create` asks for; `size` in bytes."""

    names: tuple[str, ...]
    size: int | None
    pool: str | None
    properties: dict[str, str]


def read_request(guests: str, words: Sequence[str]) -> Request:
    """Return what the words of `create` ask for; a word is a size, a pool or PROPERTY=VALUE."""
    size: int | None = None
    pool: str | None = None
    assignments = []
    for word in words:
        if split_assignment(word):
            assignments.append(word)
        elif size is None and word[:1].isdigit():
            size = create.read_size(word)
        elif pool is None:
            pool = word
        else:
            raise UsageError(f"{word}: one size and one pool are enough")
    return Request(tuple(names.split_list(guests)), size, pool, read_assignments(assignments))


def create_guests(host: Host, request: Request) -> list[create.NewGuest]:
    """Create the guests of a request and return them.

    All of them are planned before the first is made. Where one fails, what was made of it is
    taken away again; those before it stay.
    """
    for name in request.names:
        names.check_new_name(name)
    guest_locks = [locks.guest_lock(name) for name in request.names]
    with locks.hold(host, locks.NUMBERING, *guest_locks, seconds=120):
        inventory = read_inventory(host)
        guests = plan_guests(host, inventory, request)
        for guest in guests:
            make(host, inventory, guest)
    return guests


def plan_guests(host: Host, inventory: Inventory, request: Request) -> list[create.NewGuest]:
    """Return the guests that a request means, with all their properties; nothing is made yet."""
    storage = inventory.storage
    pool = storage.active_pool(request.pool) if request.pool else storage.primary
    longest = names.longest_name(host, pool.root, request.names)
    for name in request.names:
        names.check_new_name(name, longest=longest)
        inventory.check_free(name)
    defaults, global_ = default_settings(storage), global_settings(storage)
    restricted = global_.enabled("restrict_new_property_names")
    chosen = check_properties(host, inventory, request, restricted)
    if "os" in chosen:
        from chyves_core.loaders.profiles import check_known

        check_known(host, {request.names[0]: chosen["os"]})
    taken = read_taken(host, storage)
    size = request.size or create.read_size(defaults["size"])
    return [
        create.NewGuest(
            name,
            pool,
            create.guest_properties(defaults, global_, taken, chosen),
            (create.new_disk(defaults, "disk0", size),),
        )
        for name in request.names
    ]


def check_properties(
    host: Host, inventory: Inventory, request: Request, restricted: bool
) -> dict[str, str]:
    """Return the properties of a request as they are stored; no other guest may have them."""
    schema = load_schema("guest")
    chosen = check_assignments(schema, request.properties, unknown_allowed=not restricted)
    for name, value in chosen.items():
        known = schema.find(name)
        if known and "unique" in known.marks and len(request.names) > 1:
            raise UsageError(f"{name}={value}: no two guests can have the same value")
    check_unique(inventory, {request.names[0]: chosen})
    check_disks(request.names[0], ["disk0"], chosen)
    if any(name.startswith(("bargs", "pcidev_")) for name in chosen):
        from chyves_core.bhyve.known import check_chosen

        check_chosen(host, {request.names[0]: chosen})
    if chosen.get("revert_to_snapshot"):
        from chyves_core.snapshots.revert import check_new

        check_new(request.names[0], chosen)
    return chosen


def make(host: Host, inventory: Inventory, guest: create.NewGuest) -> None:
    """Make one guest whole, or leave nothing of it."""
    first, *rest = create.plan_guest(guest)
    what = f"a disk of {show_size(sum(disk.size for disk in guest.disks))}"
    with room.told(host, guest.name, what, f"{guest.pool.root}/guests"):
        host.act(*create.plan_clearing(inventory, guest.name, guest.dataset), first)
        try:
            host.act(*rest)
        except (ChyvesError, KeyboardInterrupt):
            host.try_to(*create.undo(guest))
            raise
