"""Clone guests: one snapshot for all of a command, each clone whole or not there at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from chyves_core.cli import Changing, for_each, report
from chyves_core import clone, copying, create, journal, locks, logs, names, replicate, room
from chyves_core.bhyve.devices.tpm import has_swtpm
from chyves_core.clone import Kind, Source, Target
from chyves_core.errors import FAILED, OK, ChyvesError, Refused, UsageError
from chyves_core.guests import Guest, read_inventory
from chyves_core.host import Host
from chyves_core.numbering import Taken, read_taken
from chyves_core.plan import Plan, Remove, Run, run
from chyves_core.pools import Pool, Storage, read_storage
from chyves_core.progress import watched
from chyves_core.runtime import read_runtime
from chyves_core.settings import global_settings
from chyves_core.snapshots.naming import automatic_name
from chyves_core.snapshots.taking import check_reverting, plan_snapshot
from chyves_core.supervise.swtpm import STATE_FOLDER
from chyves_core.taking_back import handling, interrupt
from chyves_core.zfs import Dataset


@dataclass(frozen=True)
class Request:
    """What the command line of `clone` asks for; `flags` are letters of c, i, e and u."""

    source: str
    names: tuple[str, ...]
    flags: str
    pool: str | None

    @property
    def title(self) -> str:
        """The command, for the journal."""
        return f"{self.source} clone {','.join(self.names)}"


@dataclass(frozen=True)
class Job:
    """All that is decided before anything is made."""

    storage: Storage
    source: Guest
    tree: tuple[Dataset, ...]
    kind: Kind
    pool: Pool
    targets: tuple[Target, ...]
    clearing: Plan


def read_kind(flags: str, default: str) -> Kind:
    """Return the kind that the flags mean; `default` fills in what they don't say."""
    for first, second in ("ci", "eu"):
        if first in flags and second in flags:
            raise UsageError(f"-{first} and -{second}: a clone can't be both")
    chosen = [
        next((letter for letter in pair if letter in flags), None)
        or next(letter for letter in pair if letter in default)
        for pair in ("ci", "eu")
    ]
    return Kind(chosen[0] == "i", chosen[1] == "u")


def clone_guests(command: Changing, request: Request) -> int:
    """Clone a guest under each of the names and return the worst status.

    Everything is checked before anything is made. A clone that fails is taken away again, and
    the others are made. What an interrupted call has made is cleared away by the next one.
    """
    host = command.host
    for name in request.names:
        names.check_new_name(name)
    if request.source in request.names:
        raise Refused(f"{request.source}: there is such a guest already")
    new = tuple(locks.guest_lock(name) for name in request.names)
    # A closed terminal ends a long copy as Ctrl-C does.
    with (
        handling(interrupt),
        locks.hold_for_change(host, request.title, *new),
        ExitStack() as whole,
    ):
        with locks.hold(host, locks.guest_lock(request.source)):
            job = decide(host, request)
            taking = plan_taking(host, job)
            origin = taking[0].argv[-1]
            source = Source(job.source, job.tree, origin.rpartition("@")[2])
            host.act(*job.clearing)
            gone = (*map(clone.plan_removal, job.targets), run("zfs", "destroy", "-r", origin))
            entry = journal.Entry(request.title, new, gone, gone)
            whole.enter_context(journal.whole_or_gone(host, job.pool.name, entry))
            with room.told(host, job.source.name, "a snapshot of it", job.source.dataset):
                host.act(*taking)
        if source.is_live:
            text = f"{job.source.name}: runs, clones see its disks as after a power failure"
            command.say(f"# {text}" if host.dry_run else text)
        return carry_out(command, job, source)


def decide(host: Host, request: Request) -> Job:
    """Return what is to be made; raises where any of it can't be."""
    inventory = read_inventory(host)
    source = inventory.guest(request.source)
    settings = global_settings(inventory.storage)
    kind = read_kind(request.flags, settings["default_clone_flag"])
    pool = inventory.storage.active_pool(request.pool or source.pool)
    longest = names.longest_name(host, pool.root, request.names)
    for name in request.names:
        names.check_new_name(name, longest=longest)
        inventory.check_free(name)
    clone.check_pool(source, request.names, pool, kind)
    if not kind.independent:
        check_reverting(source, "")
    targets = tuple(
        Target(name, pool, str(uuid.uuid4()) if kind.unique else source.value("uuid"))
        for name in request.names
    )
    clearing = tuple(
        step
        for each in targets
        for step in create.plan_clearing(inventory, each.name, each.dataset)
    )
    tree = clone.guest_tree(inventory, source)
    if kind.independent:
        needed = clone.needed(tree) * len(targets)
        replicate.check_free(host, needed, f"{pool.root}/guests", ", ".join(request.names))
    return Job(inventory.storage, source, tree, kind, pool, targets, clearing)


def parent_of(job: Job) -> str:
    """Return the dataset below which the clones are made."""
    return f"{job.pool.root}/guests"


def plan_taking(host: Host, job: Job) -> tuple[Run, ...]:
    """Return the step that takes the snapshot which all the clones are made from."""
    running = read_runtime(host).is_running(job.source.name)
    name = clone.snapshot_name(job.source, job.targets[0].name, automatic_name())
    return (plan_snapshot(job.source, name, running=running),)


def carry_out(command: Changing, job: Job, source: Source) -> int:
    """Make all the clones from a snapshot and return the worst status."""
    host = command.host
    shown = watched(command.host)
    begun: list[Target] = []
    done: list[Target] = []

    def begin(target: Target) -> None:
        what = f"a copy of {job.source.name}" if job.kind.independent else "a clone"
        with room.told(host, target.name, what, parent_of(job)), gone_on_failure(host, target):
            make(host, job, source, target, shown=shown)
        begun.append(target)

    worst = for_each(job.targets, lambda each: each.name, begin)
    with locks.hold(host, locks.NUMBERING, seconds=120):
        taken = read_taken(host, read_storage(host)) if job.kind.unique else None

        def finish(target: Target) -> None:
            with gone_on_failure(host, target):
                host.act(clone.plan_properties(properties(job, target, taken), target))
            done.append(target)

        worst = max(worst, for_each(begun, lambda each: each.name, finish))
    worst = max(worst, let_go(host, job, source, done))
    for target in done if not host.dry_run else ():
        tell(command, job, source, target)
    return worst


def make(host: Host, job: Job, source: Source, target: Target, *, shown: bool) -> None:
    """Make the datasets of one clone; it is no guest yet."""
    if job.kind.independent:
        pairs = clone.plan_copy(source, target, job.kind)
        copying.copy(host, target.name, pairs, shown=shown)
        snapshot = f"@{source.snapshot}"
        places = {each.name: source.place(each.name, target) for each in source.datasets}
        copying.verify(host, {old + snapshot: new + snapshot for old, new in places.items()})
        host.act(
            *clone.plan_reservations(source, target),
            run("zfs", "destroy", "-r", target.dataset + snapshot),
            *clone.plan_mounts(source, target),
        )
    else:
        host.act(*clone.plan_clone(source, target, job.kind))
    # The log of the source is not that of the clone, which begins one of its own; so does its TPM,
    # whose keys are what a machine is known by, unless it is to be like its source.
    folder = source.guest.folder if host.dry_run else target.folder
    files = [*logs.files(host, folder), *(tpm_files(host, folder) if job.kind.unique else ())]
    for file in files:
        host.act(Remove(target.folder + file.removeprefix(folder)))


def tpm_files(host: Host, folder: str) -> list[str]:
    """Return the files of a TPM that swtpm(8) plays, in a guest's folder."""
    state = f"{folder}/{STATE_FOLDER}"
    return [f"{state}/{name}" for name in host.list_folder(state)]


def properties(job: Job, target: Target, taken: Taken | None) -> dict[str, str]:
    """Return all properties of a clone; `taken` where it is to have an identity of its own."""
    if taken is None:
        return clone.exact_properties(job.source, target)
    return clone.unique_properties(job.source, target, taken, global_settings(job.storage))


@contextmanager
def gone_on_failure(host: Host, target: Target) -> Iterator[None]:
    """Take away what was made of a clone where the block fails."""
    try:
        yield
    except ChyvesError as error:
        removal = clone.plan_removal(target)
        if not journal.is_done(host, removal) and host.try_to(removal):
            raise ChyvesError(
                f"{error.message}; what was made of it is left", f"chyves {target.name} delete"
            ) from error
        raise


def let_go(host: Host, job: Job, source: Source, made: Sequence[Target]) -> int:
    """Destroy the snapshot, or have it go with the last clone that stands on it."""
    deferred = () if job.kind.independent or not made else ("-d",)
    errors = host.try_to(run("zfs", "destroy", *deferred, "-r", source.origin))
    for error in errors:
        hint = f"chyves {job.source.name} snapshot delete @{source.snapshot}"
        report(ChyvesError(f"{job.source.name}: @{source.snapshot} is left: {error}", hint))
    return FAILED if errors else OK


def tell(command: Changing, job: Job, source: Source, target: Target) -> None:
    """Say what was made, to the user and in the log of the clone."""
    name = source.guest.name
    cloned, copied = f"cloned from {name}@{source.snapshot}", f"copied from {name}"
    text = copied if job.kind.independent else cloned
    text += ", as it was running" if source.is_live else ""
    guest = replace(source.guest, name=target.name, pool=target.pool.name, dataset=target.dataset)
    logs.log(command.host, job.storage, guest, "info", text)
    if job.kind.unique and source.guest.value("rcboot") != "0":
        text += ", does not start with the host (rcboot=0)"
    if job.kind.unique and has_swtpm(source.guest):
        text += ", has a new TPM"
    if job.kind.unique and clone.has_own_address(source.guest):
        text += ", gets its address by DHCP (cloud_net=dhcp)"
    command.say(f"{target.name}: {text}")
