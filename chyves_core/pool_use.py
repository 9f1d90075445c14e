"""Take a pool's guests out of use and back into it, and adopt a copy of a layout.

A pool is offline while its layout is called POOL/chyves_offline. A layout counts only on the pool
whose guid it holds: a copy on another pool, or on a pool that was made anew, is a replica until
it is adopted.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from chyves_core.cli import Changing
from chyves_core import locks
from chyves_core.disks.finding import disks_lock
from chyves_core.errors import Refused
from chyves_core.guests import Guest, Inventory, guests_on, read_inventory
from chyves_core.host import Host
from chyves_core.layout import check_no_rest, shell_layout
from chyves_core.names import GUEST_NAME
from chyves_core.plan import run
from chyves_core.pool_adopt import bring_in, is_foreign
from chyves_core.pools import DATASET_VERSION, POOL_PREFIX, Pool, use_hint
from chyves_core.runtime import Runtime, read_runtime
from chyves_core.supervise.folder import COMMAND_LINES, RunFolder


def take_offline(command: Changing, name: str) -> None:
    """Take a pool out of use; raises Refused while guests on it run, and for the primary one."""
    host = command.host
    with hold_pool(host, name) as inventory:
        pool = inventory.storage.pool(name)
        if pool.state != "offline":
            check_leaves(host, inventory, pool)
            for line in dependants(inventory, pool):
                command.say(f"# {line}" if host.dry_run else line)
            host.act(run("zfs", "rename", pool.root, f"{pool.name}/chyves_offline"))
    if not host.dry_run:
        command.say(f"{name}: is offline")


@contextlib.contextmanager
def hold_pool(host: Host, name: str) -> Iterator[Inventory]:
    """Hold the locks of a pool and of all guests on it; yields what is there then."""
    before = guests_on(read_inventory(host).storage, name)
    known = [guest for guest in before if re.fullmatch(GUEST_NAME, guest)]
    wanted = (lock(guest) for guest in known for lock in (locks.guest_lock, disks_lock))
    with locks.hold(host, locks.LAYOUT, locks.NUMBERING, *wanted):
        inventory = read_inventory(host)
        if guests_on(inventory.storage, name).keys() - before.keys():
            raise Refused(f"{name}: its guests have changed just now", "the same again")
        yield inventory


def check_leaves(host: Host, inventory: Inventory, pool: Pool) -> None:
    """Raise where a pool can't be taken out of use now."""
    check_installed(pool)
    primaries = [each.name for each in inventory.storage.pools if each.state == "primary"]
    if primaries == [pool.name]:
        raise Refused(f"{pool.name}: is the primary pool", "chyves dataset OTHER promote")
    running = running_on(host, inventory, pool)
    if running:
        raise Refused(
            f"{pool.name}: is in use by {', '.join(running)}", f"chyves {','.join(running)} stop"
        )


def running_on(host: Host, inventory: Inventory, pool: Pool) -> list[str]:
    """Return the running guests that are on a pool in use, or use disks of it."""
    runtime = read_runtime(host)
    if not pool.active:
        return []
    here = [
        guest
        for guest in guests_on(inventory.storage, pool.name)
        if runs_here(host, inventory, runtime, guest, pool)
    ]
    return here + [guest for guest in users(inventory, pool) if runtime.is_running(guest)]


def check_installed(pool: Pool) -> None:
    """Raise Refused for a pool without a layout of ours."""
    if pool.state == "chyves-sh":
        raise shell_layout(pool)
    if pool.state == "none":
        raise Refused(f"{pool.name}: chyves is not on this pool", use_hint(pool))


def runs_here(host: Host, inventory: Inventory, runtime: Runtime, guest: str, pool: Pool) -> bool:
    """Return whether a guest of a pool runs; of two with one name, the one that was started."""
    if not runtime.is_running(guest):
        return False
    folder = RunFolder(guest)
    lines = "".join(folder.read(host, name) for name in COMMAND_LINES)
    here, *others = sorted(
        (f"/dev/zvol/{dataset}/" for dataset in inventory.twice.get(guest, ())),
        key=lambda path: not path.startswith(f"/dev/zvol/{pool.root}/"),
    ) or [""]
    return here in lines or not any(path in lines for path in others)


def users(inventory: Inventory, pool: Pool) -> dict[str, list[str]]:
    """Return the guests of other pools that use disks of this one, each with the properties."""
    path = f"/dev/zvol/{pool.root}/"
    found: dict[str, list[str]] = {}
    for guest in inventory.guests.values():
        for name, value in guest.properties.items():
            if guest.pool != pool.name and name.startswith("pcidev_") and path in value:
                found.setdefault(guest.name, []).append(name)
    return found


def dependants(inventory: Inventory, pool: Pool) -> list[str]:
    """Return a line for each guest of another pool that uses a disk of this one."""
    return [
        f"{guest}: can't start without {pool.name}, its {', '.join(names)} is there"
        for guest, names in users(inventory, pool).items()
    ]


def bring_online(command: Changing, name: str, *, adopt: bool, force: bool) -> None:
    """Bring a pool into use; a replica only where the caller means to adopt it.

    Raises Refused, with all of them, where guests have names that others have; without `force`
    also where they have taps, ports and so on that others have.
    """
    host = command.host
    with locks.hold(host, locks.LAYOUT, locks.NUMBERING):
        inventory = read_inventory(host)
        pool = inventory.storage.pool(name)
        if not pool.active:
            role = check_comes(inventory, pool, adopt=adopt)
            check_no_rest(host, name)
            for line in check_duplicates(inventory, pool, force=force):
                command.say(f"# {line}" if host.dry_run else line)
            bring_in(host, inventory, pool, role)
    if not host.dry_run:
        now = read_inventory(host).storage.pool(name)
        command.say(f"{name}: is in use, as {now.state} pool")


def check_comes(inventory: Inventory, pool: Pool, *, adopt: bool) -> str:
    """Return the role that a pool is to have; raises Refused where it can't be brought into use."""
    check_installed(pool)
    layout = pool.layout
    if layout is None or layout.own(f"{POOL_PREFIX}role") is None:
        raise Refused(f"{pool.name}: its layout was never finished", f"zfs list -r {pool.name}")
    if pool.version > DATASET_VERSION:
        raise Refused(
            f"{pool.name}: its layout has version {pool.version}, this chyves knows version "
            f"{DATASET_VERSION}",
            "chyves version",
        )
    if is_foreign(layout, pool) and not adopt:
        raise Refused(
            f"{pool.name}: {layout.name} was made on another pool and copied here",
            f"chyves dataset {pool.name} online --adopt",
        )
    others = [each.state for each in inventory.storage.pools if each.name != pool.name]
    was_primary = layout.own(f"{POOL_PREFIX}role") == "primary"
    return "primary" if was_primary and "primary" not in others else "secondary"


def check_duplicates(inventory: Inventory, pool: Pool, *, force: bool) -> list[str]:
    """Return a line for each tap, port and so on that a guest of a pool shares with another.

    Raises Refused where there are any, unless forced, and always for names.
    """
    coming = guests_on(inventory.storage, pool.name)
    same = [name for name in coming if name in inventory.guests or name in inventory.twice]
    if same:
        raise Refused(
            f"{pool.name}: there are guests called {', '.join(same)} already",
            f"chyves {same[0]} rename NEW, then again",
        )
    taken = {what: guest.name for guest in inventory.guests.values() for what in identity(guest)}
    found = [
        f"{guest.name}: {name}={value} is {taken[name, value]}'s too"
        for guest in coming.values()
        for name, value in identity(guest)
        if (name, value) in taken
    ]
    if found and not force:
        raise Refused(f"{pool.name}: {'; '.join(found)}", "set others, or the same with force")
    return found


def identity(guest: Guest) -> list[tuple[str, str]]:
    """Return what no two guests may have the same of, with the property's name."""
    names = ("serial", "uefi_vnc_port", "uuid")
    found = [(name, guest.properties[name].lower()) for name in names if name in guest.properties]
    found += [("net_ifaces", each) for each in guest.interfaces if each.startswith("tap")]
    return found + [
        ("mac", value.lower())
        for name, value in guest.properties.items()
        if name.endswith("_mac") and value
    ]
