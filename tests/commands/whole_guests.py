"""Guests as `create` makes them, in one step, and a way to see what a command touched."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from chyves_core.lab.zfs.bulk import NewDataset, make_datasets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import LabHost

GIBIBYTE = 1 << 30


def identity(number: int) -> dict[str, str]:
    """Return the properties that no two guests share, for the guest of a number."""
    tap = f"tap{50 + number}"
    return {
        "net_ifaces": tap,
        f"{tap}_mac": f"58:9c:fd:00:{number // 256:02x}:{number % 256:02x}",
        f"{tap}_bridge": "bridge0",
        "serial": f"nmdm{50 + number}",
        "uefi_vnc_port": str(5900 + number),
        "uuid": str(uuid.UUID(int=number + 1)),
    }


def make_whole_guests(
    lab: LabHost,
    names: Iterable[str],
    *,
    pool: str = "zroot",
    first: int = 0,
    snapshots: Iterable[str] | Mapping[str, int] = (),
    size: int = GIBIBYTE,
    **properties: str,
) -> None:
    """Make guests with a disk of `size` and an identity each, `properties` the same for all."""
    wanted = []
    for number, name in enumerate(names, first):
        dataset = f"{pool}/chyves/guests/{name}"
        values = {**identity(number), "cpu": "1", "ram": "256M", "chyves_guest_version": "1"}
        values |= properties
        own = {f"chyves:{key}": value for key, value in values.items()}
        wanted.append(NewDataset(dataset, own, snapshots=snapshots))
        serial = {"chyves:disk_serial": f"CHY{number:012X}"}
        wanted.append(NewDataset(f"{dataset}/disk0", serial, size, snapshots=snapshots))
    make_datasets(lab.lab, wanted)


def belongs(line: str, names: Iterable[str]) -> bool:
    """Return whether a line of `everything` is about one of the guests, or about its disks."""
    name = line.partition("\t")[0]
    parts = name.partition("@")[0].split("/")
    return len(parts) > 3 and parts[1:3] == ["chyves", "guests"] and parts[3] in names


def outside(lab: LabHost, *names: str) -> list[str]:
    """Return all that is set and stands in the lab, but for the guests of these names."""
    return [line for line in lab.everything().split("\n") if not belongs(line, names)]


def guests(lab: LabHost) -> list[str]:
    """Return the names of the datasets that stand where guests do."""
    parts = [name.split("/") for name in lab.datasets("filesystem")]
    return sorted(each[3] for each in parts if len(each) == 4 and each[2] == "guests")


def own_properties(lab: LabHost, dataset: str) -> dict[str, str]:
    """Return the user properties set on one dataset itself."""
    argv = ("zfs", "get", "-Hp", "-s", "local,received", "-o", "property,value", "all", dataset)
    lines = lab.run(*argv).stdout.split("\n")
    pairs = (line.partition("\t")[::2] for line in lines if line.startswith("chyves"))
    return dict(pairs)


def make_bootable(lab: LabHost, name: str, pool: str = "zroot") -> None:
    """Write what the stand-in guest boots from on the guest's first disk."""
    node = lab.root / f"dev/zvol/{pool}/chyves/guests/{name}/disk0"
    with open(node, "r+b") as disk:
        disk.write(b"#chyves-guest\n")


def clone_guest(lab: LabHost, source: str, name: str, snapshot: str = "s") -> None:
    """Make a guest that is a ZFS clone of another one's snapshot."""
    origin, target = f"zroot/chyves/guests/{source}", f"zroot/chyves/guests/{name}"
    values = {**own_properties(lab, origin), "chyves:uuid": "00000000-0000-0000-0000-0000000000ff"}
    words = [word for key, value in values.items() for word in ("-o", f"{key}={value}")]
    lab.run("zfs", "clone", *words, f"{origin}@{snapshot}", target)
    lab.run("zfs", "clone", f"{origin}/disk0@{snapshot}", f"{target}/disk0")


def make_gold(lab: LabHost) -> None:
    """Make gold, its namesakes gold2 and gold-old, and a snapshot of each."""
    properties = {"rcboot": "7", "groups": "web", "description": "ein Ü = 'x'"}
    slots = {"pci_slots": "disk0=4,tap50=17"}
    make_whole_guests(lab, ["gold"], snapshots=["s"], **properties, **slots)
    make_whole_guests(lab, ["gold2", "gold-old"], first=1, snapshots=["s"])
    disk = "zroot/chyves/guests/gold/disk0"
    lab.run("zfs", "set", "volmode=dev", "compression=lz4", disk)
    lab.run("zfs", "set", "chyves:description=system", "com.sun:auto-snapshot=false", disk)


def snapshots(lab: LabHost, name: str) -> list[str]:
    """The names of the snapshots of a guest's filesystem."""
    dataset = f"zroot/chyves/guests/{name}"
    argv = ("zfs", "list", "-H", "-d", "1", "-t", "snapshot", "-o", "name", dataset)
    return [line.partition("@")[2] for line in lab.run(*argv).stdout.split()]


def first_disk(lab: LabHost, name: str) -> Path:
    """The device of a guest's first disk."""
    return lab.root / f"dev/zvol/zroot/chyves/guests/{name}/disk0"


def write_disk(lab: LabHost, name: str, content: bytes) -> None:
    """Write onto a guest's first disk."""
    with open(first_disk(lab, name), "r+b") as file:
        file.write(content)


def write_words(lab: LabHost, name: str, text: str, disk: str = "disk0") -> None:
    """Write a text at the beginning of a guest's disk."""
    with open(lab.root / f"dev/zvol/zroot/chyves/guests/{name}/{disk}", "r+b") as opened:
        opened.write(text.encode().ljust(4096, b"\0"))


def read_words(lab: LabHost, name: str, disk: str = "disk0") -> str:
    """Return the text at the beginning of a guest's disk."""
    with open(lab.root / f"dev/zvol/zroot/chyves/guests/{name}/{disk}", "rb") as opened:
        return opened.read(4096).rstrip(b"\0").decode()


def journal(lab: LabHost, pool: str = "zroot") -> list[str]:
    """Return the titles of the changes that were begun and not ended."""
    files = sorted((lab.root / "chyves" / pool / "journal").glob("*.json"))
    return [json.loads(file.read_text())["title"] for file in files]
