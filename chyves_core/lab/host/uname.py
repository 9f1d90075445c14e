"""uname(1): what the host is."""

from __future__ import annotations

import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.release import kernel_ident, kernel_version, os_release, osreldate
from chyves_core.lab.host.sysctl import sysctl_value

ORDER = "snrvmpiUKb"
BUILD_ID = "cf53bb09d3d9f2118dff3308a3e265c5188eb1cb"


def main(arguments: list[str], lab: Lab) -> int:
    """Print what the options ask for, in uname's own order."""
    try:
        options, rest = parse_options(arguments, "abiKmnoprsUv")
        if rest:
            raise BadOption("")
    except BadOption as bad:
        text = f"uname: {bad}\n" if str(bad) else ""
        print(f"{text}usage: uname [-abiKmnoprsUv]", file=sys.stderr)
        return 1
    wanted = {"s" if letter == "o" else letter for letter, _ in options} or {"s"}
    if "a" in wanted:
        wanted |= set("snrvm")
    values = {
        "s": "FreeBSD",
        "n": sysctl_value(lab, "kern.hostname") or "",
        "r": os_release(lab),
        "v": kernel_version(lab),
        "m": "amd64",
        "p": "amd64",
        "i": kernel_ident(lab),
        "U": str(osreldate(lab)),
        "K": str(osreldate(lab)),
        "b": BUILD_ID,
    }
    print(" ".join(values[letter] for letter in ORDER if letter in wanted))
    return 0
