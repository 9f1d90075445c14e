"""Plan the loader of a guest: bhyveload, grub-bhyve, or none for UEFI."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.cpu_memory import is_wired
from chyves_core.bhyve.machine import Media, vm_argument
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.loaders import flags, grub

# bhyveload.c, NDISKS.
MOST_DISKS = 32


@dataclass(frozen=True)
class Loader:
    """The program that loads a guest, and the files that it reads: name in the run folder, text."""

    program: str
    arguments: tuple[Argument, ...]
    files: tuple[tuple[str, str], ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """The command line."""
        return (self.program, *(word for each in self.arguments for word in each.words))


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
    return replace(loader, files=(*loader.files, *time_limit(guest)))


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
    if any(flag.letter == "C" for flag in added) and not facts.has_loader_core_flag:
        raise Refused(
            f"{guest.name}: bhyveload_flags: -C needs FreeBSD 12.0",
            f"chyves {guest.name} set bhyveload_flags=",
        )
    disks = boot_disks(guest, media, added)
    source = "the ISO that it was started with" if media.iso else "the disks"
    arguments = (
        console(guest),
        Argument("-m", guest.value("ram"), ("ram",), "memory, as bhyve's"),
        *wired(guest),
        *(Argument("-d", disk, (source,), "medium that the loader can read") for disk in disks),
        *(
            Argument(f"-{flag.letter}", flag.value, ("bhyveload_flags",), "chosen by the user")
            for flag in added
        ),
        vm_argument(guest),
    )
    return Loader("bhyveload", arguments)


def console(guest: Guest) -> Argument:
    """Return the loader's console, which is the guest's later."""
    return Argument("-c", f"/dev/{guest.value('serial')}A", ("serial",), "console of the loader")


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
    root, folder = step.root, step.folder
    if profile.name == "custom":
        root, folder = "host", custom_folder(guest)
    elif step.commands:
        files.append(("grub/grub.cfg", grub.menu(step)))
        root, folder = "host", f"{run_folder}/grub"
    named = own_map or f"{run_folder}/device.map"
    arguments = (
        console(guest),
        *wired(guest),
        Argument("-m", named, ("the disks, the ISO",), "file that names the media for grub"),
        Argument("-r", root, ("os",), "medium that grub boots from"),
        *((Argument("-d", folder, ("os",), "folder of grub's menu"),) if folder else ()),
        Argument("-M", guest.value("ram"), ("ram",), "memory, as bhyve's"),
        vm_argument(guest),
    )
    return Loader("grub-bhyve", arguments, tuple(files))


def custom_folder(guest: Guest) -> str:
    """Return where the files of a guest with os=custom are."""
    return f"{guest.folder}/grub"


def wired(guest: Guest) -> tuple[Argument, ...]:
    """Return -S where bhyve is given it: loader and bhyve have to agree (bhyveload(8))."""
    says = "memory stays in place, as bhyve's"
    return (Argument("-S", "", ("bargs, pcidev_{n}",), says),) if is_wired(guest) else ()
