"""A guest of another manager, as its reader describes it: what it is, and what becomes of it.

All readers describe guests in the same words, those of chyves, so that one plan serves them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chyves_core.bhyve.slots import Place
from chyves_core.errors import UsageError
from chyves_core.properties.schema import Schema

PREFIX = "imported_"
FROM = f"{PREFIX}from"
RENUMBERED = f"{PREFIX}renumbered"


@dataclass(frozen=True)
class Surroundings:
    """What bhyve's own choices depend on, beside the guest."""

    osreldate: int
    hostname: str


@dataclass(frozen=True)
class OldDisk:
    """One disk of the guest: a volume at `dataset`, or a file at `path`.

    `name` is what it is called below the guest's dataset in chyves: disk{n}, or kept-... for one
    that can't be a disk like the others, or was not attached. `properties` are those of the disk
    itself.
    """

    name: str
    dataset: str = ""
    path: str = ""
    serial: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def old_path(self) -> str:
        """Where bhyve has opened it."""
        return self.path or f"/dev/zvol/{self.dataset}"

    @property
    def is_written(self) -> bool:
        """Whether it is a file that is written on a volume."""
        return bool(self.path) and self.is_own

    @property
    def is_own(self) -> bool:
        """Whether chyves has it as a disk of the guest."""
        return not self.name.startswith("kept-")


@dataclass(frozen=True)
class OldNic:
    """One network interface: `bridge` or `uplink` says where it led, nothing is bridge0.

    `tap` is nothing that the host has where its manager made one at each start. `switch` is the
    vale{s} or netgraph{s} that it has a port of instead of a bridge.
    """

    tap: str
    mac: str
    place: Place
    bridge: str = ""
    uplink: str = ""
    switch: str = ""

    @property
    def has_tap(self) -> bool:
        """Whether it always has the same tap."""
        return self.tap.startswith("tap")


@dataclass(frozen=True)
class Line:
    """One line of the preview: what it was, what it becomes (nothing: it is not carried over)."""

    old: str
    new: str
    why: str = ""


@dataclass(frozen=True)
class OldGuest:
    """One guest of another manager.

    `dataset` is its filesystem, or nothing where it is a plain folder; `folder` is where its files
    are. `values` are properties of chyves, with old paths in pcidev_{n}; `kept` go under
    chyves:imported_*. `firmware` is the resource that it needs, `variables` the file with its UEFI
    variables. `problems` are what stands in the way of any import. `grub` are the texts of files
    that become its own for GRUB, by name.
    """

    manager: str
    name: str
    pool: str
    dataset: str
    folder: str
    vm_name: str
    values: Mapping[str, str]
    disks: tuple[OldDisk, ...]
    nics: tuple[OldNic, ...]
    places: Mapping[str, Place]
    kept: Mapping[str, str]
    lines: tuple[Line, ...]
    problems: tuple[str, ...] = ()
    firmware: str = ""
    variables: str = ""
    grub: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Where it is: its dataset, or its folder."""
        return self.dataset or self.folder

    @property
    def origin(self) -> str:
        """What chyves:imported_from says of it: once it is there, it is not imported again."""
        return f"{self.manager} {self.source}"


@dataclass
class Draft:
    """What a reader writes down while it goes through the properties of one guest."""

    schema: Schema
    values: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def carry(self, name: str, value: str, old: str, why: str = "") -> bool:
        """Take a value over as a property of chyves; one that can't be is kept beside, and said."""
        try:
            checked = self.schema.check(name, value)
        except UsageError as error:
            self.leave(old, error.message)
            return False
        self.values[name] = checked
        self.lines.append(Line(old, f"{name}={checked}", why))
        return True

    def leave(self, old: str, why: str) -> None:
        """Say that something is not carried over; NAME=VALUE is kept under imported_NAME."""
        name, equals, value = old.partition("=")
        if equals:
            self.kept[imported_name(name)] = value
        self.lines.append(Line(old, "", why))

    def say(self, old: str, new: str, why: str = "") -> None:
        """Write a line of the preview for what is no property."""
        self.lines.append(Line(old, new, why))


def imported_name(name: str) -> str:
    """Return what a property is called that chyves has no word for; zfsprops(7): lower case."""
    fit = "".join(char if char.isalnum() or char in ".-_" else "_" for char in name.lower())
    return f"{PREFIX}{fit.encode('ascii', 'replace').decode().replace('?', '_')}"
