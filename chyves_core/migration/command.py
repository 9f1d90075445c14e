"""The command `chyves import`: preview, question, and then guest by guest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chyves_core.cli import Changing, cli
from chyves_core import journal, locks, names, replicate
from chyves_core.bhyve.version import read_facts
from chyves_core.disks.finding import disks_lock
from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, VERSION_PROPERTY, Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.migration import managers, moving, preview, reading
from chyves_core.migration.managers import Manager
from chyves_core.migration.old import FROM, OldGuest
from chyves_core.migration.planning import Here, Planning
from chyves_core.numbering import Taken, add_guest, read_taken
from chyves_core.pools import GLOBAL_PREFIX
from chyves_core.runtime import read_processes
from chyves_core.settings import global_settings
from chyves_core.zfs import set_properties


@dataclass(frozen=True)
class Found:
    """What one look found: this host, all guests of the old manager, and words about the host."""

    inventory: Inventory
    manager: Manager
    planning: Planning


class ImportCommand(Changing):
    """`chyves import MANAGER [GUEST...]`."""

    pool = cli.SwitchAttr(["--pool"], str, argname="POOL", help="only what is on this pool")
    by_rename = cli.Flag(["--rename"], help="rename the datasets, the default")
    by_copy = cli.Flag(["--copy"], excludes=["--rename"], help="copy, the source stays")
    clean = cli.Flag(["--clean"], help="take the old manager's properties off")
    resources = cli.Flag(["--resources"], help="ISO images and all firmware, too")
    json = cli.Flag(["--json"], help="only the preview, as JSON")

    def main(self, manager: str, *guests: str) -> None:
        reader = reading.find(manager)
        wanted = tuple(dict.fromkeys(name for word in guests for name in names.split_list(word)))
        if not self.dry_run and not self.json:
            end_interrupted(self, manager)
            if self.by_copy:
                moving.forget_copying(self.host, manager)
        before = self.look(reader, wanted)
        if self.json:
            preview.show_json(before.planning, before.manager.notes)
            return
        if self.dry_run or not (self.yes and self.quiet):
            preview.show(before.planning, before.manager.notes, commented=bool(self.dry_run))
        self.refuse(before.planning)
        planned = before.planning.arrivals
        if not (planned or self.clean or self.resources or before.manager.before):
            self.tidy(before.inventory)
            self.say("there is nothing to import")
            return
        self.confirm(f"Import {len(planned)} guest{'s' if len(planned) != 1 else ''}?")
        wanted_locks = [
            lock
            for each in planned
            for lock in (locks.guest_lock(each.name), disks_lock(each.name))
        ]
        with locks.hold(self.host, locks.LAYOUT, locks.NUMBERING, *wanted_locks, seconds=60):
            now = self.look(reader, wanted)
            if rows(now) != rows(before):
                raise Refused("what is to be imported has changed just now", "the same again")
            self.carry_out(now)
        if self.clean:
            self.clean_up(manager, wanted)

    def look(self, reader: reading.Reader, wanted: Sequence[str]) -> Found:
        """Read this host and the old manager's guests, and plan those that are wanted."""
        host = self.host
        inventory = read_inventory(host)
        if self.pool:
            inventory.storage.pool(self.pool)
        manager = reader(host, inventory, bool(self.by_copy))
        inventory = manager.inventory or inventory
        primary = inventory.storage.primary
        chosen = self.choose(inventory, manager.guests, wanted)
        facts = read_facts(host)
        here = Here(
            inventory,
            global_settings(inventory.storage),
            guests_numbers(inventory, {each.dataset for each in chosen}),
            read_taken(host, inventory.storage),
            manager.datasets,
            frozenset(host.list_folder("/dev/vmm")),
            read_processes(host),
            facts.has_disk_serials,
            names.longest_name(host, primary.root, [each.name for each in chosen]),
        )
        planning = Planning(here, bool(self.by_copy))
        planning.bridges.update(manager.new_bridges(here.settings))
        planning.add_all(chosen)
        return Found(inventory, manager, planning)

    def choose(
        self, inventory: Inventory, guests: Sequence[OldGuest], wanted: Sequence[str]
    ) -> list[OldGuest]:
        """Return the guests that are meant and are not here yet; raises NotFound."""
        come = [guest for guest in inventory.guests.values() if origin_of(guest)]
        there = [each for each in guests if self.pool in (None, each.pool)]
        new = [each for each in there if not any(is_same(each, guest) for guest in come)]
        known = {each.name for each in there} | {guest.name for guest in come}
        for name in wanted:
            if name not in known:
                raise names.no_such_guest(name, sorted(known))
        return [each for each in new if not wanted or each.name in wanted]

    def refuse(self, planning: Planning) -> None:
        """Raise Refused where anything stands in the way; nothing has been changed."""
        if planning.obstacles:
            first = planning.obstacles[0]
            more = len(planning.obstacles) - 1
            others = f" (and {more} more)" if more else ""
            raise Refused(f"{first.guest}: {first.message}{others}", first.hint or None)

    def carry_out(self, found: Found) -> None:
        """Bring all guests, one after the other; what stops one leaves the others as they are."""
        host, planning = self.host, found.planning
        host.act(*found.manager.before)
        vlans = found.manager.vlans if planning.bridges else {}
        if planning.bridges:
            primary = found.inventory.storage.primary
            values = {
                f"{GLOBAL_PREFIX}{bridge}_phy_attach": uplink
                for bridge, uplink in planning.bridges.items()
            }
            values |= {f"{GLOBAL_PREFIX}vlan{tag}_parent": name for tag, name in vlans.items()}
            host.act(set_properties([primary.root], values))
        found.manager.bring_resources(self, found.inventory, planning, everything=self.resources)
        built = [each for each in planning.arrivals if self.by_copy or not each.old.dataset]
        pools = sorted({each.pool for each in built})
        for pool in pools:
            host.act(*moving.place_for_copies(found.inventory, pool))
        try:
            for arrival in planning.arrivals:
                found.manager.bring(self, arrival, found.inventory)
                if not host.dry_run:
                    text = f"is on {arrival.pool} now, from {arrival.old.manager}"
                    self.say(f"{arrival.name}: {text}")
        finally:
            for pool in pools:
                replicate.tidy(host, f"{pool}/chyves")

    def tidy(self, inventory: Inventory) -> None:
        """Take away what an import left behind that was killed just before its end."""
        storage = inventory.storage
        roots = [each.root for each in storage.active_pools]
        left = [root for root in roots if replicate.is_empty_place(storage.datasets, root)]
        if left and not self.dry_run:
            with locks.hold(self.host, locks.LAYOUT):
                for root in left:
                    replicate.tidy(self.host, root)

    def clean_up(self, manager: str, wanted: Sequence[str]) -> None:
        """Take the properties of the old manager off the guests that came from it."""
        for guest in read_inventory(self.host).guests.values():
            is_from = origin_of(guest).partition(" ")[0] == manager
            if is_from and (not wanted or guest.name in wanted):
                with locks.hold(self.host, locks.guest_lock(guest.name)):
                    self.host.act(*managers.plan_cleaning(self.host, guest, manager))
                if not self.host.dry_run:
                    self.say(f"{guest.name}: has no properties of {manager} any more")


def rows(found: Found) -> list[Mapping[str, object]]:
    """Return the preview as it was shown, to be compared; a new UUID is another one each time."""
    return [row for row in preview.rows_of(found.planning) if row["old"] != "uuid"]


def guests_numbers(inventory: Inventory, coming: Collection[str]) -> Taken:
    """Return the numbers that guests have, leaving out what just stands on the host.

    Those that are `coming` may be in their place already, with properties of an older chyves.
    """
    taken = Taken()
    for dataset in inventory.storage.datasets.values():
        # A copy that was cut short has it too, and is no guest.
        in_place = dataset.name.rpartition("/")[0].endswith("/guests")
        counts = dataset.own(VERSION_PROPERTY) is not None and dataset.name not in coming
        if in_place and counts:
            add_guest(taken, dataset.own_with_prefix(GUEST_PREFIX))
    return taken


def is_same(old: OldGuest, guest: Guest) -> bool:
    """Return whether a guest here was made of one there; a clone of it has the origin, too."""
    same_uuid = old.values.get("uuid", "-") == guest.properties.get("uuid")
    return origin_of(guest) == old.origin and (guest.name == old.name or same_uuid)


def origin_of(guest: Guest) -> str:
    """Return the manager and the dataset that a guest came from, nothing where it is our own."""
    return guest.properties.get(FROM, "")


def end_interrupted(command: Changing, manager: str) -> None:
    """End the imports from a manager that were interrupted."""
    host: Host = command.host
    for entry in journal.pending(host).values():
        if entry.title.startswith(f"import {manager} "):
            with locks.hold(host, *entry.locks, interrupted=True):
                for path, now in journal.concerning(host, entry.locks).items():
                    if now.title == entry.title:
                        journal.finish(host, path, now)
                        command.say(f"`chyves {entry.title}` was interrupted, and is done now")
