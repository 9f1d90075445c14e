"""Plan clones of a guest: which properties each gets, and the zfs calls that make it.

A ZFS clone (`-c`) shares its blocks with the snapshot that it stands on; an independent copy
(`-i`) is sent and received. Both begin as datasets that are no guest yet and count when their
properties, the version among them, are set in one last call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chyves_core import names, zfs
from chyves_core.bhyve import slots
from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, VERSION_PROPERTY, Guest, Inventory
from chyves_core.numbering import Taken, new_serial
from chyves_core.plan import Plan, Run, run
from chyves_core.pools import Pool
from chyves_core.settings import Settings
from chyves_core.snapshots.naming import LIVE_SUFFIX
from chyves_core.uniqueness import SHARED_INTERFACE

# Native properties that a clone has where its source has them set; zfsprops(7). readonly is not
# among them: a template has it. Neither is refreservation, see plan_reservations.
NATIVE = frozenset(
    "atime checksum compression copies dedup logbias primarycache recordsize "
    "redundant_metadata secondarycache snapdir sync volmode xattr".split()
)
OF_INTERFACE = re.compile(r"(tap\d+|vale\d+(:\d+)?|netgraph\d+:\d+)_(mac|bridge)")
DISK_SERIAL = f"{GUEST_PREFIX}disk_serial"


@dataclass(frozen=True)
class Kind:
    """How clones are made: `independent` of their source or not, `unique` or exactly like it."""

    independent: bool
    unique: bool

    @property
    def flag(self) -> str:
        """The flag of the command line."""
        return f"-{'i' if self.independent else 'c'}{'u' if self.unique else 'e'}"


@dataclass(frozen=True)
class Target:
    """One guest that is to be made; its `uuid` marks its dataset as begun by chyves."""

    name: str
    pool: Pool
    uuid: str

    @property
    def dataset(self) -> str:
        """The filesystem that the guest will be."""
        return f"{self.pool.root}/guests/{self.name}"

    @property
    def folder(self) -> str:
        """The folder of that filesystem."""
        return f"{self.pool.mountpoint}/guests/{self.name}"


@dataclass(frozen=True)
class Source:
    """What is cloned: a guest with all its datasets, parents first, in one snapshot of it."""

    guest: Guest
    datasets: tuple[zfs.Dataset, ...]
    snapshot: str

    @property
    def origin(self) -> str:
        """The snapshot of the guest's filesystem."""
        return f"{self.guest.dataset}@{self.snapshot}"

    @property
    def is_live(self) -> bool:
        """Whether the guest ran when the snapshot was taken."""
        return self.snapshot.endswith(LIVE_SUFFIX)

    def place(self, dataset: str, target: Target) -> str:
        """Return which dataset of a clone stands for one of the source."""
        return target.dataset + dataset.removeprefix(self.guest.dataset)


def guest_tree(inventory: Inventory, guest: Guest) -> tuple[zfs.Dataset, ...]:
    """Return the filesystem of a guest and all datasets below it, parents first."""
    below = f"{guest.dataset}/"
    found = [
        each
        for name, each in inventory.storage.datasets.items()
        if name == guest.dataset or name.startswith(below)
    ]
    return tuple(sorted(found, key=lambda each: each.name.split("/")))


def needed(tree: Sequence[zfs.Dataset]) -> int:
    """Return the bytes that an independent copy takes: its data, and what its volumes reserve."""
    parts = ("referenced", "usedbyrefreservation")
    return sum(int(each.value(part, "0") or 0) for each in tree for part in parts)


def snapshot_name(guest: Guest, first: str, moment: str) -> str:
    """Return the name of the snapshot that clones stand on: for whom it was taken, and when."""
    name = f"clone-{first}-{moment}"
    longest = max([guest.dataset, *(disk.dataset for disk in guest.disks)], key=len)
    fits = len(f"{longest}@{name}{LIVE_SUFFIX}") <= names.DATASET_NAME_LENGTH
    return name if fits else f"clone-{moment}"


def check_pool(source: Guest, wanted: Sequence[str], pool: Pool, kind: Kind) -> None:
    """Refuse a ZFS clone on another pool than its source's."""
    if not kind.independent and pool.name != source.pool:
        flag = Kind(True, kind.unique).flag
        raise Refused(
            f"{source.name}: a ZFS clone can't leave its pool {source.pool}, a copy can",
            f"chyves {source.name} clone {','.join(wanted)} {flag} {pool.name}",
        )


def own_options(dataset: zfs.Dataset, kind: Kind) -> dict[str, str]:
    """Return what a dataset below the guest's filesystem is made with."""
    values = {name: value for name in sorted(NATIVE) if (value := dataset.own(name)) is not None}
    own = dataset.own_with_prefix(GUEST_PREFIX)
    values |= {f"{GUEST_PREFIX}{name}": value for name, value in sorted(own.items())}
    if kind.unique and DISK_SERIAL in values:
        values[DISK_SERIAL] = new_serial()
    return values


def options(source: Source, dataset: zfs.Dataset, target: Target, kind: Kind) -> dict[str, str]:
    """Return the properties that one dataset of a clone is made with.

    The guest's own properties come last and all at once, see plan_properties.
    """
    values = own_options(dataset, kind)
    if dataset.name == source.guest.dataset:
        values = {name: values[name] for name in values if name in NATIVE}
        values |= {f"{GUEST_PREFIX}uuid": target.uuid} if target.uuid else {}
    return values


def plan_clone(source: Source, target: Target, kind: Kind) -> tuple[Run, ...]:
    """Return the zfs calls that make a ZFS clone of each dataset; zvols are sparse then."""
    return tuple(
        run(
            *("zfs", "clone", *zfs.options(options(source, each, target, kind))),
            *(f"{each.name}@{source.snapshot}", source.place(each.name, target)),
        )
        for each in source.datasets
    )


def plan_copy(source: Source, target: Target, kind: Kind) -> tuple[tuple[Run, Run], ...]:
    """Return the pairs of zfs calls, sending and receiving, that copy each dataset.

    A plain stream brings no properties along, so that what is set here is all there is.
    """
    return tuple(
        (
            run("zfs", "send", f"{each.name}@{source.snapshot}"),
            run(
                *("zfs", "receive", "-u", *zfs.options(options(source, each, target, kind))),
                source.place(each.name, target),
            ),
        )
        for each in source.datasets
    )


def plan_reservations(source: Source, target: Target) -> Plan:
    """Return the zfs calls that reserve the space of each copied volume that has it reserved.

    `auto` is the whole of a thick volume; zfsprops(7). A stream does not bring it along.
    """
    return tuple(
        zfs.set_properties([source.place(each.name, target)], {"refreservation": wanted})
        for each in source.datasets
        if each.kind == "volume" and (wanted := reservation(each))
    )


def reservation(volume: zfs.Dataset) -> str:
    """Return the refreservation that a copy of a volume is given; empty for a sparse one."""
    reserved = int(volume.own("refreservation") or 0)
    whole = reserved >= int(volume.value("volsize", "0"))
    return "auto" if reserved and whole else str(reserved or "")


def plan_mounts(source: Source, target: Target) -> Plan:
    """Return the zfs calls that mount what was received unmounted."""
    return tuple(
        run("zfs", "mount", source.place(each.name, target))
        for each in source.datasets
        if each.kind == "filesystem"
    )


def plan_removal(target: Target) -> Run:
    """Return the step that takes away what was made of a clone."""
    return run("zfs", "destroy", "-r", target.dataset)


def plan_properties(values: Mapping[str, str], target: Target) -> Run:
    """Return the step that sets all properties of a clone, which makes it count as a guest."""
    full = {f"{GUEST_PREFIX}{name}": value for name, value in values.items()}
    version = full.pop(VERSION_PROPERTY)
    return zfs.set_properties([target.dataset], {**full, VERSION_PROPERTY: version})


def exact_properties(source: Guest, target: Target) -> dict[str, str]:
    """Return the properties of a clone that is like its source.

    What would be wrong of it is not taken: being a template, the way back to a snapshot that it
    does not have, and paths that lead to the source's disks.
    """
    values = dict(source.properties)
    values.pop("revert_to_snapshot", None)
    for name, value in (("template", "no"), ("revert_to_snapshot_method", "off")):
        if name in values:
            values[name] = value
    paths = {f"/dev/zvol/{source.dataset}/": f"/dev/zvol/{target.dataset}/"}
    paths[f"{source.folder}/"] = f"{target.folder}/"
    for name in values:
        if name.startswith("pcidev_"):
            for old, new in paths.items():
                values[name] = values[name].replace(old, new)
    return values


def new_interface(name: str, taken: Taken, first_tap: int) -> str:
    """Return an interface of the same kind; a switch without a port is shared as it is."""
    if SHARED_INTERFACE.fullmatch(name):
        return name
    switch, is_port, _ = name.partition(":")
    return taken.next_vale(switch) if is_port else taken.next_tap(first_tap)


def unique_properties(
    source: Guest, target: Target, taken: Taken, global_: Settings
) -> dict[str, str]:
    """Return the properties of a clone that can run beside its source.

    Its interfaces are new ones on the same bridges and switches, in the same PCI slots, and it
    does not start with the host until it is told to.
    """
    values = exact_properties(source, target)
    interfaces = {
        name: new_interface(name, taken, global_.number("tap_start_offset"))
        for name in source.interfaces
    }
    before = {name: values.pop(name) for name in [*values] if OF_INTERFACE.fullmatch(name)}
    for old, new in interfaces.items():
        if new.startswith("tap") or f"{old}_mac" in before:
            values[f"{new}_mac"] = taken.new_mac()
        if f"{old}_bridge" in before:
            values[f"{new}_bridge"] = before[f"{old}_bridge"]
    kept = slots.parse_slots(source.value("pci_slots"))
    values |= {
        "net_ifaces": ",".join(interfaces.values()),
        "pci_slots": slots.show_slots({interfaces.get(name, name): kept[name] for name in kept}),
        "uuid": target.uuid,
    }
    if "serial" in values:
        values["serial"] = taken.next_nmdm(global_.number("console_start_offset"))
    if "uefi_vnc_port" in values:
        values["uefi_vnc_port"] = taken.next_port(global_.number("uefi_vnc_port_start_offset"))
    if "rcboot" in values:
        values["rcboot"] = "0"
    # Its host name is its own name then, and no two machines can have one address.
    values.pop("cloud_hostname", None)
    if has_own_address(source):
        values["cloud_net"] = "dhcp"
    return values


def has_own_address(guest: Guest) -> bool:
    """Return whether a guest has an address of its own, and does not ask for one by DHCP."""
    return guest.value("cloud_net") not in ("", "dhcp")
