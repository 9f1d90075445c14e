"""timeout(1): the machine's own, as a process that ps(1) of the lab shows."""

from __future__ import annotations

import os
import shutil
import sys
import time

from chyves_core.lab.home import Lab
from chyves_core.lab.host.processes import register


def main(arguments: list[str], lab: Lab) -> int:
    """Become the machine's own timeout; it takes what FreeBSD's takes."""
    others = (each for each in os.environ["PATH"].split(os.pathsep) if each != str(lab.bin))
    program = shutil.which("timeout", path=os.pathsep.join(others))
    if program is None:
        print("timeout: this machine has none", file=sys.stderr)
        return 127
    register(lab, "timeout", " ".join(["timeout", *arguments]))
    lab.log_command(["timeout", *arguments], 0, time.monotonic())
    os.execv(program, ["timeout", *arguments])
