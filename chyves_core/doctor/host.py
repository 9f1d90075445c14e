"""What the host lacks, and the state of its pools."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from chyves_core.bhyve.devices import tpm
from chyves_core.doctor.finding import Finding, Mend
from chyves_core.doctor.unfinished import acting, is_within
from chyves_core.loaders.firmware import FIRMWARE
from chyves_core.look import Look
from chyves_core.plan import run
from chyves_core.pools import DATASET_VERSION, Pool, use_hint
from chyves_core.replicate import COPIES
from chyves_core.supervise.boot import read_surroundings

# rc.conf(5): by which a manager that guests came from starts them with the host.
STARTS_WITH_HOST = {"iohyve": "iohyve_enable", "vm-bhyve": "vm_enable"}
PROGRAMS = ("bhyve", "bhyvectl", "bhyveload", "cu", "daemon", "ifconfig", "kldload")


def programs(look: Look) -> Iterator[Finding]:
    """Find what the guests need and the host does not have."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            yield Finding("host", f"{program} is not on PATH", "echo $PATH")
    guests = look.inventory.guests.values()
    loaders = {guest.value("loader") for guest in guests}
    if "grub-bhyve" in loaders and shutil.which("grub-bhyve") is None:
        problem = "guests have loader=grub-bhyve, and it is not installed"
        yield Finding("host", problem, "pkg install grub2-bhyve")
    if any(tpm.has_swtpm(guest) for guest in guests) and shutil.which("swtpm") is None:
        yield Finding("host", "guests have tpm=swtpm, and it is not installed", "pkg install swtpm")
    needs_firmware = any(
        guest.value("loader") == "uefi" and not guest.value("uefi_firmware") for guest in guests
    )
    if needs_firmware and not look.host.path(FIRMWARE).is_file():
        problem = f"guests have loader=uefi, and there is no {FIRMWARE}"
        yield Finding("host", problem, "pkg install edk2-bhyve")


def modules(look: Look) -> Iterator[Finding]:
    """Find kernel modules that nobody would load."""
    storage = look.inventory.storage
    if not storage.active_pools:
        return
    around = read_surroundings(look.host, look.inventory, look.facts)
    if around.settings.enabled("auto_load_kernel_mods"):
        return
    missing = [name for name in around.wanted_modules if f"{name}.ko" not in around.modules]
    if missing:
        plan = (run("kldload", "-n", *missing),)
        problem = f"{', '.join(missing)} not loaded, and auto_load_kernel_mods is no"
        yield Finding("host", problem, f"kldload {' '.join(missing)}", Mend((), acting(plan)))


def old_managers(look: Look) -> Iterator[Finding]:
    """Find managers that still start with the host, though guests came from them to chyves."""
    guests = look.inventory.guests.values()
    left = {guest.properties.get("imported_from", "").partition(" ")[0] for guest in guests}
    from chyves_core.migration.reading import rc_value

    for manager in sorted(left & STARTS_WITH_HOST.keys()):
        variable = STARTS_WITH_HOST[manager]
        value = rc_value(look.host, variable)
        if value.upper() in ("YES", "TRUE", "ON", "1"):
            problem = f"guests came from {manager}, and {variable}={value}: both would start them"
            yield Finding("host", problem, f"sysrc {variable}=NO")


def pools(look: Look) -> Iterator[Finding]:
    """Find pools that are not well, and layouts that are not in use."""
    storage = look.inventory.storage
    for pool in storage.pools:
        yield from one_pool(look, pool)
    roles = [pool.state for pool in storage.active_pools]
    if not roles:
        yield Finding("host", "no pool has chyves on it", "chyves dataset POOL install")
    elif roles.count("primary") != 1:
        count = "no pool is" if "primary" not in roles else "several pools are"
        name = storage.active_pools[0].name
        yield Finding("host", f"{count} the primary one", f"chyves dataset {name} promote")


def one_pool(look: Look, pool: Pool) -> Iterator[Finding]:
    """Find what is wrong with one pool."""
    if pool.health != "ONLINE":
        yield Finding(pool.name, f"is {pool.health}", f"zpool status {pool.name}")
    if pool.state == "replica":
        problem = "holds a copy of another pool's chyves; its guests do not count"
        yield Finding(pool.name, problem, use_hint(pool), note=True)
    if pool.state == "chyves-sh":
        problem = "chyves 0.2, the shell program, is on this pool"
        yield Finding(pool.name, problem, use_hint(pool), note=True)
    if not pool.active:
        return
    if pool.readonly:
        problem = "was imported read-only: no guest on it can be changed or started"
        command = f"zpool export {pool.name} && zpool import {pool.name}"
        yield Finding(pool.name, problem, command)
    if pool.version != DATASET_VERSION:
        problem = f"its layout has version {pool.version}, this chyves knows {DATASET_VERSION}"
        newer = pool.version > DATASET_VERSION
        command = "chyves version" if newer else f"chyves dataset {pool.name} upgrade"
        yield Finding(pool.name, problem, command)
    unmounted = [
        each.name
        for each in look.inventory.storage.datasets.values()
        if each.kind == "filesystem"
        and each.value("mounted") == "no"
        and each.value("canmount", "on") == "on"
        and not each.name.startswith(f"{pool.root}/{COPIES}/")
        and is_within(each.name, pool.root)
        and not any(is_within(each.name, half) for half in look.inventory.half_made)
    ]
    if unmounted:
        plan = tuple(run("zfs", "mount", name) for name in unmounted)
        problem = f"not mounted: {', '.join(unmounted)}"
        yield Finding(pool.name, problem, f"zfs mount {unmounted[0]}", Mend((), acting(plan)))
