"""Explain what a guest is started with: each argument, where it comes from, what it does."""

from __future__ import annotations

from collections.abc import Iterator

from chyves_core.bhyve import ctl, limits
from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.config_file import line, settings_of
from chyves_core.bhyve.devices import disks, tpm
from chyves_core.bhyve.devices.scsi import node
from chyves_core.bhyve.machine import Machine
from chyves_core.guests import Inventory
from chyves_core.host import Host
from chyves_core.loaders.loader import Loader
from chyves_core.output import Row
from chyves_core.plan import Run, quote
from chyves_core.supervise.boot import Boot, plan_boot, read_surroundings

COLUMNS = ("program", "argument", "from", "does")


def explain(host: Host, inventory: Inventory, name: str, iso: str | None) -> list[Row]:
    """Return a row for each argument of loader and bhyve, and for what is started or made beside.

    Raises what a plan raises.
    """
    around = read_surroundings(host, inventory)
    boot = plan_boot(host, around, inventory.guest(name), iso)
    loader = loader_rows(boot.loader) if boot.loader else ()
    return [*beside_rows(boot), *loader, *machine_rows(boot.machine)]


def beside_rows(boot: Boot) -> Iterator[Row]:
    """Yield rows for what each boot starts or makes beside bhyve, and for its limits."""
    for unit in boot.machine.units:
        says = f"makes {unit.disk} a unit of ctl(4), shown on {node(unit.port)}"
        for step in ctl.plan_units([unit]):
            yield from step_rows(step, (unit.disk, disks.TYPE, *unit.sources), says)
    for swtpm in (step for step in boot.beside if isinstance(step, Run)):
        yield from step_rows(swtpm, (tpm.NAME,), "plays the guest's TPM")
    for rule in limits.arguments(boot.guest):
        yield row("rctl", rule, None)


def step_rows(step: Run, sources: tuple[str, ...], says: str) -> Iterator[Row]:
    """Yield a row for each argument of a step; a flag stands together with its value."""
    program, *words = step.argv
    while words:
        flag = words.pop(0)
        has_value = flag.startswith("-") and words and not words[0].startswith("-")
        value = words.pop(0) if has_value else ""
        yield row(program, Argument(flag, value, sources, says), None)


def machine_rows(machine: Machine) -> Iterator[Row]:
    """Yield a row for each argument of bhyve."""
    for argument in machine.arguments:
        yield row("bhyve", argument, settings_text(machine, argument))


def loader_rows(loader: Loader) -> Iterator[Row]:
    """Yield a row for each argument of a loader."""
    for argument in loader.arguments:
        yield row(loader.program, argument, None)


def row(program: str, argument: Argument, settings: str | None) -> Row:
    """Return the row of one argument."""
    return {
        "program": program,
        "argument": quote(argument.words),
        "from": ", ".join(argument.sources),
        "does": argument.says,
        "settings": settings,
    }


def settings_text(machine: Machine, argument: Argument) -> str | None:
    """Return the lines of bhyve's file that say an argument; None where it stands in argv."""
    if machine.file is None or "bargs" in argument.sources:
        return None
    lines = [line(name, value) for name, value in settings_of(argument)]
    lines += [line(name, "***") for name, _ in argument.secrets]
    return " ".join(each.rstrip("\n") for each in lines) or None
