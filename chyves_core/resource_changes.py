"""Rename and delete resources, never under the feet of a guest."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from chyves_core import locks, resources, zfs
from chyves_core.errors import ChyvesError, HostError, Refused
from chyves_core.guests import GUEST_PREFIX, Inventory, guest_datasets, read_inventory
from chyves_core.host import Host
from chyves_core.plan import Plan, Remove, quote, run
from chyves_core.resources import FIRMWARE, ISO, PREFIX, Resource
from chyves_core.runtime import Runtime, read_runtime
from chyves_core.supervise.folder import COMMAND_LINES, RunFolder

FORMER_NAME = f"{PREFIX}former_name"
FIRMWARE_PROPERTY = f"{GUEST_PREFIX}uefi_firmware"


def guests_with_firmware(inventory: Inventory, resource: Resource) -> list[str]:
    """Return the datasets of the guests whose uefi_firmware names a resource, old name or new."""
    if resource.kind != FIRMWARE:
        return []
    names = {resource.name, resource.former_name} - {""}
    return sorted(
        dataset.name
        for pool in inventory.storage.active_pools
        for dataset in guest_datasets(pool, inventory.storage.datasets)
        if dataset.own(FIRMWARE_PROPERTY) in names
    )


def running_with(host: Host, inventory: Inventory, resource: Resource) -> list[str]:
    """Return the running guests that were started with a resource."""
    runtime = read_runtime(host)
    return [
        name
        for name in (*inventory.guests, *inventory.twice)
        if runtime.is_running(name) and was_started_with(host, runtime, name, resource)
    ]


def was_started_with(host: Host, runtime: Runtime, guest: str, resource: Resource) -> bool:
    """Return whether a running guest has a resource in its drive or on its command lines.

    bhyve hides its command line once it runs, so the run folder is asked as well: an ISO counts
    until it is ejected, also between two boots.
    """
    folder = RunFolder(guest)
    if resource.kind == ISO and folder.read(host, "iso") == resource.name:
        return True
    processes = (runtime.bhyve(guest), runtime.loader(guest))
    texts = [process.command for process in processes if process]
    texts += [folder.read(host, name) for name in COMMAND_LINES]
    return any(names_path(text, resource.path) for text in texts)


def names_path(text: str, path: str) -> bool:
    """Return whether a text names exactly this path, not one that begins or ends with it."""
    return re.search(rf"(?<![\w./:-]){re.escape(path)}(?![\w./:-])", text) is not None


def refuse_in_use(host: Host, inventory: Inventory, resource: Resource) -> None:
    """Raise Refused where a running guest uses a resource."""
    using = running_with(host, inventory, resource)
    if using:
        names = ",".join(using)
        raise Refused(
            f"{resource.name}: is in use by {', '.join(using)}", f"chyves {names} stop, then again"
        )


@dataclass(frozen=True)
class Renaming:
    """A resource, its new name, and the guests' datasets that have to follow."""

    resource: Resource
    new_name: str
    guests: list[str]

    @property
    def dataset(self) -> str:
        """The dataset under its new name."""
        return f"{self.resource.dataset.rpartition('/')[0]}/{self.new_name}"

    @property
    def folder(self) -> str:
        """The folder of the dataset before the rename."""
        return os.path.dirname(self.resource.path)

    @property
    def old_file(self) -> str:
        """The file with its old name in the renamed dataset."""
        return f"{os.path.dirname(self.folder)}/{self.new_name}/{self.resource.name}"


def rename(host: Host, kind: str, old: str, new: str) -> None:
    """Rename a resource, its file, and where guests name it as their firmware.

    At every moment the resource is found, by its old name or by the new one.
    """
    resources.check_name(new)
    with locks.hold(host, resources.lock(old, kind), resources.lock(new, kind), locks.NUMBERING):
        inventory = read_inventory(host)
        resource = resources.find(inventory.storage, kind, old)
        guests = guests_with_firmware(inventory, resource)
        if new == resource.name != old:
            # A rename that was stopped half-way: the guests may not have followed.
            host.act(*follow(resource.dataset, new, guests))
            return
        clearing = resources.plan_clearing(inventory.storage, kind, new)
        refuse_in_use(host, inventory, resource)
        host.act(*clearing)
        carry_out(host, Renaming(resource, new, guests))


def carry_out(host: Host, renaming: Renaming) -> None:
    """Do a rename: the file gets its second name first, so that it fits its dataset always."""
    resource, second_name = renaming.resource, f"{renaming.folder}/{renaming.new_name}"
    undo: Plan = (Remove(second_name),)
    if renaming.guests:
        host.act(zfs.set_properties([resource.dataset], {FORMER_NAME: resource.name}))
        undo = (*undo, zfs.inherit([resource.dataset], FORMER_NAME))
    try:
        link(host, resource.path, second_name)
        host.act(run("zfs", "rename", resource.dataset, renaming.dataset))
    except (ChyvesError, KeyboardInterrupt) as error:
        host.try_to(*undo)
        if isinstance(error, ChyvesError):
            raise resources.busy(error, resource) from error
        raise
    host.act(Remove(renaming.old_file))
    if renaming.guests:
        host.act(*follow(renaming.dataset, renaming.new_name, renaming.guests))


def follow(dataset: str, name: str, guests: list[str]) -> Plan:
    """Return the steps that bring the guests to a firmware's new name and forget the old one."""
    forget = zfs.inherit([dataset], FORMER_NAME)
    return (zfs.set_properties(guests, {FIRMWARE_PROPERTY: name}), forget) if guests else (forget,)


def link(host: Host, path: str, second_name: str) -> None:
    """Give a file of the host a second name; one that an earlier attempt left is replaced."""
    if host.dry_run:
        print(quote(("ln", "-f", path, second_name)))
        return
    host.remove(second_name)
    try:
        os.link(host.path(path), host.path(second_name))
    except OSError as error:
        raise HostError(f"{path}: cannot be renamed: {error.strerror}") from error


def delete(
    host: Host, kind: str, name: str, *, force: bool, confirm: Callable[[Resource], None]
) -> Resource:
    """Destroy the dataset of the resource of exactly that name, and return what it was.

    `confirm` asks, and raises Refused on a no. `force` also takes snapshots of the resource, and
    a firmware that guests name.
    """
    with locks.hold(host, resources.lock(name, kind), seconds=2):
        inventory = read_inventory(host)
        known = resources.all(inventory.storage, kind)
        if name not in known:
            raise resources.not_found(kind, name, known)
        resource = known[name]
        refuse_in_use(host, inventory, resource)
        refuse_children(inventory, resource)
        refuse_named(inventory, resource, force)
        options = ("-r",) if check_snapshots(host, resource, force) else ()
        confirm(resource)
        try:
            host.act(run("zfs", "destroy", *options, resource.dataset))
        except HostError as error:
            raise resources.busy(error, resource) from error
    return resource


def refuse_children(inventory: Inventory, resource: Resource) -> None:
    """Raise Refused where other datasets stand below a resource; chyves makes none there."""
    below = [each for each in inventory.storage.datasets if each.startswith(f"{resource.dataset}/")]
    if below:
        raise Refused(f"{resource.name}: {below[0]} stands below it", f"zfs list -r {below[0]}")


def refuse_named(inventory: Inventory, resource: Resource, force: bool) -> None:
    """Raise Refused where guests name a firmware, unless forced."""
    datasets = guests_with_firmware(inventory, resource)
    guests = sorted(each.rpartition("/")[2] for each in datasets)
    if guests and not force:
        raise Refused(
            f"{resource.name}: is the uefi_firmware of {', '.join(guests)}",
            f"chyves {','.join(guests)} unset uefi_firmware, or delete it with force",
        )


def check_snapshots(host: Host, resource: Resource, force: bool) -> bool:
    """Return whether a resource has snapshots; raises Refused where they are not to be lost."""
    argv = ("zfs", "list", "-H", "-o", "name", "-t", "snapshot", "-d", "1", resource.dataset)
    snapshots = [line.rpartition("@")[2] for line in host.read(*argv).stdout.splitlines()]
    if snapshots and not force:
        names = ", ".join(f"@{name}" for name in snapshots)
        raise Refused(
            f"{resource.name}: has snapshots that would be lost: {names}", "the same with force"
        )
    return bool(snapshots)
