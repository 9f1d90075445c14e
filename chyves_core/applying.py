"""Make the guests of this host as their definitions say; nothing where they are so already.

All definitions are planned before the first is carried out. Whatever was stopped half-way is
ended by applying the same again: what is not as it should be still differs then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chyves_core.cli import Changing, for_each
from chyves_core import comparing, create, creating, locks, names, setting, zfs
from chyves_core.bhyve import slots
from chyves_core.comparing import Comparison, Difference
from chyves_core.definitions import INTERFACES, POOL, SERIAL, SLOTS, Definition
from chyves_core.disks.finding import check_writable, disks_lock
from chyves_core.errors import ChyvesError, Refused
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.loaders.profiles import check_known
from chyves_core.numbering import Taken, add_guest, read_taken
from chyves_core.plan import Plan
from chyves_core.runtime import Runtime, read_runtime
from chyves_core.settings import Settings, default_settings, global_settings
from chyves_core.sizes import parse_size
from chyves_core.snapshots import revert
from chyves_core.uniqueness import check_disk_serials, check_interfaces


@dataclass(frozen=True)
class Work:
    """What is to be done for one guest: it is made, or the plan changes it."""

    name: str
    new: create.NewGuest | None
    plan: Plan
    running: bool


def apply(command: Changing, given: Sequence[Definition], *, exact: bool) -> int:
    """Apply definitions after a preview and a question; return the worst status of all guests."""
    host = command.host
    seen = None
    if not (command.yes or command.dry_run):
        inventory = read_inventory(host)
        seen = comparing.compare_all(inventory, given, exact=exact)
        plan_all(host, inventory, seen)
        if all(each.same for each in seen):
            return 0
        preview(command, seen)
        command.confirm("Make the guests like this?")
    wanted = [lock(each.name) for each in given for lock in (locks.guest_lock, disks_lock)]
    with locks.hold(host, locks.NUMBERING, *wanted, seconds=120):
        inventory = read_inventory(host)
        found = comparing.compare_all(inventory, given, exact=exact)
        if seen is not None and shown(found) != shown(seen):
            raise Refused("the guests have changed in the meantime, nothing was done", "once more")
        work = plan_all(host, inventory, found)
        if seen is None and not host.dry_run:
            preview(command, found)
        return for_each(work, lambda each: each.name, lambda each: do(command, inventory, each))


def shown(found: Sequence[Comparison]) -> str:
    """Return what a preview of the comparisons shows."""
    return "".join(comparing.show(each) for each in found)


def preview(command: Changing, found: Sequence[Comparison]) -> None:
    """Show what differs."""
    text = shown(found)
    if text:
        command.say(text.rstrip("\n"))


def do(command: Changing, inventory: Inventory, work: Work) -> None:
    """Carry out what is to be done for one guest, and say it."""
    host = command.host
    if work.new:
        creating.make(host, inventory, work.new)
    else:
        change(host, work.plan)
    if host.dry_run:
        return
    if work.new:
        command.say(f"{work.name}: created on {work.new.pool.name}")
    elif work.running:
        command.say(f"{work.name}: changed; it is running, and that counts from its next start")
    else:
        command.say(f"{work.name}: changed")


def change(host: Host, plan: Plan) -> None:
    """Carry out the steps that change a guest; where one fails, those before it stay."""
    try:
        host.act(*plan)
    except ChyvesError as error:
        error.hint = error.hint or "the same again goes on; chyves diff shows what is left to do"
        raise


def plan_all(host: Host, inventory: Inventory, found: Sequence[Comparison]) -> list[Work]:
    """Return what is to be done; raises, before anything is, where one definition can't be met."""
    found = [each for each in found if not each.same]
    if not found:
        return []
    for each in found:
        refuse(each)
    runtime = read_runtime(host)
    planner = Planner(inventory, runtime, read_all_taken(host, inventory, found))
    work = [planner.plan(host, each) for each in found]
    values = {each.definition.name: changed_values(each) for each in found}
    setting.check_unique(inventory, values)
    check_interfaces(inventory, values)
    check_disk_serials(inventory, {each.definition.name: serials(each) for each in found})
    known = {each.definition.place: values[each.definition.name] for each in found}
    check_known(host, {place: given["os"] for place, given in known.items() if "os" in given})
    for new in (each.new for each in work if each.new):
        create.plan_clearing(inventory, new.name, new.dataset)
    return work


def refuse(comparison: Comparison) -> None:
    """Raise Refused for what a file can ask for and only a command of its own does."""
    guest = comparison.guest
    if guest is None:
        return
    for each in comparison.differences:
        if each.name == POOL and not each.disk:
            raise Refused(
                f"{comparison.definition.place} {POOL} = {each.new}: the guest is on {each.old}",
                f"chyves {guest.name} move {each.new}",
            )
        if each.disk and each.name == "size":
            refuse_loss(comparison, guest, each)
            check_writable(guest)


def refuse_loss(comparison: Comparison, guest: Guest, size: Difference) -> None:
    """Raise Refused where a disk would shrink or go: no file takes data away."""
    place, disk = comparison.definition.place, size.disk
    if size.new is None:
        raise Refused(
            f"{place} does not have {disk} ({size.old}), which is never deleted from a file",
            f"chyves {guest.name} disk delete {disk}",
        )
    if size.old is not None and bytes_of(size.new) < bytes_of(size.old):
        raise Refused(
            f"{place} [[{disk}]] size = {size.new}: it has {size.old}, and never shrinks by a file",
            f"chyves {guest.name} disk resize {disk} {size.new} force",
        )


def bytes_of(size: str) -> int:
    """Return the bytes of a size that was checked."""
    return parse_size(size) or 0


def changed_values(comparison: Comparison) -> dict[str, str]:
    """Return the properties of a guest that get another value."""
    return {each.name: each.new for each in comparison.of_guest() if each.new is not None}


def serials(comparison: Comparison) -> dict[str, str]:
    """Return the serial numbers by disk that a file gives to the disks of a guest."""
    return {
        each.disk: each.new for each in comparison.differences if each.name == SERIAL and each.new
    }


def read_all_taken(host: Host, inventory: Inventory, found: Sequence[Comparison]) -> Taken:
    """Return what is in use on this host, and what the definitions will use."""
    taken = read_taken(host, inventory.storage)
    for each in found:
        add_guest(taken, dict(each.definition.properties))
    return taken


class Planner:
    """Plans guests one after another; numbers that one gets are taken for the next."""

    def __init__(self, inventory: Inventory, runtime: Runtime, taken: Taken) -> None:
        self.inventory = inventory
        self.runtime = runtime
        self.taken = taken
        self.defaults: Settings = default_settings(inventory.storage)
        self.global_: Settings = global_settings(inventory.storage)

    def plan(self, host: Host, comparison: Comparison) -> Work:
        """Return what is to be done for one guest; an error names the file."""
        name, guest = comparison.definition.name, comparison.guest
        try:
            if guest is None:
                revert.check_new(name, comparison.definition.properties)
                return Work(name, self.new_guest(host, comparison), (), False)
            running = self.runtime.is_running(name)
            return Work(name, None, self.changes(host, comparison, guest), running)
        except ChyvesError as error:
            message = error.message.removeprefix(f"{name}: ")
            raise type(error)(f"{comparison.definition.place} {message}", error.hint) from None

    def new_guest(self, host: Host, comparison: Comparison) -> create.NewGuest:
        """Return the guest that a definition makes anew."""
        definition, storage = comparison.definition, self.inventory.storage
        pool = storage.active_pool(definition.pool) if definition.pool else storage.primary
        longest = names.longest_name(host, pool.root, [definition.name])
        names.check_new_name(definition.name, longest=longest)
        disks = self.new_disks(comparison)
        properties = create.guest_properties(
            self.defaults,
            self.global_,
            self.taken,
            definition.properties,
            [disk.name for disk in disks],
        )
        return create.NewGuest(definition.name, pool, properties, disks)

    def new_disks(self, comparison: Comparison) -> tuple[create.NewDisk, ...]:
        """Return the disks that a guest does not have yet."""
        disks = []
        for size in comparison.differences:
            if size.disk and size.name == "size" and size.old is None and size.new:
                own = {
                    each.name: each.new
                    for each in comparison.of_disk(size.disk)
                    if each.name != "size" and each.new is not None
                }
                amount = create.read_size(size.new)
                disks.append(create.new_disk(self.defaults, size.disk, amount, own))
        return tuple(disks)

    def changes(self, host: Host, comparison: Comparison, guest: Guest) -> Plan:
        """Return the steps that change a guest, new disks and what makes it a template last."""
        disks = self.new_disks(comparison)
        values = changed_values(comparison)
        values |= self.additions(comparison, guest, values, [disk.name for disk in disks])
        change = setting.guest_change(self.inventory, guest, values)
        setting.check_templates([change], self.runtime)
        revert.check_set(host, self.inventory, [change])
        now, last = dict(change.values), {}
        if now.get("readonly") == "on":
            last = {name: now.pop(name) for name in (f"{GUEST_PREFIX}template", "readonly")}
        removed = [each.name for each in comparison.of_guest() if each.new is None]
        return (
            *((zfs.set_properties([guest.dataset], now),) if now else ()),
            *(zfs.inherit([guest.dataset], f"{GUEST_PREFIX}{name}") for name in removed),
            *(step for disk in guest.disks for step in plan_disk(comparison, disk.name, guest)),
            *(create.plan_disk(guest.dataset, disk) for disk in disks),
            *((zfs.set_properties([guest.dataset], last),) if last else ()),
        )

    def additions(
        self,
        comparison: Comparison,
        guest: Guest,
        values: Mapping[str, str],
        disks: Sequence[str],
    ) -> dict[str, str]:
        """Return what new interfaces and disks of a guest need and its file does not say."""
        definition = comparison.definition
        gone = comparing.dropped_interfaces(guest, definition)
        wanted = values.get(INTERFACES, guest.value(INTERFACES)).split(",")
        added = [name for name in wanted if name and name not in guest.interfaces]
        if not (added or gone or disks):
            return {}
        known = {**guest.properties, **definition.properties}
        found = create.interface_properties(self.defaults, self.taken, added, known)
        kept = comparing.merged_slots(guest, definition)
        kind = values.get("bhyve_disk_type", guest.value("bhyve_disk_type"))
        slot_text = slots.show_slots(
            slots.assign(
                kept,
                (*disks, *added),
                consolidate=self.global_.enabled(slots.CONSOLIDATE),
                ahci=disks if kind == slots.AHCI_DISK else (),
            )
        )
        return {**found, SLOTS: slot_text}


def plan_disk(comparison: Comparison, name: str, guest: Guest) -> Plan:
    """Return the zfs calls that change a disk that is there: it grows, its texts are others."""
    values, removed = {}, []
    for each in comparison.of_disk(name):
        if each.new is None:
            removed.append(f"{GUEST_PREFIX}{each.name}")
        elif each.name == "size":
            values["volsize"] = str(create.read_size(each.new))
        else:
            values[f"{GUEST_PREFIX}{each.name}"] = each.new
    dataset = f"{guest.dataset}/{name}"
    return (
        *((zfs.set_properties([dataset], values),) if values else ()),
        *(zfs.inherit([dataset], each) for each in removed),
    )
