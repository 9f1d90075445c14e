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
    """Yield a row for what each boot starts or makes beside bhyve, and for its limits."""
    for unit in boot.machine.units:
        for step in ctl.plan_units([unit]):
            says = f"unit of ctl(4) that is shown on {node(unit.port)}"
            sources = (unit.disk, disks.TYPE, *unit.sources)
            yield row(step.argv[0], Argument("", quote(step.argv[1:]), sources, says), None)
    for swtpm in (step for step in boot.beside if isinstance(step, Run)):
        says = "plays the guest's TPM"
        yield row(swtpm.argv[0], Argument("", quote(swtpm.argv[1:]), (tpm.NAME,), says), None)
    for rule in limits.arguments(boot.guest):
        yield row("rctl", rule, None)


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
        "argument": quote(argument.words) if argument.flag else argument.value,
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
