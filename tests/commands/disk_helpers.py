"""What the tests of `chyves GUEST disk` look at."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tests.commands.whole_guests import make_bootable, make_whole_guests, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"
MIB = 1 << 20


def make_web(lab: LabHost) -> LabHost:
    """Make the guest web1 with a bootable disk0 of 1G, as `create` does in more time."""
    make_whole_guests(lab, ["web1"], pci_slots="disk0=4,tap50=16")
    make_bootable(lab, "web1")
    return lab


def devices(lab: LabHost, guest: str = "web1") -> dict[str, str]:
    """Return what stands in each PCI slot when the guest starts, by `start -n`: device and all."""
    printed = lab.output(guest, "start", "-n").splitlines()
    (line,) = [each for each in printed if each.startswith("# bhyve ")]
    words = shlex.split(line.removeprefix("# "))
    slots = [words[at + 1] for at, word in enumerate(words) if word == "-s"]
    return {slot: rest for slot, _, rest in (each.partition(",") for each in slots)}


def slot_of(lab: LabHost, part: str, guest: str = "web1") -> str:
    """Return the slot of the one device whose options hold a text."""
    (slot,) = [slot for slot, rest in devices(lab, guest).items() if re.search(part, rest)]
    return slot


def disks(lab: LabHost, guest: str = "web1") -> list[str]:
    """Return the names that `disk list` shows."""
    return lab.output(guest, "disk", "list", "-H", "-o", "disk").split()


def below(lab: LabHost, dataset: str = WEB1) -> list[str]:
    """Return the names of all datasets and snapshots below a guest."""
    start = f"{dataset}/"
    return [name.removeprefix(start) for name in lab.datasets() if name.startswith(start)]


def slots_property(lab: LabHost) -> str:
    """Return the PCI slots as the guest keeps them."""
    return own_properties(lab, WEB1)["chyves:pci_slots"]


def native(lab: LabHost, disk: str, *names: str) -> Mapping[str, str]:
    """Return native properties of a disk, exactly."""
    argv = ("zfs", "get", "-Hp", "-o", "property,value", ",".join(names), f"{WEB1}/{disk}")
    return dict(line.split("\t") for line in lab.run(*argv).stdout.splitlines())


def node(lab: LabHost, disk: str) -> Path:
    """Return the file that plays a disk's device node."""
    return lab.root / f"dev/zvol/{WEB1}/{disk}"


def write_mark(lab: LabHost, disk: str, mark: bytes) -> None:
    """Write something on a disk, to know it again."""
    with open(node(lab, disk), "r+b") as opened:
        opened.write(mark)


def read_mark(lab: LabHost, disk: str, size: int) -> bytes:
    """Return the first bytes of a disk."""
    with open(node(lab, disk), "rb") as opened:
        return opened.read(size)
