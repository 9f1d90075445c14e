"""ctl(4), the kernel's SCSI target: what is there, and plans that make and remove guests' units.

A unit of ours has the option chyves=GUEST, which ctladm(8) takes and shows as it is; ctld(8) leaves
units without its own option ctld_name alone. Ports keep no options: a port is ours where all that
is mapped on it is ours. Until that, its name stands in a note in the guest's run folder.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from chyves_core.bhyve.devices.scsi import Unit, node
from chyves_core.errors import Refused
from chyves_core.plan import Run, run

MARK = "chyves"
FRONTEND = "ioctl"
BACKEND = "block"
FIRST_PORT = 3
"""The kernel's own ports are camsim, ioctl and tpc."""


@dataclass(frozen=True)
class Lun:
    """A logical unit that ctl(4) has; the owner is a guest, or nothing."""

    number: int
    owner: str
    file: str


@dataclass(frozen=True)
class Port:
    """A port that ctl(4) has; `luns` are the units mapped on it, None where it shows all."""

    number: int
    frontend: str
    name: str
    luns: frozenset[int] | None


@dataclass(frozen=True)
class Target:
    """All units and ports."""

    luns: tuple[Lun, ...] = ()
    ports: tuple[Port, ...] = ()

    def luns_of(self, guest: str) -> list[Lun]:
        """Return the units of a guest."""
        return [lun for lun in self.luns if lun.owner == guest]

    def ports_of(self, guest: str, noted: Collection[str] = ()) -> list[Port]:
        """Return the ports of a guest: those that only show its units, and new ones in its note."""
        own = {lun.number for lun in self.luns_of(guest)}
        return [
            port
            for port in self.ports
            if port.frontend == FRONTEND and (port.luns <= own if port.luns else port.name in noted)
        ]

    def without(self, guest: str, noted: Collection[str] = ()) -> Target:
        """Return what is there once all that is a guest's is gone."""
        luns, ports = self.luns_of(guest), self.ports_of(guest, noted)
        return Target(
            tuple(lun for lun in self.luns if lun not in luns),
            tuple(port for port in self.ports if port not in ports),
        )


def parse(devices: str, ports: str) -> Target:
    """Return what `ctladm devlist -x` and `ctladm portlist -x` say (ctl.c, CTL_LUN_LIST).

    Values of options are not escaped there, so this is no XML.
    """
    luns = tuple(
        Lun(number, value(text, MARK), value(text, "file"))
        for number, text in elements(devices, "lun")
    )
    found = []
    for number, text in elements(ports, "targ_port"):
        name = f"{value(text, 'physical_port')}.{value(text, 'virtual_port')}"
        mapped = frozenset(int(lun) for lun in re.findall(r'<lun id="\d+">(\d+)</lun>', text))
        has_map = value(text, "lun_map") == "on"
        found.append(Port(number, value(text, "frontend_type"), name, mapped if has_map else None))
    return Target(luns, tuple(found))


def elements(text: str, name: str) -> Iterator[tuple[int, str]]:
    """Yield each element of a list with its number; one stands at the beginning of its line."""
    pattern = rf'(?ms)^<{name} id="(\d+)">\n(.*?)^</{name}>$'
    for number, inside in re.findall(pattern, text):
        yield int(number), inside


def value(text: str, name: str) -> str:
    """Return the value of an element in an element, empty where it is not there."""
    found = re.search(rf"(?m)^\t<{name}>(.*)</{name}>$", text)
    return found[1] if found else ""


def plan_removal(target: Target, guest: str, noted: Collection[str] = ()) -> tuple[Run, ...]:
    """Return the steps that take away a guest's ports, and then its units, by which they are known.

    As long as a port shows a unit, both are the guest's; so this can be interrupted anywhere.
    """
    ports = [
        run("ctladm", "port", "-r", "-d", FRONTEND, "-p", str(port.number))
        for port in target.ports_of(guest, noted)
    ]
    luns = [
        run("ctladm", "remove", "-b", BACKEND, "-l", str(lun.number))
        for lun in target.luns_of(guest)
    ]
    return (*ports, *luns)


def check_free(target: Target, units: Iterable[Unit]) -> None:
    """Refuse units whose ports somebody else has."""
    taken = {port.name for port in target.ports if port.frontend == FRONTEND}
    for unit in units:
        if unit.port in taken:
            raise Refused(
                f"{unit.guest}: {node(unit.port)} is there already, and not of this guest",
                "ctladm portlist -v",
            )


def plan_units(units: Iterable[Unit]) -> tuple[Run, ...]:
    """Return the steps that make units."""
    return tuple(
        run(
            *("ctladm", "create", "-b", BACKEND, *unit.words),
            *("-o", f"file={unit.file}", "-o", f"{MARK}={unit.guest}"),
        )
        for unit in units
    )


def plan_port(unit: Unit) -> Run:
    """Return the step that makes the port of a unit; it shows all units at first."""
    physical, _, virtual = unit.port.partition(".")
    options = ("-O", f"pp={physical}", "-O", f"vp={virtual}")
    return run("ctladm", "port", "-c", "-d", FRONTEND, *options)


def plan_maps(target: Target, units: Sequence[Unit]) -> tuple[Run, ...]:
    """Return the steps that let each port show its unit and no other, as LUN 0."""
    steps = []
    for unit in units:
        lun = next(lun for lun in target.luns_of(unit.guest) if lun.file == unit.file)
        port = next(each for each in target.ports if each.name == unit.port)
        words = ("-p", str(port.number), "-l", "0", "-L", str(lun.number))
        steps.append(run("ctladm", "lunmap", *words))
    return tuple(steps)


def foreseen(target: Target, units: Sequence[Unit]) -> Target:
    """Return what is there once all are made: each unit and port gets the first free number."""
    luns, ports = list(target.luns), list(target.ports)
    for unit in units:
        number = first_free({lun.number for lun in luns}, 0)
        luns.append(Lun(number, unit.guest, unit.file))
        number = first_free({port.number for port in ports}, FIRST_PORT)
        ports.append(Port(number, FRONTEND, unit.port, None))
    return Target(tuple(luns), tuple(ports))


def first_free(taken: Collection[int], start: int) -> int:
    """Return the first number from `start` on that is not taken."""
    number = start
    while number in taken:
        number += 1
    return number
