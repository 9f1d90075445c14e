"""What a guest sees of its machine, from a bhyve command line: to compare two managers."""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass
from itertools import pairwise

FLAGS = ("-A", "-H", "-P", "-S", "-u", "-w", "-W")


@dataclass(frozen=True)
class Seen:
    """The devices by PCI address, each with what tells it from others; CPUs, memory, flags.

    A screen is the same wherever it stands.
    """

    devices: dict[str, tuple[str, ...]]
    screen: tuple[str, ...]
    cpu: str
    ram: str
    flags: frozenset[str]
    uuid: str
    has_firmware: bool


def see(line: str) -> Seen:
    """Return what a guest sees that is started with this line."""
    words = shlex.split(line)
    vm_name = words[-1]
    devices: dict[str, tuple[str, ...]] = {}
    screen: list[str] = []
    values = {"-c": "", "-m": "", "-U": ""}
    flags = {word for word in words if word in FLAGS}
    for flag, value in pairwise(words):
        if flag in values:
            values[flag] = value
        if flag != "-s":
            continue
        place, model, *rest = value.removesuffix(",").split(",")
        place = place.removesuffix(":0")
        if model in ("fbuf", "xhci"):
            screen.append(model)
            screen += [word for word in rest if word.startswith(("w=", "h=", "wait"))]
        elif model != "lpc":
            devices[place] = device(model, rest, place, vm_name)
    firmware = any(word.startswith("bootrom,") for word in words)
    return Seen(
        devices,
        tuple(screen),
        values["-c"],
        values["-m"],
        frozenset(flags),
        values["-U"],
        firmware,
    )


def device(model: str, rest: list[str], place: str, vm_name: str) -> tuple[str, ...]:
    """Return what tells one device from others."""
    if model in ("virtio-net", "e1000"):
        options = dict(word.partition("=")[::2] for word in rest[1:])
        slot, _, function = place.partition(":")
        made = hashlib.md5(f"{slot}-{function or 0}-{vm_name}".encode()).hexdigest()
        return model, options.get("mac", f"00:a0:98:{made[:2]}:{made[2:4]}:{made[4:6]}")
    if model == "ahci":
        words = ",".join(rest).split("hd:")[1:]
        ports = [disk(word.removesuffix(",").split(",")) for word in words]
        return "ahci-hd", *(part for port in ports for part in port)
    if model in ("ahci-hd", "virtio-blk"):
        return model, *disk(rest)
    return model, *(re.sub(r"^/.*/", "", word) for word in rest)


def disk(words: list[str]) -> tuple[str, ...]:
    """Return the serial number of a disk, and its other options."""
    options = dict(word.partition("=")[::2] for word in words[1:])
    made = hashlib.md5(words[0].encode()).hexdigest().upper()
    serial = options.pop("ser", f"BHYVE-{made[:4]}-{made[4:8]}-{made[8:12]}")
    return serial, *sorted(f"{name}={value}" for name, value in options.items())
