"""Bring an image where it can be read, check it, and find out what it is."""

from __future__ import annotations

from pathlib import Path

from chyves_core import progress
from chyves_core.checksums import Checksum
from chyves_core.disks import formats
from chyves_core.disks.adding import check_mounted
from chyves_core.disks.formats import RAW, Image
from chyves_core.disks.import_job import Import
from chyves_core.errors import HostError
from chyves_core.host import Host
from chyves_core.plan import run
from chyves_core.unpacking import pour


def bring(host: Host, job: Import, checksum: Checksum | None) -> Image:
    """Bring the image where it can be read, and return what it is.

    A raw image that is not packed is checked while it is written; all others before anything
    that unpacks or understands them gets to see them.
    """
    source = job.wish.source
    if source.is_url:
        check_mounted(host, job.guest)
        fetch(host, job)
    incoming = host.path(job.download) if source.is_url else Path(source.location)
    if checksum and source.ending:
        check(host, job, incoming, checksum)
    kind = formats.sniff(incoming, job.shown, source.ending)
    if kind == RAW:
        return Image(incoming, RAW, source.ending, inner_size(host, job, incoming))
    if checksum and not source.ending:
        check(host, job, incoming, checksum)
    if source.ending:
        check_mounted(host, job.guest)
        incoming = unpack(host, job, incoming)
    return Image(incoming, kind, "", formats.read_size(host, incoming, kind, job.shown))


def check(host: Host, job: Import, path: Path, checksum: Checksum) -> None:
    """Compare the checksum of a file with the one that it has to have."""
    _, digits = read_through(host, job, path, "", {checksum.algorithm})
    checksum.check(job.shown, digits[checksum.algorithm])


def inner_size(host: Host, job: Import, path: Path) -> int:
    """Return how many bytes are in a file; a packed one is read for it."""
    ending = job.wish.source.ending
    return read_through(host, job, path, ending, set())[0] if ending else path.stat().st_size


def fetch(host: Host, job: Import) -> None:
    """Download with fetch(1), which shows its own progress where someone watches."""
    watched = progress.watched(host)
    argv = fetch_argv(job, watched=watched)
    if not watched:
        host.act(run(*argv))
    elif host.interactive(argv) != 0:
        raise HostError(f"{job.shown}: could not be fetched, nothing was imported")


def fetch_argv(job: Import, *, watched: bool) -> tuple[str, ...]:
    """Return the fetch(1) call for a download."""
    quiet = () if watched else ("-q",)
    return ("fetch", *quiet, "-o", job.download, job.wish.source.location)


def read_through(
    host: Host,
    job: Import,
    path: Path,
    ending: str,
    algorithms: set[str],
    target: Path | None = None,
) -> tuple[int, dict[str, str]]:
    """Read a file once, to check it, to measure its inside or to unpack it."""
    shown = progress.watched(host)
    with progress.metered(f"reading {job.shown}", path.stat().st_size, shown=shown) as meter:
        poured = pour(
            path, target, shown=job.shown, ending=ending, algorithms=algorithms, meter=meter
        )
    return poured.size, poured.digits


def unpack(host: Host, job: Import, incoming: Path) -> Path:
    """Unpack an image for qemu-img into the guest's folder."""
    target = host.path(job.unpacked)
    read_through(host, job, incoming, job.wish.source.ending, set(), target)
    return target
