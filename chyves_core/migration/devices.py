"""Devices in bhyve's own words that older managers kept: which are disks, and what they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chyves_core.bhyve.slots import AHCI_DISK

ZVOL = "/dev/zvol/"
BLOCK_MODELS = (AHCI_DISK, "ahci-cd", "virtio-blk", "nvme")
OWN_DISK = re.compile(r"disk\d+")
BLOCK_OPTION = r"nocache|direct|ro|nodelete|sectorsize=\d{1,9}(/\d{1,9})?"


@dataclass(frozen=True)
class Device:
    """One device as bhyve's -s names it behind the slot: model, backend, options."""

    model: str
    backend: str
    options: str

    @property
    def dataset(self) -> str:
        """The volume that it stands on, nothing where it is none."""
        return self.backend.removeprefix(ZVOL) if self.backend.startswith(ZVOL) else ""

    @property
    def is_block(self) -> bool:
        """Whether it has a serial number."""
        return self.model in BLOCK_MODELS

    @property
    def has_plain_options(self) -> bool:
        """Whether the property virtio_block_options_disk{n} can hold its options."""
        return all(re.fullmatch(BLOCK_OPTION, part) for part in self.options.split(",") if part)

    def at(self, backend: str, serial: str = "") -> str:
        """Return the device on another backend, as a property pcidev_{n} holds it."""
        named = any(part.startswith(("ser=", "serial=")) for part in self.options.split(","))
        more = f"ser={serial}" if serial and self.is_block and not named else ""
        return ",".join(part for part in (self.model, backend, self.options, more) if part)


def parse_device(text: str) -> Device:
    """Return the device that a text means."""
    model, _, rest = text.partition(",")
    backend, _, options = rest.partition(",")
    return Device(model, backend, options)


def moved_path(path: str, moves: Mapping[str, str]) -> str:
    """Return where a path is once folders have moved; `moves` are old folders and new ones."""
    for old, new in moves.items():
        if path == old or path.startswith(f"{old}/"):
            return new + path[len(old) :]
    return path
