"""Explain what a guest is started with: each argument, where it comes from, what it does."""

from __future__ import annotations

from collections.abc import Iterator

from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.config_file import line, settings_of
from chyves_core.bhyve.machine import Machine
from chyves_core.guests import Inventory
from chyves_core.host import Host
from chyves_core.loaders.loader import Loader
from chyves_core.output import Row
from chyves_core.plan import quote
from chyves_core.supervise.boot import plan_boot, read_surroundings

COLUMNS = ("program", "argument", "from", "does")


def explain(host: Host, inventory: Inventory, name: str, iso: str | None) -> list[Row]:
    """Return a row for each argument of loader and bhyve; raises what a plan raises."""
    around = read_surroundings(host, inventory)
    boot = plan_boot(host, around, inventory.guest(name), iso)
    loader = loader_rows(boot.loader) if boot.loader else ()
    return [*loader, *machine_rows(boot.machine)]


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
