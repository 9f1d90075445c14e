"""The whole bhyve command line of a guest, made from its parts."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chyves_core.bhyve import disks, framebuffer, interfaces, slots
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import ChyvesError, Refused, UsageError
from chyves_core.guests import Guest


@dataclass(frozen=True)
class Media:
    """The files that a guest boots with, as paths of the host; None where it has none."""

    iso: str | None = None
    firmware: str | None = None
    variables: str | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """What bhyve is started with: argv, and settings that must not stand in it."""

    argv: tuple[str, ...]
    secrets: dict[str, str] = field(default_factory=dict)


def plan_machine(guest: Guest, media: Media, facts: HostFacts, config_file: str) -> Machine:
    """Return the command line that runs the guest.

    `config_file` is where the settings of `secrets` will be found by bhyve. Raises Refused for
    what this host's bhyve can't do.
    """
    check_properties(guest)
    check_cpus(guest, facts)
    kept = all_slots(guest, media.images)
    secrets = framebuffer.secrets(guest)
    if secrets and not facts.has_config_file:
        raise Refused(
            f"{guest.name}: a VNC password needs FreeBSD 13.1; before, every user could read it",
            f"chyves {guest.name} set uefi_vnc_password=",
        )
    argv = [
        *("bhyve", "-c", guest.value("cpu"), "-m", guest.value("ram")),
        *shlex.split(guest.value("bargs")),
        *(("-U", guest.value("uuid")) if guest.value("uuid") else ()),
        *("-s", f"{slots.HOSTBRIDGE},hostbridge"),
        *flagged("-s", cd(media)),
        *flagged("-s", disks.devices(guest, media.images, kept, facts)),
        *flagged("-s", interfaces.devices(guest, kept)),
        *flagged("-s", custom_devices(guest, kept)),
        *flagged("-s", framebuffer.devices(guest)),
        *("-s", f"{slots.LPC},lpc"),
        *flagged("-l", lpc(guest, media)),
        # bhyve calls a slot that a file has named before -s occupied, so the file comes last.
        *(("-k", config_file) if secrets else ()),
        guest.vm_name,
    ]
    check_words(guest, argv)
    return Machine(tuple(argv), secrets)


def flagged(flag: str, values: Iterable[str]) -> tuple[str, ...]:
    """Return each value with the flag before it."""
    return tuple(word for value in values for word in (flag, value))


def cd(media: Media) -> tuple[str, ...]:
    """Return the device of the ISO."""
    return (f"{slots.CD},ahci-cd,{media.iso}",) if media.iso else ()


def lpc(guest: Guest, media: Media) -> tuple[str, ...]:
    """Return what hangs on the LPC bridge: the console, and the firmware with its variables."""
    parts = [f"com1,/dev/{guest.value('serial')}A"] if guest.value("serial") else []
    if media.firmware:
        variables = f",{media.variables}" if media.variables else ""
        parts.append(f"bootrom,{media.firmware}{variables}")
    return tuple(parts)


def custom_devices(guest: Guest, kept: Mapping[str, int]) -> tuple[str, ...]:
    """Return the devices that the properties pcidev_{n} name, each in its slot."""
    return tuple(f"{kept[name]},{guest.properties[name]}" for name in custom_names(guest))


def custom_names(guest: Guest) -> list[str]:
    """Return the names of the guest's properties pcidev_{n}, in the order of n."""
    names = [name for name in guest.properties if name.startswith("pcidev_")]
    return sorted(names, key=lambda name: int(name.removeprefix("pcidev_")))


def all_slots(guest: Guest, images: Iterable[str]) -> dict[str, int]:
    """Return the slot of every device; those without one of their own get the first free ones."""
    devices = [
        *(disk.name for disk in guest.disks),
        *(disks.image_name(image) for image in images),
        *guest.interfaces,
        *custom_names(guest),
    ]
    return slots.assign(slots.parse_slots(guest.value("pci_slots")), devices)


def check_properties(guest: Guest) -> None:
    """Refuse a guest that has a value which `set` would not have taken.

    Whoever may set user properties on a dataset can give it any value (zfs-allow(8)); none of
    them reaches a command line unchecked.
    """
    for name, value in guest.properties.items():
        if value and guest.schema.find(name):
            try:
                guest.schema.check(name, value)
            except UsageError as error:
                raise ChyvesError(
                    f"{guest.name}: {error}", f"chyves {guest.name} get all"
                ) from None


def check_cpus(guest: Guest, facts: HostFacts) -> None:
    """Refuse more CPUs than the host's vmm allows; bhyve itself gives no reason (captures)."""
    wanted = cpu_count(guest.value("cpu"))
    if facts.most_cpus and wanted > facts.most_cpus:
        raise Refused(
            f"{guest.name}: cpu={wanted}: this host's guests have at most {facts.most_cpus}"
        )


def cpu_count(cpu: str) -> int:
    """Return the number of virtual CPUs that the property cpu means."""
    if cpu.isdigit():
        return int(cpu)
    parts = dict(part.partition("=")[::2] for part in cpu.split(","))
    product = 1
    for name in ("sockets", "cores", "threads"):
        product *= int(parts.get(name, "1"))
    return int(parts.get("cpus", product))


def check_words(guest: Guest, argv: Iterable[str]) -> None:
    """Refuse words with control characters: they were not set by chyves, and hide what they do."""
    for word in argv:
        if any(ord(char) < 32 or ord(char) == 127 for char in word):
            raise ChyvesError(f"{guest.name}: a property holds control characters: {word!r}")
