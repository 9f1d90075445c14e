"""Read vm-bhyve on this host: its settings, its switches, and all guests in all datastores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from chyves_core.guests import Inventory
from chyves_core.host import Host
from chyves_core.migration import vm_bhyve, vm_config, vm_switches
from chyves_core.migration.managers import Manager, Resource
from chyves_core.migration.old import OldGuest
from chyves_core.migration.reading import rc_value, surroundings
from chyves_core.migration.vm_config import Store
from chyves_core.migration.vm_switches import Wired
from chyves_core.pools import GLOBAL_PREFIX
from chyves_core.zfs import read_tree

ISO = "iso:"
LEFT = {
    ".templates": "template{s} for vm create stay: chyves clones guests with template=yes",
    ".img/images": "image{s} of vm image stay: vm image provision makes guests of them",
}


def read_vm_bhyve(host: Host, inventory: Inventory, copied: bool = False) -> Manager:
    """Read all guests of vm-bhyve, in all its datastores."""
    directory = rc_value(host, "vm_dir")
    if not directory:
        return Manager(vm_bhyve.MANAGER, (), {}, notes=("host: vm_dir is not set in rc.conf",))
    first = store_of(host, directory)
    core = read_core(host, first)
    specs = [core.get(f"path_{name}", "") for name in core.get("datastore_list", "").split()]
    stores = [first, *(store_of(host, spec) for spec in specs if spec and spec[:4] != ISO)]
    wired = wire(host, inventory, core)
    notes = [*wired.notes, *left_notes(host, first)]
    if rc_value(host, "vm_enable").upper() == "YES":
        notes.append("host: vm-bhyve would start these guests, too: sysrc vm_enable=NO")
    datasets = read_tree(host, [store.dataset for store in stores if store.dataset])
    bed = vm_bhyve.Bed(
        first,
        datasets,
        wired.bridges,
        tuple(rc_value(host, "vm_list").split()),
        rc_value(host, "vm_delay"),
        surroundings(host),
        {},
        inventory.storage.primary.name,
    )
    guests = [guest for store in stores for guest in read_store(host, replace(bed, store=store))]
    isos = [f"{first.folder}/.iso", *(spec[4:] for spec in specs if spec[:4] == ISO)]
    return Manager(
        vm_bhyve.MANAGER,
        guests,
        datasets,
        resources_in(host, isos, f"{first.folder}/.config/BHYVE_UEFI.fd"),
        wired.new,
        notes,
        vlans=wired.vlans,
    )


def read_core(host: Host, store: Store) -> dict[str, str]:
    """Return the settings of all guests; an older vm-bhyve has its switches elsewhere."""
    folder = f"{store.folder}/.config"
    text = host.read_text(f"{folder}/system.conf") or host.read_text(f"{folder}/switch") or ""
    return vm_config.parse(text)


def wire(host: Host, inventory: Inventory, core: Mapping[str, str]) -> Wired:
    """Return what the switches become; asks the host only what their kinds need."""
    from chyves_core.network.ifconfig import read_interfaces
    from chyves_core.network.netgraph_use import read_nodes

    switches = vm_config.switches(core)
    kinds = {each.kind for each in switches}
    around = vm_switches.Around(
        inventory.storage.settings(GLOBAL_PREFIX),
        vm_switches.own_switches(inventory.guests.values(), vm_bhyve.MANAGER),
        read_nodes(host) if "netgraph" in kinds else {},
        read_interfaces(host) if "vxlan" in kinds else {},
    )
    return vm_switches.wire(switches, around)


def read_store(host: Host, bed: vm_bhyve.Bed) -> list[OldGuest]:
    """Return all guests of one datastore."""
    names = guests_in(host, bed.store)
    bed = replace(bed, files=files_in(host, bed.store, names))
    found = []
    for name in names:
        folder = f"{bed.store.folder}/{name}"
        values = vm_config.parse(host.read_text(f"{folder}/{name}.conf") or "")
        lock = (host.read_text(f"{folder}/run.lock") or "").strip()
        log = host.read_text(f"{folder}/vm-bhyve.log") or ""
        found.append(vm_bhyve.read_guest(bed, name, values, lock, log))
    return found


def left_notes(host: Host, store: Store) -> list[str]:
    """Return a line for what vm-bhyve has and chyves does not take over."""
    found = []
    for folder, why in LEFT.items():
        number = len(host.list_folder(f"{store.folder}/{folder}"))
        if number:
            found.append(f"host: {number} {why.format(s='' if number == 1 else 's')}")
    return found


def resources_in(host: Host, isos: Iterable[str], firmware: str) -> list[Resource]:
    """Return the ISO images of all folders, and the firmware of vm-bhyve's own."""
    found = [
        Resource("ISO", each, f"{folder}/{each}")
        for folder in isos
        for each in host.list_folder(folder)
    ]
    return [*found, Resource("Firmware", "BHYVE_UEFI.fd", firmware)]


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


def files_in(host: Host, store: Store, names: Iterable[str]) -> dict[str, int]:
    """Return the files of guests with their lengths, by path."""
    folders = [f"{store.folder}/{name}" for name in names]
    paths = [f"{folder}/{name}" for folder in folders for name in host.list_folder(folder)]
    return {path: host.file_size(path)[0] for path in paths}
