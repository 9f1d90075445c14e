"""What a host has at one moment, to see at the end that it was left as it was found."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chyves_core.network.ifconfig import parse_ifconfig
from tests.endtoend.hosts.base import Host

FOLDERS = ("/dev/vmm", "/dev/zvol", "/chyves", "/var/run/chyves")
# Files of these folders count only where they bear chyves' name.
SHARED_FOLDERS = ("/var/run", "/var/log", "/var/spool/lock", "/tmp", "/var/tmp")


@dataclass(frozen=True)
class Found:
    """Lists of what there is, by what it is."""

    lists: Mapping[str, frozenset[str]]
    up_on_open: str
    modules: frozenset[str]

    def left(self, now: Found) -> list[str]:
        """Return what is there now and was not, and what was there and is not."""
        lines = []
        for what, before in self.lists.items():
            after = now.lists[what]
            lines += [f"{what}: {name} was left" for name in sorted(after - before)]
            lines += [f"{what}: {name} is gone" for name in sorted(before - after)]
        if self.up_on_open and now.up_on_open != self.up_on_open:
            lines.append(f"net.link.tap.up_on_open: {self.up_on_open} is {now.up_on_open}")
        return lines


def look(host: Host) -> Found:
    """Look at the host."""
    words = {
        "zpool list": host.run("zpool", "list", "-H", "-o", "name").stdout.split("\n"),
        "ifconfig -l": host.run("ifconfig", "-l").stdout.split(),
        "mdconfig -l": host.run("mdconfig", "-l").stdout.split(),
        "mount": mounts(host),
        "bridge members": members(host),
    }
    lists = {what: frozenset(each) - {""} for what, each in words.items()}
    lists |= {folder: below(host, folder) for folder in FOLDERS}
    lists |= {folder: named_after_us(host, folder) for folder in SHARED_FOLDERS}
    lists["/dev"] = frozenset(
        name for name in host.names_in("/dev") if re.fullmatch(r"(tap|md|vmnet)\d+", name)
    )
    up_on_open = host.run("sysctl", "-n", "net.link.tap.up_on_open", status=None)
    modules = host.run("kldstat").stdout.split()
    return Found(
        lists,
        up_on_open.stdout.strip() if up_on_open.returncode == 0 else "",
        frozenset(word for word in modules if word.endswith(".ko")),
    )


def mounts(host: Host) -> list[str]:
    """Return what ZFS has mounted."""
    return host.run("zfs", "mount").stdout.splitlines()


def members(host: Host) -> list[str]:
    """Return each bridge with each of its members."""
    interfaces = parse_ifconfig(host.run("ifconfig", "-a").stdout).values()
    return [f"{each.name} {member}" for each in interfaces for member in each.members]


def below(host: Host, folder: str) -> frozenset[str]:
    """Return all that is below a folder, and the folder itself."""
    root = host.path(folder)
    if not root.exists():
        return frozenset()
    found = {"."}
    for above, folders, files in os.walk(root):
        found |= {os.path.relpath(os.path.join(above, name), root) for name in folders + files}
    return frozenset(found)


def named_after_us(host: Host, folder: str) -> frozenset[str]:
    """Return what a folder has that bears our name, but for the folder of this very run."""
    names = {name for name in host.names_in(folder) if "chyves" in name or "nmdm9" in name}
    return frozenset(names - {host.folder.name})
