"""Import a resource: fetch or copy, check, unpack, and only then let it count."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chyves_core import locks, progress, resources, room, zfs
from chyves_core.checksums import Checksum
from chyves_core.errors import ChyvesError, HostError
from chyves_core.host import Host
from chyves_core.plan import Plan, Run, quote, run
from chyves_core.pools import read_storage
from chyves_core.resource_sources import Source
from chyves_core.resources import PREFIX
from chyves_core.taking_back import taken_back_on_failure
from chyves_core.unpacking import UNPACKERS, Poured, open_file, pour

# How often a download is begun or taken up again before it is given up.
ATTEMPTS = 5
SECONDS_BETWEEN = 1


@dataclass(frozen=True)
class Import:
    """One import: what comes from where, and all the places that it needs on the host."""

    name: str
    source: Source
    dataset: str
    folder: str
    quiet: bool

    @property
    def path(self) -> str:
        """The file of the resource."""
        return f"{self.folder}/{self.name}"

    @property
    def download(self) -> str:
        """Where fetch(1) puts a file; no resource's name begins with a dot."""
        return f"{self.folder}/.download"

    @property
    def draft(self) -> str:
        """The file of the resource as long as it is not whole."""
        if self.source.is_url and not self.source.ending:
            return self.download
        return f"{self.folder}/.draft"

    @property
    def incoming(self) -> str:
        """The file that is read: on the host for a download, the user's own path else."""
        return self.download if self.source.is_url else self.source.location


def import_resource(
    host: Host,
    kind: str,
    name: str,
    source: Source,
    *,
    ask: Callable[[], Checksum | None],
    quiet: bool,
) -> tuple[Poured, Checksum | None] | None:
    """Import one resource; `ask` is called for the checksum once it is sure that it can be made.

    Returns what the file turned out to be and what it was checked with, None in a dry run.
    Whatever fails, and Ctrl-C, leaves nothing behind; after a kill -9 the next import of this
    name clears what is left.
    """
    with locks.hold(host, resources.lock(name, kind), seconds=2):
        storage = read_storage(host)
        dataset = f"{resources.place(storage, kind)}/{name}"
        folder = os.path.dirname(resources.path_of(storage, kind, name))
        job = Import(name, source, dataset, folder, quiet)
        clearing = resources.plan_clearing(storage, kind, name)
        if not source.is_url:
            open_file(Path(source.location), source.file_name or source.location).close()
        checksum = ask()
        with room.told(host, name, f"the {resources.noun(kind)}", resources.place(storage, kind)):
            host.act(*clearing, begin(job))
            if host.dry_run:
                print(*shown_steps(job, checksum), sep="\n")
                return None
            with taken_back_on_failure(host, undo(job), job.dataset):
                check_mounted(host, job)
                poured = bring(host, job, checksum)
                host.act(finish(job, poured))
        return poured, checksum


def begin(job: Import) -> Run:
    """Return the step that makes the dataset; it is no resource yet."""
    return zfs.create_filesystem(job.dataset, {f"{PREFIX}source": job.source.shown})


def finish(job: Import, poured: Poured) -> Run:
    """Return the step that makes the dataset a resource."""
    values = {
        f"{PREFIX}sha256": poured.digits["sha256"],
        f"{PREFIX}size": str(poured.size),
        f"{PREFIX}imported": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return zfs.set_properties([job.dataset], values)


def check_mounted(host: Host, job: Import) -> None:
    """Refuse to write where the dataset is not mounted: the file would land beside it."""
    argv = ("zfs", "get", "-Hp", "-o", "value", "mounted,mountpoint", job.dataset)
    mounted, _, mountpoint = host.read(*argv).stdout.strip().partition("\n")
    if mounted != "yes" or mountpoint != job.folder:
        where = f"mounted on {mountpoint}" if mounted == "yes" else "not mounted"
        raise ChyvesError(f"{job.name}: {job.dataset} is {where}, it has to be on {job.folder}")


def bring(host: Host, job: Import, checksum: Checksum | None) -> Poured:
    """Bring the file into its dataset, whole, checked and under its name."""
    if job.source.is_url:
        fetch(host, job)
    algorithms = {"sha256", *([checksum.algorithm] if checksum else ())}
    if checksum and job.source.ending:
        # What unpacks the file sees only what has been checked.
        before = read_through(host, job, {checksum.algorithm}, checking=True)
        checksum.check(job.name, before.digits[checksum.algorithm])
    poured = read_through(host, job, algorithms, checking=False)
    if checksum and not job.source.ending:
        checksum.check(job.name, poured.digits[checksum.algorithm])
    put_in_place(host, job)
    return poured


def fetch(host: Host, job: Import) -> None:
    """Download with fetch(1); one that breaks off is taken up again where that is safe."""
    for left in reversed(range(ATTEMPTS)):
        started, size = time.time(), size_of(host, job)
        try:
            fetch_once(host, job)
            return
        except HostError:
            if not left or not can_go_on(host, job, started, size):
                raise
        time.sleep(SECONDS_BETWEEN)


def fetch_once(host: Host, job: Import) -> None:
    """Run fetch(1), which shows its own progress where someone watches."""
    watched = progress.watched(host)
    argv = fetch_argv(job, quiet=not watched)
    if not watched:
        host.act(run(*argv))
    elif host.interactive(argv) != 0:
        raise HostError(f"{job.name}: could not be fetched, nothing was imported")


def size_of(host: Host, job: Import) -> int:
    """Return how much of a download is there."""
    path = host.path(job.download)
    return path.stat().st_size if path.is_file() else 0


def can_go_on(host: Host, job: Import, started: float, before: int) -> bool:
    """Return whether the rest of a download can be fetched and fits what is there.

    fetch -r gives what it has the date of the server's file, and begins anew where that has
    changed. Without a date, which shows in one that is not older than the download, it would
    put the halves of two files together (fetch.c).
    """
    now = size_of(host, job)
    return now > before and host.path(job.download).stat().st_mtime < started - 1


def fetch_argv(job: Import, *, quiet: bool) -> tuple[str, ...]:
    """Return the fetch(1) call for a download."""
    return ("fetch", *(("-q",) if quiet else ()), "-r", "-o", job.download, job.source.location)


def read_through(host: Host, job: Import, algorithms: set[str], *, checking: bool) -> Poured:
    """Read the incoming file once: only to check it, or to make the draft from it."""
    # A path that the user named is the machine's own, in the lab too.
    incoming = host.path(job.incoming) if job.source.is_url else Path(job.incoming)
    draft = host.path(job.draft)
    target = None if checking or draft == incoming else draft
    total = os.path.getsize(incoming) if os.path.isfile(incoming) else 0
    shown = progress.watched(host)
    label = f"checking {job.name}" if target is None else job.name
    with progress.metered(label, total, shown=shown) as meter:
        return pour(
            incoming,
            target,
            shown=job.source.file_name or job.name,
            ending="" if checking else job.source.ending,
            algorithms=algorithms,
            meter=meter,
        )


def put_in_place(host: Host, job: Import) -> None:
    """Give the draft its name, and take the download away where it was unpacked."""
    try:
        host.path(job.draft).chmod(0o444)
        os.rename(host.path(job.draft), host.path(job.path))
        if job.source.is_url and job.draft != job.download:
            host.remove(job.download)
    except OSError as error:
        raise HostError(f"{job.name}: cannot be put in place: {error.strerror}") from error


def undo(job: Import) -> Plan:
    """Return the step that takes away what an import has made."""
    return (run("zfs", "destroy", "-r", job.dataset),)


def shown_steps(job: Import, checksum: Checksum | None) -> list[str]:
    """Return what an import does behind `zfs create`, as lines that can be pasted into sh."""
    lines = []
    if job.source.is_url:
        lines.append(quote(fetch_argv(job, quiet=job.quiet)))
    if checksum:
        words = (checksum.algorithm, "-q", "-c", checksum.digits, job.incoming)
        lines.append(quote(words))
    incoming, draft, path = (shlex.quote(each) for each in (job.incoming, job.draft, job.path))
    if job.source.ending:
        lines.append(f"{UNPACKERS[job.source.ending]} -dc < {incoming} > {draft}")
    elif not job.source.is_url:
        lines.append(f"cp {incoming} {draft}")
    if job.source.is_url and job.source.ending:
        lines.append(f"rm -f {incoming}")
    lines += [f"chmod 0444 {draft}", f"mv {draft} {path}"]
    values = {"sha256": f"$(sha256 -q {path})", "size": f"$(stat -f %z {path})"}
    values["imported"] = "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    pairs = " ".join(f'{PREFIX}{name}="{value}"' for name, value in values.items())
    return [*lines, f"zfs set {pairs} {job.dataset}"]
