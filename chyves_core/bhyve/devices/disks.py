"""Disks of a guest as bhyve's block devices: zvols in the order of their numbers, then images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.devices import scsi
from chyves_core.bhyve.slots import AHCI_DISK, Place
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Disk, Guest

TYPE = "bhyve_disk_type"
OPTIONS = "virtio_block_options_"


@dataclass(frozen=True)
class Drive:
    """One disk as bhyve is to show it: its name, the words behind the model, its properties."""

    name: str
    place: Place
    words: tuple[str, ...]
    sources: tuple[str, ...]


def devices(
    guest: Guest, images: Sequence[str], places: Mapping[str, Place], facts: HostFacts
) -> Iterator[Argument]:
    """Yield the block devices of a guest; disks that share an AHCI controller are one device."""
    kind = guest.value(TYPE)
    check_type(guest, kind, images, facts)
    if kind == scsi.KIND:
        yield from scsi_disks(guest, images, places)
        return
    if kind == "nvme":
        check_nvme_options(guest, facts)
    shared: dict[tuple[int, int], list[Drive]] = {}
    for drive in drives(guest, images, places, facts):
        if not drive.place.has_port:
            what = f"{drive.name} as {kind}"
            yield device(drive.place, kind, *drive.words, sources=drive.sources, says=what)
            continue
        shared.setdefault(drive.place[:2], []).append(drive)
    for together in shared.values():
        yield controller_of(together)


def scsi_disks(
    guest: Guest, images: Sequence[str], places: Mapping[str, Place]
) -> Iterator[Argument]:
    """Yield the controllers that open the ports of a guest's units."""
    for unit in units(guest, images, places):
        says = f"{unit.disk} as {scsi.KIND}: ctl(4) shows {unit.file} on that port"
        sources = (unit.disk, TYPE, "serial")
        yield device(unit.place, scsi.KIND, scsi.node(unit.port), sources=sources, says=says)


def units(guest: Guest, images: Sequence[str], places: Mapping[str, Place]) -> list[scsi.Unit]:
    """Return the units of ctl(4) that a guest's disks need, none but for virtio-scsi."""
    return scsi.units(guest, {image_name(path): path for path in images}, places)


def controller_of(together: Iterable[Drive]) -> Argument:
    """Return one AHCI controller with several disks, each on the port that it keeps.

    -s numbers the ports in the order in which it is given the disks; a port that is free again
    can only be said in settings.
    """
    ordered = sorted(together, key=lambda drive: drive.place.port)
    place = ordered[0].place
    node = f"pci.0.{place.slot}.{place.function}"
    words: list[str] = []
    sources: dict[str, None] = {}
    settings = [(f"{node}.device", "ahci")]
    for drive in ordered:
        path, *more = drive.words
        words += [f"hd:{path}", *more]
        sources |= dict.fromkeys(drive.sources)
        port = f"{node}.port.{drive.place.port}"
        settings += [(f"{port}.type", "hd"), (f"{port}.path", path)]
        for word in more:
            name, equals, value = word.partition("=")
            settings.append((f"{port}.{name}", value if equals else "true"))
    says = f"{', '.join(drive.name for drive in ordered)} on one AHCI controller"
    argument = device(place, "ahci", *words, sources=tuple(sources), says=says)
    return replace(argument, settings=tuple(settings))


def check_ports(guest: Guest, places: Mapping[str, Place]) -> None:
    """Refuse a shared AHCI controller with a free port below a used one, where -s can't say it."""
    used: dict[tuple[int, int], set[int]] = {}
    for place in places.values():
        if place.has_port:
            used.setdefault(place[:2], set()).add(place.port)
    for (slot, _), ports in used.items():
        if ports != set(range(len(ports))):
            raise Refused(
                f"{guest.name}: slot {slot}: a disk was deleted before others on its AHCI "
                "controller; they keep their ports only from FreeBSD 13.1 on"
            )


def drives(
    guest: Guest, images: Sequence[str], places: Mapping[str, Place], facts: HostFacts
) -> Iterator[Drive]:
    """Yield the disks of a guest."""
    for disk in guest.disks:
        own = (f"{OPTIONS}{disk.name}",) if options_of(guest, disk) else ()
        words = (disk.device, *options(guest, disk, facts))
        yield Drive(disk.name, places[disk.name], words, (disk.name, TYPE, *own))
    for image in images:
        name = image_name(image)
        yield Drive(name, places[name], (image,), (name, TYPE))


def options(guest: Guest, disk: Disk, facts: HostFacts) -> tuple[str, ...]:
    """Return the options of one block device: the user's own, and the stored serial number."""
    serial = disk.properties.get("disk_serial", "")
    own = options_of(guest, disk)
    if not serial or not facts.has_disk_serials:
        return own
    if guest.value(TYPE) == "nvme":
        return (*own, f"ser={serial}", f"eui64={eui64(serial)}")
    return (*own, f"ser={serial}")


def eui64(serial: str) -> str:
    """Return the identifier that an NVMe disk of that serial number always has.

    bhyve's own comes from the PCI address; this one has its vendor prefix, 58-9c-fc (bhyve(8)).
    """
    return f"0x589cfc{hashlib.sha256(serial.encode()).hexdigest()[:10]}"


def options_of(guest: Guest, disk: Disk) -> tuple[str, ...]:
    """Return the options that the user set for one block device."""
    own = guest.properties.get(f"{OPTIONS}{disk.name}", "")
    return tuple(part for part in own.split(",") if part)


def check_type(guest: Guest, kind: str, images: Sequence[str], facts: HostFacts) -> None:
    """Refuse a kind of disk that this host's bhyve does not have, or not for volumes and files."""
    if kind == scsi.KIND and (guest.disks or images):
        scsi.check_host(guest, facts)
    if kind == "nvme" and not facts.has_nvme:
        raise Refused(
            f"{guest.name}: nvme disks need FreeBSD 12.0", f"chyves {guest.name} set {TYPE}=ahci-hd"
        )


def check_nvme_options(guest: Guest, facts: HostFacts) -> None:
    """Refuse block options that NVMe disks did not take yet (pci_nvme.c of 13.0)."""
    for disk in guest.disks:
        if options_of(guest, disk) and not facts.has_nvme_options:
            name = f"{OPTIONS}{disk.name}"
            raise Refused(
                f"{guest.name}: {name}: an nvme disk has options from FreeBSD 13.1 on",
                f"chyves {guest.name} unset {name}",
            )


def image_name(path: str) -> str:
    """Return the name under which an image file keeps its slot."""
    return f"img/{path.rpartition('/')[2]}"


def shared_ahci(guest: Guest, images: Sequence[str]) -> frozenset[str]:
    """Return the names of the disks that can share an AHCI controller."""
    if guest.value(TYPE) != AHCI_DISK:
        return frozenset()
    return frozenset([disk.name for disk in guest.disks] + [image_name(path) for path in images])
