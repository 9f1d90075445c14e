"""bhyveload(8): load a FreeBSD kernel from a disk into a new VM.

The lab's loader loads nothing: it checks what the real one checks, and leaves a VM that a
bhyve without boot ROM may run.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time

from chyves_core.lab.bhyve import media, vmm
from chyves_core.lab.bhyve.bhyve import die
from chyves_core.lab.bhyve.failures import STALE
from chyves_core.lab.bhyve.machine import Refused, memory_size
from chyves_core.lab.home import Lab
from chyves_core.lab.host import modules
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.nmdm import NAME as NMDM_NAME
from chyves_core.lab.host.nmdm import has_driver, open_nmdm
from chyves_core.lab.host.processes import forget, register
from chyves_core.lab.host.state import change_host

USAGE = """\
usage: bhyveload [-S][-c <console-device>] [-d <disk-path>] [-e <name=value>]
                 [-h <host-path>] [-m memsize[K|k|M|m|G|g|T|t]] <vmname>"""
EX_USAGE = 64
DEFAULT_MEMORY = 256 << 20
BANNER = """\
Consoles: userboot console

FreeBSD/amd64 User boot lua, Revision 1.2
"""
NOT_BOOTABLE = """\
ERROR: cannot open /boot/lua/loader.lua: no such file or directory.


Type '?' for a list of commands, 'help' for more detailed help.
OK """


def main(arguments: list[str], lab: Lab) -> int:
    """Load the guest's kernel; 0 and a VM that is ready to run, or an error."""
    started = time.monotonic()
    try:
        # bhyveload.c of 10.4 does not have -C, that of 12.0 has it.
        letters = "CSc:d:e:h:l:m:" if lab.freebsd >= (12, 0) else "Sc:d:e:h:l:m:"
        options, names = parse_options(arguments, letters)
    except BadOption as bad:
        print(f"bhyveload: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    if len(names) != 1:
        print(USAGE, file=sys.stderr)
        return 1
    register(lab, "bhyveload", " ".join(["bhyveload", *arguments]))
    try:
        status = _load(options, names[0], lab)
    finally:
        forget(lab)
    if status == 128 + signal.SIGABRT:
        lab.log_command(["bhyveload", *arguments], status, started)
        die(signal.SIGABRT)
    return status


def _load(options: list[tuple[str, str]], name: str, lab: Lab) -> int:
    memory, console, disks = DEFAULT_MEMORY, 1, []
    chosen = dict(options)
    for letter, value in options:
        if letter == "m":
            try:
                memory = memory_size(value)
            except Refused:
                return _refuse(f"Invalid memsize '{value}'")
        elif letter == "d":
            if not value or not lab.path_or_own(value).exists():
                return _refuse(f"Could not open '{value}'")
            disks.append(value)
        elif letter == "c":
            opened = _open_console(lab, value)
            if opened is None:
                return _refuse(f"Could not open '{value}'")
            console = opened
    status = _make_vm(lab, name)
    if status:
        return status
    if "l" in chosen and not lab.path_or_own(chosen["l"]).exists():
        print(f'Cannot open "{chosen["l"]}"')
        return 1
    if "h" in chosen and not lab.path_or_own(chosen["h"]).is_dir():
        return 128 + signal.SIGABRT
    return _boot(lab, name, memory, console, disks)


def _refuse(text: str) -> int:
    print(f"bhyveload: {text}", file=sys.stderr)
    return EX_USAGE


def _open_console(lab: Lab, name: str) -> int | None:
    """Return a descriptor of the console device; `stdio` is the terminal itself."""
    if name == "stdio":
        return 1
    try:
        if NMDM_NAME.fullmatch(name.removeprefix(str(lab.root))) and has_driver(lab):
            return open_nmdm(lab, name)
        return os.open(lab.path(name), os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None


def _make_vm(lab: Lab, name: str) -> int:
    """Create the VM; one that is there already must not be in use."""
    if lab.is_root:
        with change_host(lab) as state:
            modules.ensure(state, "vmm", lab.freebsd)
    problem = ""
    if not lab.is_root:
        problem = "Operation not permitted"
    elif not vmm.is_valid_name(name, lab.freebsd):
        problem = os.strerror(errno.EINVAL)
    if problem:
        print(f"vm_create: {problem}", file=sys.stderr)
        return 1
    with lab.lock("vmm"):
        present = vmm.read_vm(lab, name)
        if present is None:
            vmm.write_vm(lab, name, vmm.new_vm())
        elif not vmm.can_restart(present):
            print("vm_reinit: Device busy", file=sys.stderr)
            return 1
    return 0


def _boot(lab: Lab, name: str, memory: int, console: int, disks: list[str]) -> int:
    """Load from the first disk that holds something; without one the loader finds no kernel.

    The real loader then waits at its prompt for ever. No capture shows it; the lab ends with 1.
    """
    source = next((d for d in disks if media.is_bootable(lab.path_or_own(d))), None)
    text = BANNER + (NOT_BOOTABLE if source is None else f"Loading kernel from {source}\n")
    os.write(console, text.replace("\n", "\r\n" if console != 1 else "\n").encode())
    if source is None:
        print(f"bhyveload: no bootable disk: {STALE}", file=sys.stderr)
        return 1
    with lab.lock("vmm"):
        state = vmm.read_vm(lab, name) or vmm.new_vm()
        if state["memory"] not in (None, memory):
            print("vm_setup_memory: Invalid argument", file=sys.stderr)
            return 1
        state.update(memory=memory, loaded=True, active=0, suspended=False, suspending=False)
        vmm.write_vm(lab, name, state)
    return 0
