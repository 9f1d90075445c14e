"""Plan the arrival of guests: their properties here, and everything that stands in the way.

All guests are planned before the first is touched. What their systems see stays; what only this
host sees (tap, nmdm, VNC port) gets another number where a guest has it already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from chyves_core import names
from chyves_core.bhyve import slots
from chyves_core.errors import ChyvesError, UsageError
from chyves_core.guests import GUEST_PREFIX, Inventory
from chyves_core.migration import derived, grub_files
from chyves_core.migration.arrival import (
    SERIAL_PROPERTY,
    Arrival,
    Obstacle,
    disk_moves,
    disk_path,
    folder_of,
)
from chyves_core.migration.devices import moved_path, parse_device
from chyves_core.migration.old import FROM, PREFIX, RENUMBERED, Line, OldGuest, OldNic
from chyves_core.migration.renumbering import Numbers
from chyves_core.network.design import PRIVATE
from chyves_core.numbering import Taken
from chyves_core.pools import Pool
from chyves_core.properties.schema import load_schema
from chyves_core.replicate import is_in
from chyves_core.runtime import Process, part_of
from chyves_core.settings import Settings
from chyves_core.zfs import Dataset


@dataclass(frozen=True)
class Here:
    """What an import meets on this host.

    `numbers` are those of guests, `taken` those that stand on the host, too. `old` are the
    datasets of the old manager. `serials_are_told` is whether this bhyve takes serial numbers.
    """

    inventory: Inventory
    settings: Settings
    numbers: Taken
    taken: Taken
    old: Mapping[str, Dataset]
    vmm: frozenset[str]
    processes: Sequence[Process]
    serials_are_told: bool
    longest_name: int


@dataclass
class Planning:
    """All arrivals of one command, in their order, with what was found in their way.

    `bridges` are the attachments that the design gets for them.
    """

    here: Here
    is_copied: bool
    arrivals: list[Arrival] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)
    bridges: dict[str, str] = field(default_factory=dict)
    moves: dict[str, str] = field(default_factory=dict)
    serials: dict[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> Numbers:
        """What gives guests their numbers."""
        return Numbers(self.here.settings, self.here.numbers, self.here.taken)

    def add_all(self, guests: Sequence[OldGuest]) -> None:
        """Plan guests; no new number is one that another of them has."""
        self.numbers.reserve(guests)
        self.moves = self.all_moves(guests)
        self.serials = {each.old_path: each.serial for old in guests for each in old.disks}
        for old in guests:
            self.add(old)

    def all_moves(self, guests: Iterable[OldGuest]) -> dict[str, str]:
        """Return the old paths of disks of all guests that come or came, each with its new one."""
        moves: dict[str, str] = {}
        for old in guests:
            pool = self.pool_of(old)
            target = f"{pool.root}/guests/{old.name}" if pool else ""
            if target and old.dataset and not self.is_copied:
                moves |= disk_moves(old, target)
        for guest in self.here.inventory.guests.values():
            dataset = guest.properties.get(FROM, "").partition(" ")[2]
            if dataset and not dataset.startswith("/") and dataset not in self.here.old:
                moves[disk_path(dataset)] = disk_path(guest.dataset)
        return moves

    def add(self, old: OldGuest) -> None:
        """Plan one guest more."""
        old = self.with_standing(old)
        pool = self.pool_of(old)
        self.obstacles += self.obstacles_of(old, pool)
        if pool:
            self.arrivals.append(self.arrival(old, pool))

    def pool_of(self, old: OldGuest) -> Pool | None:
        """Return the pool that a guest comes to: its own, or the primary one for a copy."""
        active = {each.name: each for each in self.here.inventory.storage.active_pools}
        own = active.get(old.pool)
        if own or not (self.is_copied or not old.dataset):
            return own
        return next((each for each in active.values() if each.state == "primary"), None)

    def obstacles_of(self, old: OldGuest, pool: Pool | None) -> list[Obstacle]:
        """Return everything that stands in the way of a guest."""
        found = [Obstacle(old.name, each, "") for each in old.problems]
        if pool is None:
            hint = f"chyves dataset {old.pool} install, or --copy to another pool"
            found.append(Obstacle(old.name, f"chyves is not on the pool {old.pool}", hint))
        for check in (self.check_name, self.check_same, self.check_stopped, self.check_key):
            try:
                check(old)
            except ChyvesError as error:
                message = error.message.removeprefix(f"{old.name}: ")
                found.append(Obstacle(old.name, message, error.hint or ""))
        target = f"{pool.root}/guests/{old.name}" if pool else ""
        datasets = self.here.inventory.storage.datasets
        if target in datasets and target != old.dataset and old.name not in self.known:
            message = f"{target} is there, and is not a guest"
            found.append(Obstacle(old.name, message, f"zfs list -r {target}"))
        return found

    @property
    def known(self) -> set[str]:
        """The names that guests have here."""
        return {*self.here.inventory.guests, *self.here.inventory.twice}

    def check_name(self, old: OldGuest) -> None:
        """Refuse a name that no guest can have here, or that one has."""
        names.check_new_name(old.name, longest=self.here.longest_name)
        if old.dataset != f"{old.pool}/chyves/guests/{old.name}":
            self.here.inventory.check_free(old.name)

    def check_same(self, old: OldGuest) -> None:
        """Refuse two guests of one name: which of them is meant, only the user knows."""
        for other in self.arrivals:
            if other.name == old.name:
                message = f"there are two of this name, {other.old.dataset} and {old.dataset}"
                raise ChyvesError(message, f"--pool {old.pool} takes the one of {old.pool}")

    def check_stopped(self, old: OldGuest) -> None:
        """Refuse a guest that runs, or whose VM was left behind."""
        for process in self.here.processes:
            part = part_of(process)
            if part and part[0] in ("bhyve", "loader") and part[1] == old.vm_name:
                stop = {"iohyve": f"iohyve stop {old.name}", "vm-bhyve": f"vm stop {old.name}"}
                hint = stop.get(old.manager, f"chyves {old.name} stop, of chyves 0.2")
                raise ChyvesError(f"is running, process {process.pid}", hint)
        if old.vm_name in self.here.vmm:
            hint = f"bhyvectl --destroy --vm={old.vm_name}"
            raise ChyvesError(f"/dev/vmm/{old.vm_name} is there", hint)

    def check_key(self, old: OldGuest) -> None:
        """Refuse an encrypted guest that zfs would not rename, mount or send plainly."""
        check_key(self.here.old, old, is_copied=self.is_copied)

    def arrival(self, old: OldGuest, pool: Pool) -> Arrival:
        """Return a guest as it will be here; its numbers are taken from now on."""
        target = f"{pool.root}/guests/{old.name}"
        lines = list(old.lines)
        values = {**old.kept, **old.values, FROM: old.origin}
        taps = self.numbers.taps(old, lines)
        values["net_ifaces"] = ",".join(taps.values())
        for nic in old.nics:
            tap = taps[nic.tap]
            values[f"{tap}_mac"] = mac_of(old, nic, lines)
            if not nic.switch:
                values[f"{tap}_bridge"] = nic.bridge or self.bridge_of(nic.uplink)
        new_numbers = self.numbers.others(values, lines)
        changed = [nic.tap for nic in old.nics if nic.has_tap and taps[nic.tap] != nic.tap]
        renumbered = {tap: taps[tap] for tap in changed}
        renumbered |= {values[name]: new for name, new in new_numbers.items() if values.get(name)}
        values |= new_numbers
        if renumbered:
            values[RENUMBERED] = ",".join(f"{name}={new}" for name, new in renumbered.items())
        places = {taps.get(name, name): place for name, place in old.places.items()}
        places |= {taps[nic.tap]: nic.place for nic in old.nics}
        values["pci_slots"] = slots.show_slots(places)
        moved = self.devices(old, target, values)
        stays = {f"{name}={values[name]}": f"{name}={new}" for name, new in moved.items()}
        lines = [replace(line, new=stays.get(line.new, line.new)) for line in lines]
        values |= moved
        mountpoint = own_mountpoint(self.here.old, old)
        if mountpoint and not self.is_copied:
            lines.append(Line(f"mountpoint={mountpoint}", "", f"is {folder_of(target)} here"))
        return Arrival(
            replace(old, grub=grub_files.moved(old.grub, self.moves_of(old, target))),
            target,
            pool.name,
            {**self.standing(old), **values},
            tuple(lines),
            self.is_copied,
        )

    def bridge_of(self, uplink: str) -> str:
        """Return the bridge that leads to an interface of the host; the design gets it."""
        attached = {
            name.removesuffix("_phy_attach"): value
            for name, value in self.here.settings.own.items()
            if name.endswith("_phy_attach")
        } | self.bridges
        if not uplink:
            return "bridge0"
        if uplink != PRIVATE:
            for bridge, interface in attached.items():
                if interface == uplink:
                    return bridge
        number = next(n for n in count(1) if f"bridge{n}" not in attached)
        self.bridges[f"bridge{number}"] = uplink
        return f"bridge{number}"

    def moves_of(self, old: OldGuest, target: str) -> dict[str, str]:
        """Return all old paths that a guest may name, each with the one that it will have."""
        return {**disk_moves(old, target), **self.moves, old.folder: folder_of(target)}

    def devices(self, old: OldGuest, target: str, values: Mapping[str, str]) -> dict[str, str]:
        """Return the properties pcidev_{n} with the paths that their backends will have."""
        moves = self.moves_of(old, target)
        serials = {**self.serials, **{each.old_path: each.serial for each in old.disks}}
        found = {}
        for name in (name for name in values if name.startswith("pcidev_")):
            device = parse_device(values[name])
            backend = moved_path(device.backend, moves)
            if backend != device.backend:
                serial = serials.get(device.backend, "") if self.here.serials_are_told else ""
                found[name] = device.at(backend, serial)
        return found

    def with_standing(self, old: OldGuest) -> OldGuest:
        """Return a guest with the UUID and serial numbers that it had here before, if it had."""
        made = self.standing(old).get("uuid")
        values = {**old.values, "uuid": made} if made else old.values
        disks = []
        for disk in old.disks:
            dataset = self.here.old.get(disk.dataset)
            serial = dataset.own(SERIAL_PROPERTY) if dataset else None
            disks.append(replace(disk, serial=serial) if serial else disk)
        return replace(old, values=values, disks=tuple(disks))

    def standing(self, old: OldGuest) -> dict[str, str]:
        """Return the properties of chyves that a guest has already: it was here before."""
        dataset = self.here.old.get(old.dataset)
        there = dataset.own_with_prefix(GUEST_PREFIX) if dataset else {}
        return {
            name: value
            for name, value in there.items()
            if name != "chyves_guest_version" and not name.startswith(PREFIX)
        }


def check_key(datasets: Mapping[str, Dataset], old: OldGuest, *, is_copied: bool) -> None:
    """Refuse an encrypted guest whose key stands in the way of what is to be done with it."""
    dataset = datasets.get(old.dataset)
    root = dataset.value("encryptionroot", "-") if dataset else "-"
    if dataset is None or root in ("-", ""):
        return
    if is_copied:
        message = "is encrypted, a copy of it would need its key or be open"
        raise ChyvesError(message, "--rename keeps it as it is")
    stays = old.dataset == f"{old.pool}/chyves/guests/{old.name}"
    if not (stays or is_in(root, old.dataset)):
        # zfs-rename(8): an encrypted dataset stays below its encryption root.
        message = f"is encrypted with the key of {root}, and can't leave it"
        raise ChyvesError(message, f"zfs change-key -o keyformat=passphrase {old.dataset}")
    if dataset.value("keystatus", "-") == "unavailable":
        raise ChyvesError("is encrypted, its key is not loaded", f"zfs load-key -r {root}")


def own_mountpoint(datasets: Mapping[str, Dataset], old: OldGuest) -> str:
    """Return where a guest's dataset alone was told to be mounted; chyves needs it in its place."""
    dataset = datasets.get(old.dataset)
    return (dataset.own("mountpoint") or "") if dataset else ""


def mac_of(old: OldGuest, nic: OldNic, lines: list[Line]) -> str:
    """Return the address of an interface; bhyve's own where there is one that it does not take."""
    try:
        return load_schema("guest").check("tap0_mac", nic.mac)
    except UsageError as error:
        made = derived.mac(old.vm_name, nic.place)
        lines.append(Line(f"mac={nic.mac}", f"mac={made}", error.message))
        return made
