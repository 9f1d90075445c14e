"""kldload(8): load kernel modules."""

from __future__ import annotations

import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host import modules
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.state import change_host

USAGE = "usage: kldload [-nqv] file ..."


def main(arguments: list[str], lab: Lab) -> int:
    """Load each module; one that fails does not keep the others from being loaded."""
    try:
        options, names = parse_options(arguments, "nqv")
        if not names:
            raise BadOption("")
    except BadOption as bad:
        text = f"kldload: {bad}\n" if str(bad) else ""
        print(f"{text}{USAGE}", file=sys.stderr)
        return 1
    flags = {letter for letter, _ in options}
    return max(_load(lab, name, flags) for name in names)


def _load(lab: Lab, name: str, flags: set[str]) -> int:
    problem = "Operation not permitted"
    try:
        if lab.is_root:
            with change_host(lab) as state:
                number = modules.load(state, name, lab.freebsd)
                if modules.has_module(state, "ctl"):
                    control = lab.path("/dev/cam/ctl")
                    control.parent.mkdir(exist_ok=True)
                    control.touch()
            if "v" in flags:
                print(f"Loaded {name}, id={number}")
            return 0
    except modules.ModuleError as error:
        problem = str(error)
        if "n" in flags and problem.startswith("module already"):
            if "v" in flags:
                print(f"{name} is already loaded")
            return 0
    if "q" not in flags:
        print(f"kldload: can't load {name}: {problem}", file=sys.stderr)
    return 1
