"""Make a pool the primary one: what the primary pool holds for all goes there with the role.

Resources are copied beside their place and compared, the switch is in the journal, and only what is
on the new primary pool for sure is removed from the old one. The same command again ends what was
interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

from chyves_core.cli import Changing
from chyves_core import journal, locks, logs, replicate, resource_changes, resources, zfs
from chyves_core.errors import ChyvesError, Refused
from chyves_core.guests import read_inventory
from chyves_core.host import Host
from chyves_core.layout import shell_layout
from chyves_core.plan import Plan, run
from chyves_core.pool_promote_rest import KINDS, MARK, remove_rest, settings_of
from chyves_core.pools import (
    POOL_PREFIX,
    Pool,
    Storage,
    use_hint,
)
from chyves_core.progress import watched
from chyves_core.replicate import COPIES, Tree, read_trees
from chyves_core.resources import PREFIX, Resource
from chyves_core.sizes import show_size

ROLE = f"{POOL_PREFIX}role"


@dataclass(frozen=True)
class Promotion:
    """A pool that becomes the primary one, the one that was, and the resources that go along."""

    old: Pool | None
    new: Pool
    resources: tuple[Resource, ...]
    trees: tuple[Tree, ...]

    @property
    def title(self) -> str:
        """The command that this is."""
        return f"dataset {self.new.name} promote"

    def target(self, tree: Tree) -> str:
        """Where a resource will be."""
        kind, name = tree.root.split("/")[-2:]
        return f"{self.new.root}/{kind}/{name}"

    def copy(self, tree: Tree) -> str:
        """Where the copy of a resource is made."""
        kind, name = tree.root.split("/")[-2:]
        return f"{self.new.root}/{COPIES}/{kind}-{name}"


def promote(command: Changing, name: str) -> None:
    """Make a pool the primary one; raises Refused where that can't be."""
    host = command.host
    with locks.hold_for_change(host, f"dataset {name} promote", locks.LAYOUT, locks.NUMBERING):
        pass
    with locks.hold(host, locks.LAYOUT), ExitStack() as stack:
        inventory = read_inventory(host)
        storage = inventory.storage
        old = check(storage, name)
        job: Promotion | None = None
        if old or storage.pool(name).state != "primary":
            found = find_resources(storage, old, name)
            stack.enter_context(locks.hold(host, *lock_names(storage, old)))
            for each in found:
                resource_changes.refuse_in_use(host, inventory, each)
            job = look(host, storage, old, found, name)
            for line in preview(job):
                command.say(f"# {line}" if host.dry_run else line)
            try:
                carry_out(host, storage, job, shown=watched(host))
            finally:
                replicate.tidy(host, job.new.root)
        planned = job.trees if job and host.dry_run else ()
        for line in remove_rest(host, name, planned):
            command.say(f"# {line}" if host.dry_run else line)
        if not host.dry_run:
            command.say(f"{name}: is the primary pool")


def check(storage: Storage, name: str) -> Pool | None:
    """Return the primary pool that is to give its role away; raises Refused for the new one."""
    pool = storage.pool(name)
    if pool.state == "chyves-sh":
        raise shell_layout(pool)
    if not pool.active:
        raise Refused(f"{name}: chyves is not in use on this pool ({pool.state})", use_hint(pool))
    others = [each for each in storage.pools if each.state == "primary" and each.name != name]
    return others[0] if others else None


def find_resources(storage: Storage, old: Pool | None, name: str) -> list[Resource]:
    """Return the resources that go along; raises Refused where another one has their place.

    One that is on the new pool already, with the same checksum, stays where it is.
    """
    if old is None:
        return []
    found = []
    for kind in KINDS:
        for each in resources.on_pool(storage, old, kind):
            place = f"{storage.pool(name).root}/{kind}/{each.name}"
            twin = storage.datasets.get(place)
            if twin is None:
                found.append(each)
            elif twin.own(f"{PREFIX}sha256") != each.sha256:
                raise Refused(f"{name}: {place} is there, and is not {each.dataset}")
    return found


def lock_names(storage: Storage, old: Pool | None) -> list[str]:
    """Return the locks of the resources of a pool, whole ones and such as are being imported."""
    parents = [f"{old.root}/{kind}" for kind in KINDS] if old else []
    return [
        resources.lock(name)
        for parent, _, name in (each.rpartition("/") for each in storage.datasets)
        if parent in parents and resources.NAME.fullmatch(name)
    ]


def look(
    host: Host, storage: Storage, old: Pool | None, found: Iterable[Resource], name: str
) -> Promotion:
    """Return what a promotion means; raises Refused where the copies do not fit."""
    pool = storage.pool(name)
    chosen = tuple(found)
    trees = read_trees(host, *(each.dataset for each in chosen)) if chosen else {}
    job = Promotion(old, pool, chosen, tuple(trees.values()))
    for tree in job.trees:
        replicate.check_can_be_sent(tree)
    replicate.check_room(host, job.trees, pool.root, name)
    return job


def preview(job: Promotion) -> list[str]:
    """Return the lines that say what goes where."""
    if job.old is None:
        return [f"{job.new.name}: becomes the primary pool, with no resources and settings"]
    lines = [f"{job.new.name}: becomes the primary pool instead of {job.old.name}"]
    for each in job.resources:
        word = resources.word(each.kind)
        lines.append(f"{word} {each.name}: to {job.new.name}, {show_size(each.used)}")
    return lines


def carry_out(host: Host, storage: Storage, job: Promotion, *, shown: bool) -> None:
    """Copy, switch, and bring the logs along; the old resources are still there then."""
    host.act(*plan_places(storage, job.new))
    copied = []
    try:
        for tree in job.trees:
            copy = job.copy(tree)
            host.act(*replicate.plan_clearing(read_trees(host, copy), copy))
            copied.append(replicate.copy_tree(host, tree, copy, MARK, shown=shown))
        whole = Promotion(job.old, job.new, job.resources, tuple(copied))
        bring_logs(host, whole)
        with locks.hold(host, locks.NUMBERING, seconds=120, interrupted=True):
            switch(host, whole)
    except (ChyvesError, KeyboardInterrupt):
        if not journal.concerning(host, (locks.LAYOUT,)):
            take_back(host, job, copied)
        raise


def take_back(host: Host, job: Promotion, copied: Iterable[Tree]) -> None:
    """Remove the copies that were made for nothing."""
    for tree in copied:
        left = read_trees(host, job.copy(tree))
        host.try_to(*replicate.plan_clearing(left, job.copy(tree)))
        host.try_to(*replicate.plan_forgetting(tree.root, replicate.marks_of(tree, MARK)))


def plan_places(storage: Storage, pool: Pool) -> Plan:
    """Return the steps that make what a primary pool has and a secondary one lacks."""
    steps: Plan = ()
    for name in (*KINDS, "logs"):
        if f"{pool.root}/{name}" not in storage.datasets:
            steps = (*steps, zfs.create_filesystem(f"{pool.root}/{name}", {}))
    return (*steps, *replicate.plan_place(storage.datasets, pool.root))


def switch(host: Host, job: Promotion) -> None:
    """Let the copies count, and the role change hands, all or nothing."""
    storage = read_inventory(host).storage
    if not host.dry_run:
        check_unchanged(host, storage, job)
    concerned = (locks.LAYOUT, locks.NUMBERING, *(resources.lock(r.name) for r in job.resources))
    steps, undo = plan_switch(storage, job)
    journal.carry_out(host, job.new.name, journal.Entry(job.title, concerned, steps, undo))


def check_unchanged(host: Host, storage: Storage, job: Promotion) -> None:
    """Bring the copies in line for the last time; raises where there is more to copy now."""
    known = {tree.root for tree in job.trees}
    now = find_resources(storage, job.old, job.new.name)
    trees = read_trees(host, *known) if known else {}
    for root, tree in trees.items():
        replicate.check_copy(host, tree, job.copy(tree))
        if replicate.is_written_to(host, tree, replicate.marks_of(tree, MARK)[-1]):
            raise ChyvesError(f"{root}: was written to meanwhile")
    if {each.dataset for each in now} != known or len(trees) != len(known):
        raise ChyvesError(
            f"{job.new.name}: resources have changed meanwhile", f"chyves {job.title}"
        )


def plan_switch(storage: Storage, job: Promotion) -> tuple[Plan, Plan]:
    """Return the steps of the switch and those that undo it.

    The new pool has the role before the old one loses it: there is never none that has it.
    """
    new, old = job.new.root, job.old
    settings = settings_of(old) if old else {}
    stale = [] if not old else [name for name in settings_of(job.new) if name not in settings]
    steps: Plan = ()
    undo: Plan = ()
    for tree in job.trees:
        steps += (run("zfs", "rename", job.copy(tree), job.target(tree)),)
        steps += replicate.plan_mounting(tree, job.target(tree))
        undo += (run("zfs", "rename", job.target(tree), job.copy(tree)),)
    steps += tuple(zfs.inherit([new], name) for name in stale)
    steps += (zfs.set_properties([new], {**settings, ROLE: "primary"}),)
    undo = (zfs.set_properties([new], {ROLE: job.new.state}), *undo)
    if old:
        steps += (zfs.set_properties([old.root], {ROLE: "secondary"}),)
        undo = (zfs.set_properties([old.root], {ROLE: "primary"}), *undo)
    return steps, undo


def bring_logs(host: Host, job: Promotion) -> None:
    """Bring the lines of the host's log along that are not there yet."""
    if job.old:
        logs.bring_lines(host, job.old.mountpoint, job.new.mountpoint)
