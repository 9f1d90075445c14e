"""Create guests from an image: their first disk is written before they count as guests.

As in `create`, the version is set last: whatever stops the rest half-way leaves a dataset that is
no guest, that the next `create` makes anew and `delete` and `doctor` take away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from chyves_core import create, creating, locks, names, resources
from chyves_core.checksums import Checksum
from chyves_core.cloud import seed
from chyves_core.cloud.given import HOSTNAME, NET, SEED, Cloud
from chyves_core.disks import formats, import_job, importing
from chyves_core.disks.adding import check_mounted
from chyves_core.disks.bringing import bring
from chyves_core.disks.formats import RAW, Image
from chyves_core.disks.import_job import Import, Wish
from chyves_core.disks.import_preview import writing_lines
from chyves_core.errors import NotFound, Refused, UsageError
from chyves_core.guests import Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.plan import Plan
from chyves_core.pools import Storage
from chyves_core.properties.schema import load_schema
from chyves_core.resource_sources import Source, read_source
from chyves_core.settings import default_settings
from chyves_core.sizes import show_size
from chyves_core.taking_back import taken_back_on_failure, uninterrupted
from chyves_core.unpacking import open_file

# What such a guest gets where neither the command line nor the defaults say anything: cloud
# images boot by UEFI, and 256M is too little for most.
OF_IMAGES = {"loader": "uefi", "ram": "1G"}
DISK = "disk0"


@dataclass(frozen=True)
class Wanted:
    """What `create --image` asks for; `request.size` None means the default or the image's."""

    request: creating.Request
    image: str
    checksum: Checksum | None
    cloud: Cloud


@dataclass(frozen=True)
class Made:
    """A guest that was made, and the size of its disk."""

    guest: create.NewGuest
    size: int


def create_from_image(host: Host, wanted: Wanted) -> list[Made]:
    """Create the guests of a request from an image and return them.

    All of them are planned, and as much as possible of the image is looked at, before the first
    is made. Where one fails, nothing is left of it; those before it stay.
    """
    seed.check_installed()
    for name in wanted.request.names:
        names.check_new_name(name)
    guest_locks = [locks.guest_lock(name) for name in wanted.request.names]
    with locks.hold(host, *guest_locks, seconds=120):
        inventory = read_inventory(host)
        source = find_source(host, inventory.storage, wanted.image)
        wanted = with_properties(inventory, wanted)
        planned = creating.plan_guests(host, inventory, wanted.request)
        for guest in planned:
            create.plan_clearing(inventory, guest.name, guest.dataset)
        image = look(host, first_import(wanted, source, planned[0]), wanted)
        return [make(host, wanted, source, guest, image) for guest in planned]


def find_source(host: Host, storage: Storage, word: str) -> Source:
    """Return the image that a word means: an ISO resource of that name, else a file or URL.

    A word with a / in it is never a resource.
    """
    resource = resources.all(storage, resources.ISO).get(word)
    if resource:
        path = str(host.path(resource.path))
        return Source(path, False, word, "", f"the resource {word}")
    source = read_source(word)
    if not source.is_url:
        try:
            open_file(Path(source.location), source.file_name or word).close()
        except NotFound as error:
            if "/" in word:
                raise
            text = f"{word}: there is no such resource, and no such file"
            raise NotFound(text, "chyves iso list") from error
    return source


def with_properties(inventory: Inventory, wanted: Wanted) -> Wanted:
    """Return the request with all that the image and the options add to its properties."""
    request, added = wanted.request, wanted.cloud.properties
    for name in added.keys() & request.properties.keys() - {SEED}:
        raise UsageError(f"{name} is given twice")
    if request.properties.get(SEED, "yes").lower() not in ("yes", "on", "true", "1"):
        raise UsageError(f"{SEED}: what is made from an image gets its seed; take it off later")
    own = default_settings(inventory.storage).own
    defaults = {name: value for name, value in OF_IMAGES.items() if name not in own}
    properties = {**defaults, **added, **request.properties}
    alike = [name for name in (HOSTNAME, NET) if properties.get(name, "dhcp") != "dhcp"]
    if len(request.names) > 1 and alike:
        raise UsageError(f"{alike[0]}: no two guests can have the same one; create one at a time")
    return replace(wanted, request=replace(request, properties=properties))


def first_import(wanted: Wanted, source: Source, guest: create.NewGuest) -> Import:
    """Return the import that makes the first disk of a guest."""
    (disk,) = guest.disks
    schema = load_schema("guest")
    words = guest.name, guest.pool.name, guest.dataset, guest.properties
    place = Guest(*words, disks=(), used=0, origin="", schema=schema)
    wish = Wish(guest.name, source, None, sparse=False, force=False)
    native = {name: disk.values[name] for name in create.DISK_PROPERTIES if name in disk.values}
    serial = {importing.SERIAL: disk.values[importing.SERIAL]}
    return Import(wish, place, DISK, None, False, native, serial, disk.size)


def look(host: Host, job: Import, wanted: Wanted) -> Image | None:
    """Return the image where it can be read before there is a guest; refuses one too large."""
    source = job.wish.source
    if source.is_url:
        return None
    kind = formats.sniff(Path(source.location), job.shown, source.ending)
    if source.ending and (kind != RAW or host.dry_run):
        return None
    image = bring(host, job, wanted.checksum)
    check_size(job, wanted, image)
    return image


def check_size(job: Import, wanted: Wanted, image: Image) -> None:
    """Refuse a disk that is too small for its image."""
    if wanted.request.size is not None and wanted.request.size < image.size:
        raise Refused(
            f"{job.guest.name}: a disk of {show_size(wanted.request.size)} is too small, "
            f"{job.shown} needs {show_size(image.size)}",
            "the same without a size, or with a larger one",
        )


def make(
    host: Host, wanted: Wanted, source: Source, planned: create.NewGuest, image: Image | None
) -> Made:
    """Make one guest whole, or leave nothing of it."""
    with locks.hold(host, locks.NUMBERING, seconds=120):
        inventory = read_inventory(host)
        guest = planned if host.dry_run else plan_again(host, inventory, wanted, planned.name)
        clearing = create.plan_clearing(inventory, guest.name, guest.dataset)
        first, *last = create.plan_guest(replace(guest, disks=()))
        host.act(*clearing, first)
    job = first_import(wanted, source, guest)
    if host.dry_run:
        print(*writing_lines(host, job, wanted.checksum), sep="\n")
        host.act(*plan_rest(job, wanted.cloud), *last)
        return Made(guest, job.least)
    with taken_back_on_failure(host, create.undo(guest), guest.dataset):
        check_mounted(host, job.guest)
        found = image or bring(host, job, wanted.checksum)
        check_size(job, wanted, found)
        importing.begin(host, inventory, job, found)
        importing.copy(host, job, found, wanted.checksum)
        with uninterrupted():
            host.act(*plan_rest(job, wanted.cloud), *last)
    return Made(guest, max(job.least, found.size))


def plan_again(host: Host, inventory: Inventory, wanted: Wanted, name: str) -> create.NewGuest:
    """Return a guest with numbers that are free now: others may have taken some meanwhile."""
    request = replace(wanted.request, names=(name,))
    (guest,) = creating.plan_guests(host, inventory, request)
    return guest


def plan_rest(job: Import, cloud: Cloud) -> Plan:
    """Return the steps behind the copy: the volume becomes a disk, and the files are written."""
    files = [kept.write(job.guest.folder) for kept in cloud.files]
    source = job.wish.source
    lying = import_job.remove_files(job) if source.is_url or source.ending else ()
    return (*import_job.plan_whole(job), import_job.take_place(job), *files, *lying)
