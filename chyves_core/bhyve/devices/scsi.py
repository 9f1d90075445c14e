"""virtio-scsi disks: each is a logical unit of ctl(4), behind an ioctl port of its own.

bhyve opens the port, /dev/cam/ctl{pp}.{vp} (bhyve(8)); pp is the number of the guest's console,
which no other guest has, and vp says in which slot the disk stands. So a disk is LUN 0 of a
controller that keeps its place, as every other kind of disk is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chyves_core.bhyve.slots import Place
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest

KIND = "virtio-scsi"
SERIAL_LENGTH = 16
"""CTL_SN_LEN of ctl_ioctl.h: more of a serial number is cut off."""

OPTIONS = {"ro": ("-o", "readonly=on"), "nodelete": ("-o", "unmap=off")}
"""What options of block devices are as options of a unit (ctladm(8), ctl.conf(5))."""


@dataclass(frozen=True)
class Unit:
    """One logical unit: the disk it is, the file it shows, and more words of `ctladm create`.

    Its port is PP.VP; `sources` are the properties that its words come from.
    """

    guest: str
    disk: str
    place: Place
    port: str
    file: str
    words: tuple[str, ...]
    sources: tuple[str, ...] = ()


def check_host(guest: Guest, facts: HostFacts) -> None:
    """Refuse virtio-scsi disks where the host or the guest can't have them."""
    if not facts.has_scsi_ports:
        raise Refused(
            f"{guest.name}: bhyve_disk_type={KIND} needs FreeBSD 12.0",
            f"chyves {guest.name} set bhyve_disk_type=ahci-hd",
        )
    if not guest.value("serial"):
        raise Refused(
            f"{guest.name}: bhyve_disk_type={KIND} needs a console: its number is the port's",
            f"chyves {guest.name} set serial=nmdm50",
        )


def port(guest: Guest, place: Place) -> str:
    """Return the port of the disk in a place, as PP.VP; 32 slots have 8 functions each."""
    return f"{guest.value('serial').removeprefix('nmdm')}.{place.slot + 32 * place.function}"


def node(name: str) -> str:
    """Return the device node of a port."""
    return f"/dev/cam/ctl{name}"


def words_of(guest: Guest, serial: str, options: Sequence[str]) -> tuple[str, ...]:
    """Return the words of one disk's unit; raises Refused for an option that units do not have."""
    words = ["-S", serial, "-d", serial]
    for option in options:
        name, _, sizes = option.partition("=")
        if name == "sectorsize":
            logical, _, physical = sizes.partition("/")
            words += ["-B", logical, *(("-o", f"pblocksize={physical}") if physical else ())]
        elif name in OPTIONS:
            words += OPTIONS[name]
        else:
            raise Refused(
                f"{guest.name}: {option}: a {KIND} disk has no such option",
                f"chyves {guest.name} set bhyve_disk_type=virtio-blk",
            )
    return tuple(words)


def made_serial(guest: Guest, disk: str) -> str:
    """Return the serial number that a disk without one always has: ctl's own come and go."""
    name = f"{guest.value('uuid')}/{disk}"
    return hashlib.sha256(name.encode()).hexdigest()[:SERIAL_LENGTH].upper()


def units(guest: Guest, images: Mapping[str, str], places: Mapping[str, Place]) -> list[Unit]:
    """Return the units of a guest's disks, none where they are of another kind.

    `images` are the paths of its image files by the names under which they keep their places.
    """
    if guest.value("bhyve_disk_type") != KIND:
        return []
    files = {disk.name: disk.device for disk in guest.disks} | dict(images)
    serials = {disk.name: disk.properties.get("disk_serial", "") for disk in guest.disks}
    found = []
    for name, file in files.items():
        place = places[name]
        serial = serials.get(name, "")[:SERIAL_LENGTH] or made_serial(guest, name)
        option = f"virtio_block_options_{name}"
        own = guest.properties.get(option, "")
        words = words_of(guest, serial, [part for part in own.split(",") if part])
        sources = (option,) if own else ()
        found.append(Unit(guest.name, name, place, port(guest, place), file, words, sources))
    return found
