"""Move a guest to another pool: copied and checked first, then switched, and only then removed.

Until the switch the guest is where it was; behind it, it is on the other pool, and what is left of
the old place is no guest any more. The same command again ends what was interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass

from chyves_core.cli import Changing
from chyves_core import journal, locks, rename, replicate, zfs
from chyves_core.delete import clone_owners
from chyves_core.disks.finding import disks_lock, read_settled
from chyves_core.errors import ChyvesError, Refused
from chyves_core.guests import GUEST_PREFIX, VERSION_PROPERTY, Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.plan import Plan, run
from chyves_core.pools import Pool
from chyves_core.progress import watched
from chyves_core.replicate import COPIES, Tree, read_trees
from chyves_core.runtime import Runtime, read_runtime
from chyves_core.sizes import show_size

MARK = "chyves-move"


@dataclass(frozen=True)
class Move:
    """A guest with all its datasets and snapshots, and the pool that it goes to.

    `bookmarks` can't go along: zfs sends none, and one can only be made from its snapshot.
    """

    guest: Guest
    tree: Tree
    pool: Pool
    bookmarks: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The command that this is."""
        return f"{self.guest.name} move {self.pool.name}"

    @property
    def copy(self) -> str:
        """Where the copy is made."""
        return f"{self.pool.root}/{COPIES}/{self.guest.name}"

    @property
    def target(self) -> str:
        """Where the guest will be."""
        return f"{self.pool.root}/guests/{self.guest.name}"

    @property
    def preview(self) -> list[str]:
        """One line that says what goes where, and one for what can't go along."""
        names = self.tree.datasets
        disks = len(self.guest.disks)
        parts = [f"{disks} disk{'s' if disks != 1 else ''}"]
        snapshots = len(self.tree.snapshots(self.tree.root))
        if snapshots:
            parts.append(f"{snapshots} snapshot{'s' if snapshots != 1 else ''}")
        if any(each.value("origin", "-") != "-" for each in names.values()):
            parts.append("independent of what it was cloned from")
        size = show_size(self.tree.needed)
        name, root = self.guest.name, self.tree.root
        lines = [f"{name}: {root} to {self.target} with {', '.join(parts)}, {size}"]
        if self.bookmarks:
            lines.append(f"{name}: lost are its bookmarks: {', '.join(self.bookmarks)}")
        return lines


def move_guest(command: Changing, name: str, pool: str) -> None:
    """Move one guest, or leave it where it is; raises where that can't be done."""
    host = command.host
    title = f"{name} move {pool}"
    wanted = (locks.LAYOUT, locks.guest_lock(name), disks_lock(name))
    with locks.hold_for_change(host, title, *wanted):
        inventory, guest = read_settled(host, name)
        if guest.pool == inventory.storage.active_pool(pool).name:
            remove_rest(host, inventory, guest)
            if replicate.is_empty_place(inventory.storage.datasets, f"{pool}/chyves"):
                replicate.tidy(host, f"{pool}/chyves")
            command.say(f"{name}: is on {pool} now")
            return
        job = look(host, inventory, guest, inventory.storage.active_pool(pool))
        for line in job.preview:
            command.say(f"# {line}" if host.dry_run else line)
        if job.bookmarks:
            command.confirm("Move it, and lose its bookmarks for good?")
        place = replicate.plan_place(inventory.storage.datasets, job.pool.root)
        try:
            host.act(*place, *clear_copy(host, job))
            shown = watched(host)
            copied = replicate.copy_tree(host, job.tree, job.copy, MARK, shown=shown)
            carry_out(host, Move(guest, copied, job.pool))
        finally:
            replicate.tidy(host, job.pool.root)
        if not host.dry_run:
            command.say(f"{name}: is on {pool} now")


def look(host: Host, inventory: Inventory, guest: Guest, pool: Pool) -> Move:
    """Return what moving a guest means; raises Refused where it can't be."""
    check_stopped(inventory, read_runtime(host), guest)
    tree = read_trees(host, guest.dataset)[guest.dataset]
    job = Move(guest, tree, pool, read_bookmarks(host, guest))
    if job.target in inventory.storage.datasets:
        raise Refused(f"{guest.name}: {job.target} is there, and is not a guest")
    check_snapshots(inventory, job)
    replicate.check_can_be_sent(job.tree)
    replicate.check_room(host, [job.tree], f"{pool.root}/guests", guest.name)
    return job


def read_bookmarks(host: Host, guest: Guest) -> tuple[str, ...]:
    """Return the full names of the bookmarks of a guest and its disks."""
    argv = ("zfs", "list", "-H", "-r", "-t", "bookmark", "-o", "name", guest.dataset)
    return tuple(host.read(*argv).stdout.splitlines())


def check_stopped(inventory: Inventory, runtime: Runtime, guest: Guest) -> None:
    """Refuse while the guest runs, or one that uses a disk of it."""
    users = [each.name for each in inventory.guests.values() if rename.paths_to(each, guest)]
    for name in dict.fromkeys((guest.name, *users)):
        if runtime.is_running(name):
            what = "is running" if name == guest.name else f"{name} uses its disks and is running"
            raise Refused(f"{guest.name}: {what}", f"chyves {name} stop")


def check_snapshots(inventory: Inventory, job: Move) -> None:
    """Refuse where other guests were cloned from this one, and where a snapshot is held."""
    for snapshot in (each for each in job.tree.datasets.values() if each.kind == "snapshot"):
        clones = [each for each in snapshot.value("clones").split(",") if each not in ("", "-")]
        others = [each for each in clones if not replicate.is_in(each, job.tree.root)]
        owners = clone_owners(inventory, job.guest.name, others)
        if owners:
            names = ", ".join(each.name for each in owners)
            raise Refused(
                f"{job.guest.name}: {names} was cloned from it, and can't stand on another pool",
                f"chyves {','.join(each.name for each in owners)} move {job.pool.name}, then again",
            )
        if snapshot.value("userrefs", "0") not in ("0", "-"):
            raise Refused(f"{snapshot.name}: is held", f"zfs holds {snapshot.name}")


def clear_copy(host: Host, job: Move) -> Plan:
    """Return the step that clears the copy that an interrupted move left."""
    return replicate.plan_clearing(read_trees(host, job.copy), job.copy)


def carry_out(host: Host, job: Move) -> None:
    """Switch to the copy, and remove the guest's old datasets.

    `set` does not hold the guest's lock, so what was set since is looked for under its own.
    """
    with locks.hold(host, locks.NUMBERING, seconds=120, interrupted=True):
        inventory = read_inventory(host)
        try:
            if not host.dry_run:
                check_unchanged(host, job)
            switch(host, inventory, job)
        except (ChyvesError, KeyboardInterrupt):
            if not journal.concerning(host, (locks.guest_lock(job.guest.name),)):
                host.try_to(*clear_copy(host, job), *plan_forgetting(job.tree, job.tree.root))
            raise
    finish(host, job)


def check_unchanged(host: Host, job: Move) -> None:
    """Bring the copy in line with its source for the last time; raises where it has changed."""
    now = read_trees(host, job.tree.root)[job.tree.root]
    replicate.check_copy(host, now, job.copy)
    (last, *_) = reversed(replicate.marks_of(now, MARK))
    if replicate.is_written_to(host, now, last):
        raise ChyvesError(f"{job.guest.name}: was written to meanwhile, and is where it was")


def switch(host: Host, inventory: Inventory, job: Move) -> None:
    """Let the copy count instead of the guest, and correct the paths that name its disks."""
    guest = job.guest
    now = inventory.guest(guest.name)
    steps = (
        run("zfs", "rename", job.copy, job.target),
        zfs.inherit([guest.dataset], VERSION_PROPERTY),
        *replicate.plan_mounting(job.tree, job.target),
        *rename.plan_paths(inventory, now, job.target),
    )
    undo = (
        zfs.set_properties(
            [guest.dataset], {VERSION_PROPERTY: guest.value("chyves_guest_version")}
        ),
        run("zfs", "rename", job.target, job.copy),
        *rename.plan_old_paths(inventory, now),
    )
    named = [each.name for each in inventory.guests.values() if rename.paths_to(each, now)]
    concerned = (guest.name, *(name for name in named if name != guest.name))
    # The layout too: the pool that the guest goes to has to stay in use.
    concerned_locks = (*(locks.guest_lock(name) for name in concerned), locks.LAYOUT)
    journal.carry_out(host, job.pool.name, journal.Entry(job.title, concerned_locks, steps, undo))


def finish(host: Host, job: Move) -> None:
    """Remove the old datasets, and then the snapshots by which the copy can be compared."""
    if not host.dry_run:
        check_nothing_more(host, job)
    try:
        host.act(run("zfs", "destroy", "-r", job.tree.root))
    except ChyvesError as error:
        raise ChyvesError(
            f"{job.guest.name}: is on {job.pool.name} now, but {job.tree.root} is left: {error}",
            f"chyves {job.title}",
        ) from error
    host.act(*plan_forgetting(job.tree, job.target))


def plan_forgetting(tree: Tree, root: str) -> Plan:
    """Return the steps that destroy the snapshots that copying took, in a tree at `root`."""
    return replicate.plan_forgetting(root, replicate.marks_of(tree, MARK))


def check_nothing_more(host: Host, job: Move) -> None:
    """Make sure once more that all that will be destroyed is in the copy."""
    trees = read_trees(host, job.tree.root, job.target)
    try:
        replicate.check_whole(trees[job.tree.root], trees[job.target])
    except ChyvesError as error:
        raise ChyvesError(
            f"{job.guest.name}: is on {job.pool.name} now, and {job.tree.root} is left: {error}",
            f"zfs list -r -t all {job.tree.root}",
        ) from error


def unchanged_rest(host: Host, dataset: str) -> Tree | None:
    """Return what a move left at the old place of a guest, None where it may have changed since.

    Where its snapshots are gone, there is nothing left by which that could be told.
    """
    rest = read_trees(host, dataset)[dataset]
    marks = replicate.marks_of(rest, MARK)
    return None if not marks or replicate.is_written_to(host, rest, marks[-1]) else rest


def remove_rest(host: Host, inventory: Inventory, guest: Guest) -> None:
    """Remove what an interrupted move left of a guest that is where it should be."""
    storage = inventory.storage
    pool = storage.pool(guest.pool)
    for dataset in inventory.half_made:
        same_name = dataset.rpartition("/")[2] == guest.name
        uuid = storage.datasets[dataset].own(f"{GUEST_PREFIX}uuid")
        if same_name and uuid and uuid == guest.properties.get("uuid"):
            rest = unchanged_rest(host, dataset)
            if rest is None:
                raise Refused(
                    f"{guest.name}: is on {pool.name}, and {dataset} is left, which may have "
                    "been written to since",
                    "look what it is; chyves doctor --fix destroys it",
                )
            finish(host, Move(guest, rest, pool))
    tree = read_trees(host, guest.dataset)[guest.dataset]
    host.act(*plan_forgetting(tree, tree.root))
