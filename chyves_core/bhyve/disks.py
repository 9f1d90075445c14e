"""Disks of a guest as bhyve's block devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chyves_core.bhyve.version import HostFacts
from chyves_core.guests import Disk, Guest


def devices(
    guest: Guest, images: Sequence[str], kept: Mapping[str, int], facts: HostFacts
) -> tuple[str, ...]:
    """Return one -s value a disk: zvols in the order of their numbers, then image files."""
    kind = guest.value("bhyve_disk_type")
    zvols = [
        ",".join((str(kept[disk.name]), kind, disk.device, *options(guest, disk, facts)))
        for disk in guest.disks
    ]
    files = [f"{kept[image_name(image)]},{kind},{image}" for image in images]
    return (*zvols, *files)


def options(guest: Guest, disk: Disk, facts: HostFacts) -> tuple[str, ...]:
    """Return the options of one block device: the user's own, and the stored serial number."""
    own = guest.properties.get(f"virtio_block_options_{disk.name}", "")
    serial = disk.properties.get("disk_serial", "")
    return (
        *(part for part in own.split(",") if part),
        *((f"ser={serial}",) if serial and facts.has_disk_serials else ()),
    )


def image_name(path: str) -> str:
    """Return the name under which an image file keeps its slot."""
    return f"img/{path.rpartition('/')[2]}"
