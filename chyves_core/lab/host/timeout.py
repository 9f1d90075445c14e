"""timeout(1): the machine's own, as a process that ps(1) of the lab shows."""

from __future__ import annotations

import os
import shutil
import sys
import time

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.processes import register


def main(arguments: list[str], lab: Lab) -> int:
    """Become the machine's own timeout; it takes what FreeBSD's takes.

    On a machine that has none the command runs as long as it likes.
    """
    others = (each for each in os.environ["PATH"].split(os.pathsep) if each != str(lab.bin))
    program = shutil.which("timeout", path=os.pathsep.join(others))
    try:
        _, words = parse_options(arguments, "fk:ps:v")
    except BadOption as bad:
        print(f"timeout: {bad}", file=sys.stderr)
        return 125
    register(lab, "timeout", " ".join(["timeout", *arguments]))
    lab.log_command(["timeout", *arguments], 0, time.monotonic())
    argv = ["timeout", *arguments] if program else words[1:]
    os.execvp(program or argv[0], argv)
    return 126
