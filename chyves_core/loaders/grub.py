"""What grub-bhyve is given: which file is which of its devices, and the commands of a profile."""

from __future__ import annotations

from dataclasses import dataclass

from chyves_core.bhyve.machine import Media
from chyves_core.errors import Refused
from chyves_core.guests import Guest


@dataclass(frozen=True)
class Step:
    """How to boot one medium: GRUB's root device, the folder of its menu, or our own commands."""

    root: str
    folder: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """How an operating system is booted from its ISO, and from its disk once installed.

    `file` is where it was read.
    """

    name: str
    title: str
    install: Step
    run: Step
    file: str


def device_map(guest: Guest, media: Media) -> str:
    """Return the file that tells grub-bhyve which file is (hd0), (hd1), … and (cd0).

    Raises Refused for a path with a blank: GRUB would take what is before it for the whole one
    (hostdisk.c, read_device_map), and pass over a file that is not there without a word.
    """
    disks = [disk.device for disk in guest.disks] + list(media.images)
    devices = [(f"hd{number}", path) for number, path in enumerate(disks)]
    if media.iso:
        devices.append(("cd0", media.iso))
    for _, path in devices:
        if any(char.isspace() for char in path):
            raise Refused(
                f"{guest.name}: grub-bhyve can't be given a path with blanks: {path}",
                f"chyves {guest.name} set loader=uefi, or another name for the file",
            )
    return "".join(f"({name}) {path}\n" for name, path in devices)


def read_device_map(text: str) -> list[tuple[str, str]]:
    """Return the devices of a map, as `(hd0)`, each with its file.

    GRUB takes a path up to its first blank (hostdisk.c, read_device_map).
    """
    lines = [line.split(maxsplit=2) for line in text.splitlines()]
    return [(words[0], words[1]) for words in lines if len(words) > 1]


def menu(step: Step) -> str:
    """Return the grub.cfg that runs a step's commands at once."""
    return "".join(f"{command}\n" for command in (*step.commands, "boot"))
