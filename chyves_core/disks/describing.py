"""Describe disks: one line and notes, kept on the zvol itself."""

from __future__ import annotations

from chyves_core import zfs
from chyves_core.disks.finding import changing, find_disk
from chyves_core.disks.images import FOLDER
from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, Disk, Guest, read_inventory
from chyves_core.host import Host
from chyves_core.properties.schema import load_schema

TEXTS = ("description", "notes")


def read_text(host: Host, guest_name: str, word: str, name: str) -> str:
    """Return a disk's description or notes; `-` where it has none."""
    disk = describable(read_inventory(host).guest(guest_name), word)
    return disk.properties.get(name) or "-"


def describe(host: Host, guest_name: str, word: str, name: str, text: str) -> None:
    """Set a disk's description or notes; an empty text, or `-`, takes them off."""
    value = load_schema("disk").check(name, text)
    with changing(host, guest_name) as (_, guest):
        disk = describable(guest, word)
        full = f"{GUEST_PREFIX}{name}"
        if value not in ("", "-"):
            host.act(zfs.set_properties([disk.dataset], {full: value}))
        elif name in disk.properties:
            host.act(zfs.inherit([disk.dataset], full))


def describable(guest: Guest, word: str) -> Disk:
    """Return the disk that a word means; only volumes have properties of their own."""
    if word.startswith(f"{FOLDER}/"):
        raise Refused(f"{guest.name}: {word} is a file, only volumes keep a description")
    return find_disk(guest, word)
