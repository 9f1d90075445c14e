"""What GRUB is told: menus and device maps of old managers, which are files of the guest here.

iohyve and chyves 0.2 take grub.cfg and device.map of the guest's own folder where os=custom.
vm-bhyve writes a grub.cfg of the settings grub_* at each start (its vm-guest, guest::load). Here
both files are in the folder `grub` of a guest with os=custom.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from chyves_core.bhyve.machine import Media
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.loaders import grub
from chyves_core.loaders.loader import custom_folder
from chyves_core.loaders.profiles import find_profile, read_profiles
from chyves_core.migration.arrival import Arrival, folder_of
from chyves_core.migration.devices import moved_path
from chyves_core.migration.old import Line, OldGuest
from chyves_core.migration.vm_config import numbered
from chyves_core.plan import Plan, Write

DISK = re.compile(r"disk\d+")
MENU, MAP = "grub.cfg", "device.map"


def with_files(host: Host, old: OldGuest) -> OldGuest:
    """Return a guest of iohyve or chyves 0.2 with the files for GRUB that its user wrote."""
    if (old.values.get("os"), old.values.get("loader")) != ("custom", "grub-bhyve"):
        return old
    texts = {name: host.read_text(f"{old.folder}/{name}") for name in (MENU, MAP)}
    found = {name: text for name, text in texts.items() if text is not None}
    if MENU not in found:
        line = Line(f"{old.folder}/{MENU}", "", "is not there, and os=custom needs it")
    else:
        if MAP in found and is_plain(found[MAP], old):
            del found[MAP]
        line = Line(", ".join(found), ", ".join(f"grub/{name}" for name in found))
    return replace(old, grub=found, lines=(*old.lines, line))


def is_plain(device_map: str, old: OldGuest) -> bool:
    """Return whether a device map names the guest's own disks in their order.

    Such a one is made anew at each start here, and follows when the guest is renamed or cloned.
    """
    disks = {int(each.name[4:]): each for each in old.disks if DISK.fullmatch(each.name)}
    wanted = {(f"(hd{n})", each.old_path) for n, (_, each) in enumerate(sorted(disks.items()))}
    named = grub.read_device_map(device_map)
    return {pair for pair in named if pair[0].startswith("(hd")} <= wanted


def menu_of_vm_bhyve(values: Mapping[str, str]) -> str:
    """Return the grub.cfg that boots what vm-bhyve would: its commands, or a menu on the disk."""
    root = f"hd0,{values.get('grub_run_partition') or '1'}"
    commands = [values[f"grub_run{number}"] for number in numbered(values, "grub_run", "")]
    if commands:
        lines = [f"root={root}", *(each for each in commands if each != "boot"), "boot"]
    else:
        folder = values.get("grub_run_dir") or "/boot/grub"
        folder = folder if folder.startswith("(") else f"({root}){folder}"
        file = values.get("grub_run_file") or MENU
        lines = [f"root={root}", f"prefix={folder}", f"configfile {folder}/{file}"]
    return "".join(f"{line}\n" for line in lines)


def step_of(host: Host, guest: Guest) -> grub.Step | None:
    """Return how a guest's profile boots its disk; None where GRUB does not, or os=custom.

    Raises NotFound for a profile that is not there.
    """
    if guest.value("loader") != "grub-bhyve" or guest.value("os") == "custom":
        return None
    return find_profile(read_profiles(host), guest.value("os")).run


def words_for_vm_bhyve(step: grub.Step) -> dict[str, str]:
    """Return the settings by which vm-bhyve boots what a profile boots from a disk."""
    if step.commands:
        return {f"grub_run{number}": command for number, command in enumerate(step.commands)}
    found = {"grub_run_partition": step.root.partition(",")[2]}
    return {**found, "grub_run_dir": step.folder} if step.folder else found


def plan_arriving(arrival: Arrival) -> Plan:
    """Return the steps that write a guest's files for GRUB, once it is in its place."""
    folder = f"{folder_of(arrival.target)}/grub"
    return tuple(Write(f"{folder}/{name}", text) for name, text in arrival.old.grub.items())


def read_own(host: Host, guest: Guest) -> dict[str, str]:
    """Return the files for GRUB of a guest with os=custom, nothing for others."""
    if (guest.value("os"), guest.value("loader")) != ("custom", "grub-bhyve"):
        return {}
    texts = {name: host.read_text(f"{custom_folder(guest)}/{name}") for name in (MENU, MAP)}
    return {name: text for name, text in texts.items() if text is not None}


def plan_leaving(
    guest: Guest, texts: Mapping[str, str], folder: str, moves: Mapping[str, str]
) -> Plan:
    """Return the steps that put them where iohyve has them; it wants a device map of everyone."""
    if MENU not in texts:
        return ()
    told = texts.get(MAP) or grub.device_map(guest, Media())
    return tuple(
        Write(f"{folder}/{name}", text)
        for name, text in moved({MENU: texts[MENU], MAP: told}, moves).items()
    )


def moved(texts: Mapping[str, str], moves: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of files for GRUB, with the paths that disks have once they moved."""
    return {name: moved_map(text, moves) if name == MAP else text for name, text in texts.items()}


def moved_map(text: str, moves: Mapping[str, str]) -> str:
    """Return a device map, lines `(hd0) PATH`, with the paths that disks have once they moved."""
    lines = []
    for line in text.splitlines():
        device, blank, path = line.partition(" ")
        lines.append(f"{device}{blank}{moved_path(path.strip(), moves)}\n")
    return "".join(lines)
