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

LOADER_FLAGS = {
    ("bhyveload", "-c"): ("serial", "console of the loader"),
    ("bhyveload", "-m"): ("ram", "memory, as bhyve's"),
    ("bhyveload", "-S"): ("bargs, pcidev_{n}", "memory stays in place, as bhyve's"),
    ("bhyveload", "-d"): ("the disks, the ISO", "medium that the loader can read"),
    ("grub-bhyve", "-c"): ("serial", "console of the loader"),
    ("grub-bhyve", "-S"): ("bargs, pcidev_{n}", "memory stays in place, as bhyve's"),
    ("grub-bhyve", "-m"): ("the disks, the ISO", "file that names the media for grub"),
    ("grub-bhyve", "-r"): ("os", "medium that grub boots from"),
    ("grub-bhyve", "-d"): ("os", "folder with grub's menu"),
    ("grub-bhyve", "-M"): ("ram", "memory, as bhyve's"),
}
"""What chyves itself gives a loader; all else comes from the user."""

WITHOUT_VALUE = ("-S", "-C")


def explain(host: Host, inventory: Inventory, name: str, iso: str | None) -> list[Row]:
    """Return a row for each argument of loader and bhyve; raises what a plan raises."""
    around = read_surroundings(host, inventory)
    boot = plan_boot(host, around, inventory.guest(name), iso)
    loader = loader_rows(boot.loader) if boot.loader else ()
    return [*loader, *machine_rows(boot.machine)]


def machine_rows(machine: Machine) -> Iterator[Row]:
    """Yield a row for each argument of bhyve."""
    for argument in machine.arguments:
        yield {
            "program": "bhyve",
            "argument": quote(argument.words),
            "from": ", ".join(argument.sources),
            "does": argument.says,
            "settings": settings_text(machine, argument),
        }


def settings_text(machine: Machine, argument: Argument) -> str | None:
    """Return the lines of bhyve's file that say an argument; None where it stands in argv."""
    if machine.file is None or "bargs" in argument.sources:
        return None
    lines = [line(name, value) for name, value in settings_of(argument)]
    lines += [line(name, "***") for name, _ in argument.secrets]
    return " ".join(each.rstrip("\n") for each in lines) or None


def loader_rows(loader: Loader) -> Iterator[Row]:
    """Yield a row for each argument of a loader."""
    program, *words, vm_name = loader.argv
    while words:
        flag = words.pop(0)
        has_value = words and flag not in WITHOUT_VALUE and flag.startswith("-")
        argument = (flag, words.pop(0)) if has_value and len(flag) == 2 else (flag,)
        source, says = LOADER_FLAGS.get((program, flag), (f"{program}_flags", "chosen by the user"))
        yield {
            "program": program,
            "argument": quote(argument),
            "from": source,
            "does": says,
            "settings": None,
        }
    yield {
        "program": program,
        "argument": quote((vm_name,)),
        "from": "the guest's name",
        "does": f"VM, /dev/vmm/{vm_name}",
        "settings": None,
    }
