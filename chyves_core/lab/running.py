"""Run one of the lab's programs: what `run.py zfs list -H` does.

It keeps the command log, and it plays the faults that CHYVES_LAB_FAIL asks for:
`PROGRAM:NTH:fail` makes the NTH call of PROGRAM by one process fail, `PROGRAM:NTH:kill` kills
the caller with SIGKILL just before it, `PROGRAM:NTH:kill-after` just after it.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from importlib import import_module
from typing import NoReturn

from chyves_core.lab.faults import next_fault
from chyves_core.lab.home import Lab
from chyves_core.lab.programs import PROGRAMS


def main() -> int:
    """Run the program that argv names and return its status."""
    program, arguments = sys.argv[1], sys.argv[2:]
    lab = Lab.from_environment()
    started = time.monotonic()
    fault = next_fault(lab, program)
    if fault == "kill":
        kill_caller()
        return 137
    if fault == "fail":
        print(f"{program}: failed because CHYVES_LAB_FAIL asked for it", file=sys.stderr)
        lab.log_command([program, *arguments], 1, started)
        return 1
    status = call(program, arguments, lab)
    lab.log_command([program, *arguments], status, started)
    if fault == "kill-after":
        kill_caller()
    return status


def kill_caller() -> None:
    """Kill the process that has called this program."""
    import signal

    os.kill(os.getppid(), signal.SIGKILL)


def call(program: str, arguments: list[str], lab: Lab) -> int:
    """Call `main(arguments, lab)` of the program's module; end quietly on a closed pipe."""
    try:
        module = import_module(PROGRAMS[program])
        gc.enable()
        status = int(module.main(arguments, lab))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1


def leave(status: int) -> NoReturn:
    """End this process; where no thread has to be waited for, without taking Python apart first."""
    if "threading" in sys.modules:
        sys.exit(status)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
