"""Read from the host what a guest's loader needs, and refuse a guest that lacks it."""

from __future__ import annotations

import shutil

from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import NotFound
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.loaders.grub import read_device_map
from chyves_core.loaders.loader import LoaderFacts, custom_folder
from chyves_core.loaders.profiles import find_profile, read_profiles

PACKAGES = {"grub-bhyve": "pkg install grub2-bhyve"}


def read_loader_facts(host: Host, guest: Guest, facts: HostFacts) -> LoaderFacts:
    """Return what planning the guest's loader needs to know.

    Raises NotFound where its loader, its profile, or a file of the profile is not there.
    """
    kind = guest.value("loader")
    if kind == "uefi":
        return LoaderFacts(facts)
    if shutil.which(kind) is None:
        hint = PACKAGES.get(kind, "echo $PATH")
        raise NotFound(f"{guest.name}: {kind} is not installed on this host", hint)
    if kind != "grub-bhyve":
        return LoaderFacts(facts)
    try:
        profile = find_profile(read_profiles(host), guest.value("os"))
    except NotFound as error:
        raise NotFound(f"{guest.name}: {error.message}", error.hint) from None
    own_map = check_custom(host, guest) if profile.name == "custom" else None
    return LoaderFacts(facts, profile, own_map)


def check_custom(host: Host, guest: Guest) -> str | None:
    """Return the guest's own device.map, if there is one.

    Raises NotFound without a grub.cfg, and where the map names a disk that is not there: GRUB would
    pass over it without a word. A guest that was renamed since has such a one.
    """
    menu, own_map = (f"{custom_folder(guest)}/{name}" for name in ("grub.cfg", "device.map"))
    if not host.path(menu).is_file():
        raise NotFound(
            f"{guest.name}: os=custom needs a menu for GRUB, {menu}",
            f"chyves {guest.name} set os=PROFILE, see chyves list profiles",
        )
    if not host.path(own_map).is_file():
        return None
    for device, path in read_device_map(host.read_text(own_map) or ""):
        if device.startswith("(hd") and not host.path(path).exists():
            raise NotFound(
                f"{guest.name}: {own_map} names {path}, which is not there",
                f"rm {own_map}: without it, GRUB gets the guest's disks in their order",
            )
    return own_map
