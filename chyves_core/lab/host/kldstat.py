"""kldstat(8): which kernel modules are loaded."""

from __future__ import annotations

import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host import modules
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.state import HostState, read_host

USAGE = """\
usage: kldstat [-d] [-h] [-q] [-v] [-i id] [-n filename]
       kldstat [-d] [-q] [-m modname]"""


def main(arguments: list[str], lab: Lab) -> int:
    """List the loaded files, one of them, or answer whether a module is there."""
    try:
        options, rest = parse_options(arguments, "dhi:m:n:qv")
        if rest:
            raise BadOption("")
    except BadOption as bad:
        text = f"kldstat: {bad}\n" if str(bad) else ""
        print(f"{text}{USAGE}", file=sys.stderr)
        return 1
    chosen = dict(options)
    state = read_host(lab)
    if "m" in chosen:
        return _module(state, chosen)
    files = ["kernel", *modules.loaded_files(state)]
    if "n" in chosen:
        name = chosen["n"].rpartition("/")[2]
        files = [file for file in files if file in (name, f"{name}.ko")]
        if not files:
            return _fail(chosen, f"can't find file {chosen['n']}: No such file or directory")
    if "q" in chosen:
        return 0
    human = "h" in chosen
    print(
        "Id Refs Address             Size Name"
        if human
        else "Id Refs Address                Size Name",
        flush=True,
    )
    if "i" in chosen:
        number = int(chosen["i"]) if chosen["i"].isdecimal() else 0
        if not 1 <= number <= len(files):
            return _fail(chosen, f"can't stat file id {number}: No such file or directory")
        files = [files[number - 1]]
    for file in files:
        _print_file(state, file, human=human, verbose="v" in chosen)
    return 0


def _module(state: HostState, chosen: dict[str, str]) -> int:
    name = chosen["m"]
    if not modules.has_module(state, name):
        return _fail(chosen, f"can't find module {name}: No such file or directory")
    if "q" not in chosen:
        known = {
            module: number for file in modules.FILES.values() for module, number in file.modules
        }
        number = modules.BUILT_IN.get(name) or known.get(name, 100)
        print(f"Id  Refs Name\n{number:3} {1:4} {name}")
    return 0


def _fail(chosen: dict[str, str], text: str) -> int:
    if "q" not in chosen:
        print(f"kldstat: {text}", file=sys.stderr)
    return 1


def _print_file(state: HostState, file: str, *, human: bool, verbose: bool) -> None:
    if file == "kernel":
        number, references = 1, modules.kernel_references(state)
        address, size = modules.KERNEL_ADDRESS, modules.KERNEL_SIZE
        inside = tuple(modules.BUILT_IN.items())
    else:
        number, references = modules.file_id(state, file), 1
        entry = modules.FILES[file]
        address, size, inside = entry.address, entry.size, entry.modules
    shown = f"{_short(size):>5}" if human else f"{size:8x}"
    path = f" (/boot/kernel/{file})" if verbose else ""
    print(f"{number:2} {references:4} 0x{address:016x} {shown} {file}{path}")
    if verbose:
        print("\tContains modules:\n\t\t Id Name")
        for name, module_id in inside:
            print(f"\t\t{module_id:3} {name}")


def _short(size: int) -> str:
    """Return a size as humanize_number(3) writes it in five columns."""
    for power, unit in ((30, "G"), (20, "M"), (10, "K")):
        if size >= 1 << power:
            value = size / (1 << power)
            return f"{value:.1f}{unit}" if value < 9.95 else f"{value:.0f}{unit}"
    return f"{size}B"
