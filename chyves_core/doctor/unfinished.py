"""What was begun and never ended: changes in the journal, and guests that are half made."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chyves_core import journal, locks, resources
from chyves_core.disks.finding import disks_lock
from chyves_core.disks.settling import plan_settling
from chyves_core.doctor.finding import Finding, Mend
from chyves_core.guests import GUEST_PREFIX, Guest, read_inventory
from chyves_core.host import Host
from chyves_core.look import Look
from chyves_core.plan import Plan, Run, run
from chyves_core.pools import DOOMED, READABLE
from chyves_core.replicate import COPIES, is_empty_place, tidying
from chyves_core.sizes import show_size
from chyves_core.zfs import Dataset, read_tree

# More than an empty filesystem or volume holds of its own.
EMPTY_BYTES = 1 << 20


def interrupted_changes(look: Look) -> Iterator[Finding]:
    """Find the changes that the journal still holds."""
    for path, entry in journal.pending(look.host).items():

        def end(host: Host, path: str = path, entry: journal.Entry = entry) -> None:
            journal.finish(host, path, entry)

        problem = f"`chyves {entry.title}` was interrupted"
        subject = entry.title.split(" ")[0]
        yield Finding(subject, problem, "chyves doctor --fix", Mend(entry.locks, end))


def half_made_guests(look: Look) -> Iterator[Finding]:
    """Find the datasets in a guest's place that are none."""
    storage = look.inventory.storage
    for name in look.inventory.half_made:
        guest = name.rpartition("/")[2]
        uuid = storage.datasets[name].own(f"{GUEST_PREFIX}uuid")
        if uuid is None:
            problem = f"{name} is not a guest, chyves did not make it"
            yield Finding(guest, problem, f"zfs get all {name}", note=True)
            continue
        whole = look.inventory.guests.get(guest)
        if whole and whole.properties.get("uuid") == uuid:
            yield rest_of_move(look, whole, name)
            continue
        tree = [each for each in storage.datasets.values() if is_within(each.name, name)]
        size = show_size(int(storage.datasets[name].value("used", "0")))
        destroys = "" if all(map(is_empty, tree)) else f"{name}, {size}"
        step = run("zfs", "destroy", "-r", name)
        # `delete` would mean the guest of the same name that is whole, on another pool.
        namesake = whole or guest in look.inventory.twice
        command = str(step) if namesake else f"chyves {guest} delete"
        mend = Mend((locks.guest_lock(guest),), acting((step,)), destroys)
        yield Finding(guest, f"{name} is half a guest, {size}", command, mend)


def disks_half_imported(look: Look) -> Iterator[Finding]:
    """Find what imports of disks keep beside the disks while they work, or have left there."""
    for guest in look.inventory.guests.values():
        steps = plan_settling(look.host, look.inventory, guest)
        if steps:
            words = " ".join(step.argv[-1] for step in steps if isinstance(step, Run))
            problem = f"an import of a disk is at work or was interrupted: {words or guest.folder}"

            def settle(host: Host, name: str = guest.name) -> None:
                inventory = read_inventory(host)
                host.act(*plan_settling(host, inventory, inventory.guest(name)))

            mend = Mend((disks_lock(guest.name), locks.guest_lock(guest.name)), settle)
            yield Finding(guest.name, problem, "chyves doctor --fix", mend)


def half_made_resources(look: Look) -> Iterator[Finding]:
    """Find ISO images and firmware whose import was begun and has not ended."""
    storage = look.inventory.storage
    for pool in storage.active_pools:
        for kind in (resources.ISO, resources.FIRMWARE):
            for dataset in storage.datasets.values():
                parent, _, name = dataset.name.rpartition("/")
                own = dataset.own_with_prefix(resources.PREFIX)
                if parent == f"{pool.root}/{kind}" and "source" in own and "sha256" not in own:
                    plan = (run("zfs", "destroy", "-r", dataset.name),)
                    mend = Mend((resources.lock(name, kind),), acting(plan))
                    problem = f"the import from {own['source']} is at work or was interrupted"
                    yield Finding(name, problem, "chyves doctor --fix", mend)


def rest_of_move(look: Look, guest: Guest, dataset: str) -> Finding:
    """Return the finding for what a move left of a guest that is on another pool.

    Where it can't be compared any more, or was written to since, it is asked about.
    """
    from chyves_core.move import remove_rest, unchanged_rest

    def end(host: Host) -> None:
        inventory = read_inventory(host)
        remove_rest(host, inventory, inventory.guest(guest.name))

    wanted = (locks.LAYOUT, locks.guest_lock(guest.name))
    problem = f"was moved to {guest.pool}, and {dataset} is left"
    if unchanged_rest(look.host, dataset):
        command = f"chyves {guest.name} move {guest.pool}"
        return Finding(guest.name, problem, command, Mend(wanted, end))
    step = run("zfs", "destroy", "-r", dataset)
    size = show_size(int(look.inventory.storage.datasets[dataset].value("used", "0")))
    problem += f", {size}, which may have been written to since"
    return Finding(guest.name, problem, str(step), Mend(wanted, acting((step,)), dataset))


def unfinished_copies(look: Look) -> Iterator[Finding]:
    """Find what was being copied to a pool when its command was interrupted."""
    if journal.pending(look.host):
        # One of them may be about to get into its place.
        return
    storage = look.inventory.storage
    for pool in storage.active_pools:
        for name in storage.datasets:
            if name.rpartition("/")[0] == f"{pool.root}/{COPIES}":
                step = run("zfs", "destroy", "-r", name)
                problem = f"{name} is a copy that was never finished"
                yield Finding(pool.name, problem, str(step), Mend((locks.LAYOUT,), acting((step,))))
        if is_empty_place(storage.datasets, pool.root):
            step = tidying(pool.root)
            problem = f"{step.argv[-1]} is left, the place for copies, and nothing is in it"
            yield Finding(pool.name, problem, str(step), Mend((locks.LAYOUT,), acting((step,))))


def rests_of_promotions(look: Look) -> Iterator[Finding]:
    """Find resources on pools that are not the primary one: it alone has any that count."""
    storage = look.inventory.storage
    primary = next((pool for pool in storage.active_pools if pool.state == "primary"), None)
    for pool in storage.active_pools if primary else ():
        parents = [f"{pool.root}/{kind}" for kind in (resources.ISO, resources.FIRMWARE)]
        for name in storage.datasets:
            if primary and pool != primary and name.rpartition("/")[0] in parents:
                problem = f"{name} does not count, {primary.name} is the primary pool"
                command = f"chyves dataset {primary.name} promote"
                yield Finding(pool.name, problem, command, note=True)


def unfinished_uninstalls(look: Look) -> Iterator[Finding]:
    """Find layouts that were being destroyed; `uninstall` shows what goes, and asks."""
    storage = look.inventory.storage
    pools = {f"{pool.name}/{DOOMED}": pool for pool in storage.pools if pool.health in READABLE}
    for name, dataset in read_tree(look.host, list(pools)).items():
        if name in pools and dataset.own("mountpoint") == pools[name].mountpoint:
            size = show_size(int(dataset.value("used", "0")))
            problem = f"was being uninstalled, and {name} is left, {size}"
            command = f"chyves dataset {pools[name].name} uninstall"
            yield Finding(pools[name].name, problem, command)


def is_within(name: str, dataset: str) -> bool:
    """Return whether a dataset is `dataset` or below it."""
    return name == dataset or name.startswith(f"{dataset}/")


def is_empty(dataset: Dataset) -> bool:
    """Return whether nothing is lost when a dataset goes: no data, or only its origin's."""
    of_snapshots = int(dataset.value("usedbysnapshots", "0"))
    is_clone = dataset.value("origin", "-") != "-"
    own = dataset.value("written" if is_clone else "referenced", "0")
    return of_snapshots == 0 and int(own) <= EMPTY_BYTES


def acting(plan: Plan) -> Callable[[Host], object]:
    """Return the function that carries out a plan on a host."""
    return lambda host: host.act(*plan)
