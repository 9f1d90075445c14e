"""Profiles of operating systems for grub-bhyve: which commands load an installer, which a disk.

They are sections of one ConfigObj file, grub_profiles.cfg. The profile `custom` uses the menu that
the administrator puts into the folder grub of the guest.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chyves_core.bhyve.machine import Media
from chyves_core.errors import NotFound
from chyves_core.guests import Guest

PROFILE_FILE = Path(__file__).with_name("grub_profiles.cfg")


@dataclass(frozen=True)
class Step:
    """How to boot one medium: grub's root device, a folder there, or commands of our own."""

    root: str
    folder: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """How an operating system is booted from its ISO, and from its disk once installed."""

    name: str
    install: Step
    run: Step


def load_profile(name: str) -> Profile:
    """Return the profile of that name; raises NotFound."""
    from configobj import ConfigObj

    profiles = ConfigObj(str(PROFILE_FILE), interpolation=False, encoding="utf-8", list_values=True)
    if name not in profiles.sections:
        known = ", ".join(profiles.sections)
        raise NotFound(f"there is no grub profile {name!r}", f"profiles: {known}")
    section = profiles[name]
    return Profile(
        name, make_step(section.get("install", {}), "cd0"), make_step(section.get("run", {}), "hd0")
    )


def make_step(section: dict[str, object], root: str) -> Step:
    """Return the step that one subsection declares."""
    commands = section.get("commands", [])
    lines = [commands] if isinstance(commands, str) else commands
    return Step(
        str(section.get("root", root)),
        str(section.get("folder", "")),
        tuple(str(line) for line in lines) if isinstance(lines, list) else (),
    )


def device_map(guest: Guest, media: Media) -> str:
    """Return the file that tells grub-bhyve which file is (hd0), (hd1), … and (cd0)."""
    disks = [disk.device for disk in guest.disks] + list(media.images)
    lines = [f"(hd{number}) {path}" for number, path in enumerate(disks)]
    if media.iso:
        lines.append(f"(cd0) {media.iso}")
    return "".join(f"{line}\n" for line in lines)


def menu(step: Step) -> str:
    """Return the grub.cfg that runs a step's commands at once."""
    return "".join(f"{command}\n" for command in (*step.commands, "boot"))
