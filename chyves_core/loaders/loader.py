"""Plan the loader of a guest: bhyveload, grub-bhyve, or none for UEFI."""

from __future__ import annotations

from dataclasses import dataclass

from chyves_core.bhyve.cpu_memory import is_wired
from chyves_core.bhyve.machine import Media
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.loaders import flags, grub

# bhyveload.c, NDISKS.
MOST_DISKS = 32


@dataclass(frozen=True)
class Loader:
    """The program that loads a guest, and the files that it reads: name in the run folder, text."""

    argv: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class LoaderFacts:
    """What planning a loader needs to know of the host.

    `profile` is that of grub-bhyve, `own_map` the device.map that the administrator has put into
    the guest's folder.
    """

    host: HostFacts
    profile: grub.Profile | None = None
    own_map: str | None = None


def plan_loader(guest: Guest, media: Media, run_folder: str, facts: LoaderFacts) -> Loader | None:
    """Return the loader's command line; None for an UEFI guest, whose firmware loads it.

    `run_folder` is the folder in which the loader finds its files. Raises Refused where there is
    nothing to boot from, and for what this host's loaders can't do.
    """
    kind = guest.value("loader")
    if kind == "uefi":
        return None
    if facts.host.is_arm64:
        raise Refused(
            f"{guest.name}: {kind} needs an amd64 host", f"chyves {guest.name} set loader=uefi"
        )
    if not guest.disks and not media.images and not media.iso:
        raise Refused(
            f"{guest.name}: has no disk and no ISO to boot from", f"chyves {guest.name} start ISO"
        )
    if facts.profile:
        loader = plan_grub(guest, media, run_folder, facts.profile, facts.own_map)
    else:
        loader = plan_bhyveload(guest, media, facts.host)
    return Loader(loader.argv, (*loader.files, *time_limit(guest)))


def time_limit(guest: Guest) -> tuple[tuple[str, str], ...]:
    """Return the file by which the supervisor ends a loader that takes too long.

    It names the console too: a loader at which somebody types is never too late.
    """
    seconds = guest.value("loader_timeout")
    if seconds == "0":
        return ()
    console = f"{guest.value('serial')}B" if guest.value("serial") else "-"
    return (("loader.limit", f"{seconds} {console}\n"),)


def plan_bhyveload(guest: Guest, media: Media, facts: HostFacts) -> Loader:
    """Return bhyveload(8)'s command line."""
    added = flags.read_flags(guest.value("bhyveload_flags"))
    argv = [
        "bhyveload",
        *("-c", f"/dev/{guest.value('serial')}A"),
        *("-m", guest.value("ram")),
        *wired(guest),
        *(word for disk in boot_disks(guest, media, added) for word in ("-d", disk)),
        *flags.argv_of(added),
        guest.vm_name,
    ]
    if any(flag.letter == "C" for flag in added) and not facts.has_loader_core_flag:
        raise Refused(
            f"{guest.name}: bhyveload_flags: -C needs FreeBSD 12.0",
            f"chyves {guest.name} set bhyveload_flags=",
        )
    return Loader(tuple(argv))


def boot_disks(guest: Guest, media: Media, added: tuple[flags.LoaderFlag, ...]) -> tuple[str, ...]:
    """Return what bhyveload looks for a system on, the first one first.

    An ISO stands alone: the loader prefers a ZFS pool on any disk to the first disk
    (stand/userboot/userboot/main.c, extract_currdev), and would boot what is installed. For the
    same reason bhyveload_disks=first leaves the others out. Raises Refused for a disk of the guest
    that its flags name once more.
    """
    disks = [disk.device for disk in guest.disks] + list(media.images)
    for flag in added:
        if flag.letter == "d" and flag.value in (*disks, media.iso):
            raise Refused(
                f"{guest.name}: bhyveload_flags: {flag.value} is the guest's own, chyves names it",
                f"chyves {guest.name} set bhyveload_flags=",
            )
    if media.iso:
        return (media.iso,)
    room = MOST_DISKS - sum(flag.letter == "d" for flag in added)
    return tuple(disks[: 1 if guest.value("bhyveload_disks") == "first" else max(room, 1)])


def plan_grub(
    guest: Guest, media: Media, run_folder: str, profile: grub.Profile, own_map: str | None
) -> Loader:
    """Return grub-bhyve's command line, its device map, and its menu where the profile has one."""
    step = profile.install if media.iso else profile.run
    files: list[tuple[str, str]] = []
    if own_map is None:
        files.append(("device.map", grub.device_map(guest, media)))
    where: tuple[str, ...] = ("-r", step.root)
    if step.folder:
        where += ("-d", step.folder)
    if profile.name == "custom":
        where = ("-r", "host", "-d", custom_folder(guest))
    elif step.commands:
        files.append(("grub/grub.cfg", grub.menu(step)))
        where = ("-r", "host", "-d", f"{run_folder}/grub")
    argv = [
        "grub-bhyve",
        *("-c", f"/dev/{guest.value('serial')}A"),
        *wired(guest),
        *("-m", own_map or f"{run_folder}/device.map"),
        *where,
        *("-M", guest.value("ram")),
        guest.vm_name,
    ]
    return Loader(tuple(argv), tuple(files))


def custom_folder(guest: Guest) -> str:
    """Return where the files of a guest with os=custom are."""
    return f"{guest.folder}/grub"


def wired(guest: Guest) -> tuple[str, ...]:
    """Return -S where bhyve is given it: loader and bhyve have to agree (bhyveload(8))."""
    return ("-S",) if is_wired(guest) else ()
