"""What an import would do, as lines that can be pasted into sh."""

from __future__ import annotations

import shlex
from pathlib import Path

from chyves_core.checksums import Checksum
from chyves_core.disks import formats, import_job
from chyves_core.disks.adding import new_slots
from chyves_core.disks.bringing import fetch_argv
from chyves_core.disks.finding import plan_slots
from chyves_core.disks.formats import RAW, Image
from chyves_core.disks.import_job import Import
from chyves_core.guests import Inventory
from chyves_core.host import Host
from chyves_core.plan import Plan, quote
from chyves_core.unpacking import UNPACKERS


def shown_steps(
    host: Host, inventory: Inventory, job: Import, checksum: Checksum | None
) -> list[str]:
    """Return the commands of an import; a size that is not known yet is left to the shell."""
    source = job.wish.source
    files = source.is_url or (source.ending and kind_of(job) != RAW)
    rest = import_job.remove_files(job) if files else ()
    return [
        *writing_lines(host, job, checksum),
        *(str(step) for step in (*last_steps(host, inventory, job), *rest)),
    ]


def kind_of(job: Import) -> str:
    """Return the format of an image; that of a download is known by its name only."""
    source = job.wish.source
    if source.is_url:
        return formats.by_name(source.plain_name)
    return formats.sniff(Path(source.location), job.shown, source.ending)


def writing_lines(host: Host, job: Import, checksum: Checksum | None) -> list[str]:
    """Return the commands that bring an image, and write it on a new volume."""
    source = job.wish.source
    incoming = job.download if source.is_url else source.location
    lines = []
    if source.is_url:
        lines.append(quote(fetch_argv(job, watched=False)))
    if checksum:
        lines.append(quote((checksum.algorithm, "-q", "-c", checksum.digits, incoming)))
    kind = kind_of(job)
    more = raw_lines(job, incoming) if kind == RAW else other_lines(host, job, incoming, kind)
    return [*lines, *more]


def raw_lines(job: Import, incoming: str) -> list[str]:
    """Return the lines that make the volume, and write a raw image on it."""
    source = job.wish.source
    if source.ending:
        reading = f"{UNPACKERS[source.ending]} -dc {shlex.quote(incoming)}"
        making = volume_line(job, f"$({reading} | wc -c | tr -d ' ')")
    else:
        reading = f"cat {shlex.quote(incoming)}"
        making = volume_line(job, f"$(stat -f %z {shlex.quote(incoming)})")
        if not source.is_url:
            making = str(import_job.begin_step(job, Path(incoming).stat().st_size))
    device = shlex.quote(job.device)
    return [making, f"{reading} | dd of={device} ibs=1m obs=1m conv=osync,sparse"]


def other_lines(host: Host, job: Import, incoming: str, kind: str) -> list[str]:
    """Return the lines that make the volume, and let qemu-img write on it and compare."""
    source = job.wish.source
    lines = []
    if source.is_url or source.ending:
        path = job.unpacked if source.ending else incoming
        asking = quote(("qemu-img", "info", "--output=json", "-f", kind, path))
        making = volume_line(
            job, f"$({asking} | sed -n 's/^ *.virtual-size.: *\\([0-9]*\\).*/\\1/p')"
        )
        if source.ending:
            unpacking = f"{UNPACKERS[source.ending]} -dc {shlex.quote(incoming)}"
            lines.append(f"{unpacking} > {shlex.quote(path)}")
    else:
        path = incoming
        size = formats.read_size(host, Path(path), kind, job.shown)
        making = str(import_job.begin_step(job, size))
    image = Image(Path(path), kind, "", 0)
    steps = formats.convert(image, job.device, watched=False), formats.compare(image, job.device)
    return [*lines, making, *(str(step) for step in steps)]


def volume_line(job: Import, size: str) -> str:
    """Return the line that makes the volume, its size being a piece of shell."""
    if job.least:
        size = f"$(printf '%s\\n' {job.least} \"{size}\" | sort -n | tail -n 1)"
    argv = import_job.begin_step(job, 0).argv
    place = argv.index("-V") + 1
    return f'{quote(argv[:place])} "{size}" {quote(argv[place + 1 :])}'


def last_steps(host: Host, inventory: Inventory, job: Import) -> Plan:
    """Return the steps that make the volume a disk."""
    whole, last = import_job.plan_whole(job), import_job.take_place(job)
    if job.old:
        return (*whole, *import_job.plan_aside(job), last, import_job.destroy_old(job))
    kept = new_slots(host, inventory, job.guest, job.disk)
    return (*whole, last, plan_slots(job.guest, kept))
