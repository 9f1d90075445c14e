"""Plan the loader of a guest: bhyveload, grub-bhyve, or none for UEFI."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from chyves_core.bhyve.cpu_memory import is_wired
from chyves_core.bhyve.machine import Media
from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.loaders import grub


@dataclass(frozen=True)
class Loader:
    """The program that loads a guest, and the files that it reads: name in the run folder, text."""

    argv: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()


def plan_loader(guest: Guest, media: Media, run_folder: str) -> Loader | None:
    """Return the loader's command line; None for an UEFI guest, whose firmware loads it.

    `run_folder` is the folder in which the loader finds its files. Raises Refused where there is
    nothing to boot from.
    """
    kind = guest.value("loader")
    if kind == "uefi":
        return None
    if not guest.disks and not media.images and not media.iso:
        raise Refused(
            f"{guest.name}: has no disk and no ISO to boot from", f"chyves {guest.name} start ISO"
        )
    if kind == "grub-bhyve":
        return plan_grub(guest, media, run_folder)
    return plan_bhyveload(guest, media)


def plan_bhyveload(guest: Guest, media: Media) -> Loader:
    """Return bhyveload(8)'s command line."""
    argv = [
        "bhyveload",
        *("-c", f"/dev/{guest.value('serial')}A"),
        *("-m", guest.value("ram")),
        *wired(guest),
        *("-d", media.iso or first_disk(guest, media)),
        *shlex.split(guest.value("bhyveload_flags")),
        guest.vm_name,
    ]
    return Loader(tuple(argv))


def plan_grub(guest: Guest, media: Media, run_folder: str) -> Loader:
    """Return grub-bhyve's command line, its device map, and its menu where the profile has one."""
    profile = grub.load_profile(guest.value("os"))
    step = profile.install if media.iso else profile.run
    files = [("device.map", grub.device_map(guest, media))]
    where: tuple[str, ...] = ("-r", step.root)
    if step.folder:
        where += ("-d", step.folder)
    if profile.name == "custom":
        where = ("-r", "host", "-d", f"{guest.folder}/grub")
    elif step.commands:
        files.append(("grub/grub.cfg", grub.menu(step)))
        where = ("-r", "host", "-d", f"{run_folder}/grub")
    argv = [
        "grub-bhyve",
        *("-c", f"/dev/{guest.value('serial')}A"),
        *wired(guest),
        *("-m", f"{run_folder}/device.map"),
        *where,
        *("-M", guest.value("ram")),
        guest.vm_name,
    ]
    return Loader(tuple(argv), tuple(files))


def wired(guest: Guest) -> tuple[str, ...]:
    """Return -S where bhyve is given it: loader and bhyve have to agree (bhyveload(8))."""
    return ("-S",) if is_wired(guest) else ()


def first_disk(guest: Guest, media: Media) -> str:
    """Return the disk that a guest boots from."""
    return guest.disks[0].device if guest.disks else media.images[0]
