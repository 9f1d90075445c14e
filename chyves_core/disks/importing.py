"""Import an image on a disk: written and compared beside the disks, and only then one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chyves_core import create, locks, progress
from chyves_core.checksums import Checksum
from chyves_core.disks import formats
from chyves_core.disks.adding import no_room
from chyves_core.disks.bringing import bring
from chyves_core.disks.deleting import DoomedDisk, look
from chyves_core.disks.finding import (
    check_writable,
    disks_lock,
    find_disk,
    free_name,
    read_settled,
)
from chyves_core.disks.finishing import finish
from chyves_core.disks.formats import RAW, Image
from chyves_core.disks.import_job import Done, Import, Wish, begin_step, remove_files, undo
from chyves_core.disks.writing import read_back, wait_for_node, write_image
from chyves_core.errors import ChyvesError, HostError, Refused
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory
from chyves_core.host import Host
from chyves_core.numbering import new_serial
from chyves_core.settings import default_settings
from chyves_core.sizes import show_size
from chyves_core.taking_back import taken_back_on_failure, uninterrupted
from chyves_core.unpacking import open_file

SERIAL = f"{GUEST_PREFIX}disk_serial"
# What the new disk does not take over from the one whose place it takes.
OF_ONE_DISK = ("source", "imported", "replaced")


def import_disk(
    host: Host,
    wish: Wish,
    *,
    ask: Callable[[], Checksum | None],
    confirm: Callable[[str], None],
) -> Done | None:
    """Import an image; `ask` is called for its checksum, `confirm` before a disk is replaced.

    Whatever fails, and Ctrl-C, leaves the disks as they were; after a kill -9 the next command
    that changes disks of the guest ends what is left. None in a dry run.
    """
    if not wish.source.is_url:
        open_file(Path(wish.source.location), wish.source.file_name).close()
    with locks.hold(host, disks_lock(wish.guest), seconds=2):
        with locks.hold(host, locks.guest_lock(wish.guest)):
            inventory, guest = read_settled(host, wish.guest)
            job = plan_import(inventory, guest, wish)
            seen = look_at_old(host, inventory, job)
        checksum = ask()
        if seen:
            confirm(f"{guest.name}: the import destroys {seen.preview}. Go on?")
        if host.dry_run:
            from chyves_core.disks.import_preview import shown_steps

            print(*shown_steps(host, inventory, job, checksum), sep="\n")
            return None
        files = remove_files(job)
        with taken_back_on_failure(host, files, job.download):
            image = bring(host, job, checksum)
            begin(host, inventory, job, image)
            with taken_back_on_failure(host, undo(job), job.draft):
                copy(host, job, image, checksum)
            with uninterrupted():
                running = finish(host, job, seen)
        host.act(*files)
        return Done(job.disk, image.size, checksum.algorithm if checksum else None, running)


def plan_import(inventory: Inventory, guest: Guest, wish: Wish) -> Import:
    """Return the import that a wish means; raises where it can't be."""
    check_writable(guest)
    if wish.disk is None:
        name = free_name(inventory, guest)
        native = create.disk_options(default_settings(inventory.storage))
        return Import(wish, guest, name, None, wish.sparse, native, {SERIAL: new_serial()})
    old = find_disk(guest, wish.disk)
    if not wish.force:
        raise Refused(
            f"{guest.name}: {old.name} is there, what is on it would be lost",
            "the same with force; without a disk, the image goes to a new one",
        )
    dataset = inventory.storage.datasets[old.dataset]
    values = {name: dataset.value(name, "-") for name in create.DISK_PROPERTIES}
    native = {name: value for name, value in values.items() if value != "-"}
    user = {
        f"{GUEST_PREFIX}{name}": value
        for name, value in old.properties.items()
        if name not in OF_ONE_DISK
    }
    sparse = wish.sparse or dataset.own("refreservation") in (None, "0", "none")
    return Import(wish, guest, old.name, old, sparse, native, user)


def look_at_old(host: Host, inventory: Inventory, job: Import) -> DoomedDisk | None:
    """Return the disk that an import destroys; raises Refused where it has to stay."""
    return look(host, inventory, job.guest, job.disk) if job.old else None


def begin(host: Host, inventory: Inventory, job: Import, image: Image) -> None:
    """Make the volume; it is no disk yet."""
    try:
        host.act(begin_step(job, image.size))
    except KeyboardInterrupt:
        with uninterrupted():
            host.try_to(*undo(job))
        raise
    except ChyvesError as error:
        size = show_size(max(image.size, job.least))
        what = f"a disk of {size}" if job.least else f"an image of {size}"
        raise no_room(inventory, job.guest, what, error) from error


def copy(host: Host, job: Import, image: Image, checksum: Checksum | None) -> None:
    """Write the image on the volume, check it, and compare what stands there."""
    device = host.path(job.device)
    wait_for_node(device, job.device)
    watched = progress.watched(host)
    if image.format != RAW:
        convert(host, job, image, str(device), watched=watched)
        return
    algorithms = {"sha256", *([checksum.algorithm] if checksum else ())}
    total = image.path.stat().st_size
    with progress.metered(job.disk, total, shown=watched) as meter:
        poured = write_image(
            image.path,
            device,
            shown=job.shown,
            ending=image.ending,
            algorithms=algorithms,
            meter=meter,
        )
    if checksum and not image.ending:
        checksum.check(job.shown, poured.digits[checksum.algorithm])
    with progress.metered(f"comparing {job.disk}", poured.size, shown=watched) as meter:
        digits = read_back(device, poured.size, shown=job.shown, meter=meter)
    if digits != poured.digits["sha256"]:
        raise not_the_same(job)


def convert(host: Host, job: Import, image: Image, device: str, *, watched: bool) -> None:
    """Let qemu-img write the image on the volume, and compare."""
    step = formats.convert(image, device, watched=watched)
    if not watched:
        host.act(step)
    elif host.interactive(step.argv) != 0:
        raise HostError(f"{job.shown}: qemu-img could not convert it, nothing was imported")
    try:
        host.act(formats.compare(image, device))
    except HostError as error:
        raise not_the_same(job) from error


def not_the_same(job: Import) -> ChyvesError:
    """Return the error for a volume that does not hold what was written on it."""
    return ChyvesError(
        f"{job.shown}: what was written on {job.guest.pool} reads differently, "
        "nothing was imported",
        f"zpool status {job.guest.pool}",
    )
