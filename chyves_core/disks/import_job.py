"""One import of an image on a disk: its places, and the zfs calls that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from chyves_core import zfs
from chyves_core.disks import settling
from chyves_core.guests import Disk, Guest
from chyves_core.plan import Plan, Remove, Run, run
from chyves_core.resource_sources import Source

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Wish:
    """What the command line asks for; `disk` is one to be replaced, None for a new one."""

    guest: str
    source: Source
    disk: str | None
    sparse: bool
    force: bool


@dataclass(frozen=True)
class Done:
    """What became of it: the disk, the size of the image, and what it was checked with."""

    disk: str
    size: int
    checked: str | None
    running: bool


@dataclass(frozen=True)
class Import:
    """One import: the disk that it makes, and all the places that it needs meanwhile.

    `old` is the disk whose place it takes, `native` and `user` are the properties of the new
    volume, the latter set once it is whole. `least` is how many bytes it has at least.
    """

    wish: Wish
    guest: Guest
    disk: str
    old: Disk | None
    sparse: bool
    native: Mapping[str, str]
    user: Mapping[str, str]
    least: int = 0

    @property
    def target(self) -> str:
        """The dataset of the disk."""
        return f"{self.guest.dataset}/{self.disk}"

    @property
    def draft(self) -> str:
        """The dataset of the volume as long as it is no disk."""
        return f"{self.guest.dataset}/{settling.DRAFT}{self.disk}"

    @property
    def device(self) -> str:
        """The device node that is written on."""
        return f"/dev/zvol/{self.draft}"

    @property
    def download(self) -> str:
        """Where fetch(1) puts a file."""
        return f"{self.guest.folder}/{settling.DOWNLOAD}"

    @property
    def unpacked(self) -> str:
        """Where a packed image lies that qemu-img has to read."""
        return f"{self.guest.folder}/{settling.UNPACKED}"

    @property
    def shown(self) -> str:
        """What errors call the file."""
        return self.wish.source.file_name or "the file"

    @property
    def aside(self) -> str:
        """Where an old disk stands until it is destroyed."""
        return f"{self.guest.dataset}/{settling.REPLACED}{self.disk}"


def begin_step(job: Import, size: int) -> Run:
    """Return the step that makes the volume for an image of `size` bytes.

    It shows as a plain device whatever its volmode will be: GEOM would taste and hold it.
    """
    wanted = max(size, job.old.size if job.old else 0, job.least)
    whole = -(-wanted // MEBIBYTE) * MEBIBYTE
    values = {**job.native, "volmode": "dev", settling.SOURCE: job.wish.source.shown}
    return zfs.create_volume(job.draft, whole, values, sparse=job.sparse)


def plan_whole(job: Import) -> Plan:
    """Return the steps that mark the volume as whole, and give it its identity and volmode."""
    values = dict(job.user)
    steps: Plan = ()
    if job.native.get("volmode", "dev") != "dev":
        values["volmode"] = job.native["volmode"]
    elif "volmode" not in job.native:
        steps = (zfs.inherit([job.draft], "volmode"),)
    values[settling.IMPORTED_MARK] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (*steps, zfs.set_properties([job.draft], values))


def plan_aside(job: Import) -> Plan:
    """Return the steps that let the old disk step aside, marked as what may be destroyed."""
    return (
        zfs.set_properties([job.target], {settling.REPLACED_MARK: "yes"}),
        run("zfs", "rename", job.target, job.aside),
    )


def take_place(job: Import) -> Run:
    """Return the step that makes the volume a disk."""
    return run("zfs", "rename", job.draft, job.target)


def destroy_old(job: Import) -> Run:
    """Return the step that destroys the disk which stepped aside."""
    return run("zfs", "destroy", "-r", job.aside)


def undo(job: Import) -> Plan:
    """Return the step that takes away the volume as long as it is no disk."""
    return (run("zfs", "destroy", "-r", job.draft),)


def remove_files(job: Import) -> Plan:
    """Return the steps that take away what lies in the guest's folder meanwhile."""
    return (Remove(job.download), Remove(job.unpacked))
