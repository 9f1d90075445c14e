"""Read old managers: what each has on this host, its settings and its guests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from chyves_core.errors import HostError, UsageError
from chyves_core.guests import Inventory
from chyves_core.host import Host
from chyves_core.migration.managers import Manager, Resource
from chyves_core.migration.old import Surroundings
from chyves_core.migration.vm_config import Store, Switch
from chyves_core.network.design import BRIDGE_NAME, PRIVATE
from chyves_core.pools import GLOBAL_PREFIX, READABLE
from chyves_core.zfs import read_tree

Reader = Callable[[Host, Inventory, bool], Manager]


def find(name: str) -> Reader:
    """Return what reads the guests of a manager; raises UsageError for an unknown one."""
    readers: dict[str, Reader] = {
        "iohyve": read_iohyve,
        "chyves-sh": read_chyves_sh,
        "vm-bhyve": read_vm_bhyve,
    }
    if name not in readers:
        raise UsageError(f"{name}: guests come from {', '.join(readers)}")
    return readers[name]


def read_iohyve(host: Host, inventory: Inventory, copied: bool = False) -> Manager:
    """Read all that iohyve has on this host's pools, with one zfs call."""
    from chyves_core.migration import iohyve, iohyve_places

    pools = [pool.name for pool in inventory.storage.pools if pool.health in READABLE]
    datasets = read_tree(host, [iohyve_places.root_of(pool) for pool in pools])
    around = surroundings(host)
    words = rc_value(host, "iohyve_enable", "iohyve_flags").split()
    uplinks = [word[4:] for word in words if word.startswith("net=") and word[4:]]
    bridges = {"bridge0": uplinks[-1]} if uplinks else {}
    notes = list(iohyve_places.notes_of(datasets))
    if "YES" in (word.upper() for word in words[:1]):
        notes.append("host: iohyve would start these guests, too: sysrc iohyve_enable=NO")
    found = [
        Resource(kind, each.name.rpartition("/")[2], path)
        for each in datasets.values()
        for kind in iohyve_places.RESOURCES
        if (path := iohyve_places.resource_path(datasets, each, kind))
    ]
    return Manager(
        iohyve_places.MANAGER,
        iohyve.guests_of(datasets, around),
        datasets,
        found,
        bridges,
        notes,
        f"{iohyve_places.PREFIX}name",
    )


def surroundings(host: Host) -> Surroundings:
    """Return what bhyve's own choices depend on, read with one sysctl call."""
    answer = host.read("sysctl", "-n", "kern.osreldate", "kern.hostname")
    osreldate, _, hostname = answer.stdout.strip().partition("\n")
    return Surroundings(int(osreldate), hostname)


def read_vm_bhyve(host: Host, inventory: Inventory, copied: bool = False) -> Manager:
    """Read all guests of vm-bhyve, in all its datastores."""
    from chyves_core.migration import vm_bhyve, vm_config

    rc = [rc_value(host, name) for name in ("vm_dir", "vm_enable", "vm_list", "vm_delay")]
    directory, enabled, boots, delay = rc
    if not directory:
        return Manager(vm_bhyve.MANAGER, (), {}, notes=("host: vm_dir is not set in rc.conf",))
    first = store_of(host, directory)
    core = vm_config.parse(host.read_text(f"{first.folder}/.config/system.conf") or "")
    stores = [first]
    for name in core.get("datastore_list", "").split():
        if core.get(f"path_{name}"):
            stores.append(store_of(host, core[f"path_{name}"]))
    settings = inventory.storage.settings(GLOBAL_PREFIX)
    wired = wire(vm_config.switches(core), settings)
    notes = [*wired.notes]
    if enabled.upper() == "YES":
        notes.append("host: vm-bhyve would start these guests, too: sysrc vm_enable=NO")
    datasets = read_tree(host, [store.dataset for store in stores if store.dataset])
    guests = []
    for store in stores:
        names = guests_in(host, store)
        bed = vm_bhyve.Bed(
            store,
            datasets,
            wired.bridges,
            tuple(boots.split()),
            delay,
            surroundings(host),
            files_in(host, store, names),
            inventory.storage.primary.name,
        )
        for name in names:
            text = host.read_text(f"{store.folder}/{name}/{name}.conf") or ""
            lock = (host.read_text(f"{store.folder}/{name}/run.lock") or "").strip()
            guests.append(vm_bhyve.read_guest(bed, name, vm_config.parse(text), lock))
    isos = f"{first.folder}/.iso"
    found = [Resource("ISO", each, f"{isos}/{each}") for each in host.list_folder(isos)]
    own = f"{first.folder}/.config/BHYVE_UEFI.fd"
    found.append(Resource("Firmware", "BHYVE_UEFI.fd", own))
    return Manager(vm_bhyve.MANAGER, guests, datasets, found, wired.new, notes, vlans=wired.vlans)


def read_chyves_sh(host: Host, inventory: Inventory, copied: bool = False) -> Manager:
    """Read all guests of chyves 0.2; unless they are copied, its layouts become ours."""
    from chyves_core.migration import chyves_sh, taking_over

    old = taking_over.read_settings(host, inventory.storage)
    storage = inventory.storage
    steps = () if copied else taking_over.plan(storage, old)
    after = storage if copied else taking_over.afterwards(storage, old)
    bed = chyves_sh.Bed(
        storage.datasets,
        chyves_sh.taps_of(old.settings),
        surroundings(host),
        old.settings.get("consolidate_bhyve_pci_devices") == "yes",
    )
    guests = []
    for dataset in storage.datasets.values():
        if chyves_sh.is_guest(storage.datasets, dataset):
            pool, _, rest = dataset.name.partition("/")
            folder = f"/chyves/{pool}/{rest.partition('/')[2]}"
            text = host.read_text(f"{folder}/.config/.cfg") or ""
            guests.append(chyves_sh.read_guest(bed, dataset, chyves_sh.parse(text)))
    found = []
    for dataset in storage.datasets.values():
        pool, *middle = dataset.name.split("/")
        if len(middle) == 3 and middle[1] in ("ISO", "Firmware") and not copied:
            path = f"/chyves/{pool}/{middle[1]}/{middle[2]}/{middle[2]}"
            found.append(Resource(middle[1], middle[2], path, dataset.name))
    return Manager(
        chyves_sh.MANAGER,
        guests,
        storage.datasets,
        found,
        notes=old.notes,
        before=steps,
        inventory=replace(inventory, storage=after),
    )


def rc_value(host: Host, *names: str) -> str:
    """Return settings of rc.conf, a line each, nothing for those that are not there.

    A small host may have no sysrc(8), or not the library of bsdconfig that it reads.
    """
    try:
        return host.read("sysrc", "-in", *names, allowed=None).stdout.strip()
    except HostError:
        return ""


def store_of(host: Host, spec: str) -> Store:
    """Return the datastore that `zfs:DATASET` or a folder means."""
    kind, _, dataset = spec.partition(":")
    if kind != "zfs":
        return Store(spec.rstrip("/"), "")
    argv = ("zfs", "get", "-Hp", "-o", "value", "mountpoint", dataset)
    return Store(host.read(*argv, allowed=None).stdout.strip() or f"/{dataset}", dataset)


def guests_in(host: Host, store: Store) -> list[str]:
    """Return the names of a store's guests: folders NAME that hold NAME.conf."""
    return [
        name
        for name in host.list_folder(store.folder)
        if not name.startswith(".") and f"{name}.conf" in host.list_folder(f"{store.folder}/{name}")
    ]


def files_in(host: Host, store: Store, names: list[str]) -> dict[str, int]:
    """Return the files of guests with their lengths, by path."""
    folders = [f"{store.folder}/{name}" for name in names]
    paths = [f"{folder}/{name}" for folder in folders for name in host.list_folder(folder)]
    return {path: host.file_size(path)[0] for path in paths}


@dataclass(frozen=True)
class Wired:
    """The bridge of each switch; `new` are attachments, `vlans` parents that the design gets."""

    bridges: Mapping[str, str]
    new: Mapping[str, str]
    vlans: Mapping[str, str]
    notes: tuple[str, ...]


def wire(switches: Sequence[Switch], settings: Mapping[str, str]) -> Wired:
    """Return the bridges that switches become: those that lead there already, or new ones."""
    attached = {
        name.removesuffix("_phy_attach"): value
        for name, value in settings.items()
        if name.endswith("_phy_attach")
    }
    base = settings.get("vlan_iface_base_name", "vlan")
    bridges: dict[str, str] = {}
    new: dict[str, str] = {}
    vlans: dict[str, str] = {}
    notes = []
    for each in switches:
        if each.kind == "manual" and re.fullmatch(BRIDGE_NAME, each.bridge, re.ASCII):
            bridges[each.name] = each.bridge
            continue
        if each.kind != "standard":
            notes.append(f"switch {each.name}: chyves has no {each.kind} switches")
            continue
        uplink = each.ports[0] if each.ports else PRIVATE
        if each.ports and each.vlan:
            vlans[each.vlan] = each.ports[0]
            uplink = f"{base}{each.vlan}"
        used = set(bridges.values())
        there = [name for name, to in {**attached, **new}.items() if to == uplink]
        free = [name for name in there if uplink != PRIVATE or name not in used]
        numbers = (f"bridge{n}" for n in count() if f"bridge{n}" not in {*attached, *new})
        bridges[each.name] = free[0] if free else next(numbers)
        if not free:
            new[bridges[each.name]] = uplink
        said = f"switch {each.name}: is {bridges[each.name]}"
        notes.append(f"{said}, attached to {uplink}" if each.ports else f"{said}, private")
        if len(each.ports) > 1:
            notes.append(f"switch {each.name}: a bridge has one uplink, not {each.ports[1:]}")
        if each.address:
            notes.append(
                f"switch {each.name}: has the address {each.address}, for the host to have: "
                f"chyves network {bridges[each.name]} nat, or ifconfig"
            )
        if each.is_private or each.mtu:
            notes.append(f"switch {each.name}: private ports and mtu are not carried over")
    return Wired(bridges, new, vlans, tuple(notes))
