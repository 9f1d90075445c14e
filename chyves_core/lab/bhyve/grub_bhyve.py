"""grub-bhyve(8) of sysutils/grub2-bhyve: find a kernel with GRUB and put it into a VM.

The options and their texts are those of grub-core/kern/emu/main.c, the messages about the VM
those of bhyve_hostif.c (source read, not captured). Differences: menus do not wait for their
timeout, and the screen is plain lines instead of curses. As with the real one the loader ends
with 0 after `boot`, `exit` or `reboot`, and waits for ever at its prompt when its input ends.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from chyves_core.lab.bhyve import vmm
from chyves_core.lab.bhyve.grub_loaded import GrubLoad
from chyves_core.lab.bhyve.machine import Refused, memory_size
from chyves_core.lab.home import Lab
from chyves_core.lab.host.processes import forget, register

USAGE = """\
Usage: grub-bhyve [OPTION...] vmname
Try `grub-bhyve --help' or `grub-bhyve --usage' for more information.
"""
HELP = """\
Usage: grub-bhyve [OPTION...] vmname
grub-bhyve boot loader.

  -c, --cons-dev=cons-dev    a tty(4) device to use for terminal I/O
  -d, --directory=DIR        use GRUB files in the directory DIR
                             [default=/boot/grub]
  -e, --evga                 exclude VGA rows/cols from bootinfo
  -g, --grub-cfg=CFG         alternative name of grub.cfg
  -H, --hold[=SECS]          wait until a debugger will attach
  -m, --device-map=FILE      use FILE as the device map
                             [default=/boot/grub/device.map]
  -M, --memory=MBYTES        guest RAM in MB [default=256]
  -n, --ncons                disable insertion of console=ttys0
  -r, --root=DEVICE_NAME     Set root device.
  -S                         Force wiring of guest memory.
  -v, --verbose              print verbose messages.
  -?, --help                 give this help list
      --usage                give a short usage message
"""
LONG_OPTIONS = ["cons-dev=", "directory=", "evga", "grub-cfg=", "hold", "device-map=", "memory="]
LONG_OPTIONS += ["ncons", "root=", "verbose", "help", "usage"]
LONG_TO_SHORT = {"cons-dev": "c", "directory": "d", "grub-cfg": "g", "device-map": "m"}
LONG_TO_SHORT |= {"memory": "M", "ncons": "n", "root": "r", "help": "?", "usage": "?"}


class GrubLine(NamedTuple):
    """A command line of grub-bhyve; `memory` is in bytes."""

    name: str
    memory: int
    root: str
    device_map: str
    directory: str
    grub_cfg: str
    console: str | None
    adds_console: bool


class UsageError(Exception):
    """The command line cannot be used; the text goes to standard error."""


def main(arguments: list[str], lab: Lab) -> int:
    """Load a kernel into a VM and return 0, or 1 where the command line or the VM is wrong."""
    if "--help" in arguments or "-?" in arguments:
        print(HELP, end="")
        return 0
    register(lab, "grub-bhyve", " ".join(["grub-bhyve", *arguments]))
    try:
        line = read_line(arguments)
        make_vm(lab, line)
        return load(lab, line)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        forget(lab)


def read_line(arguments: list[str]) -> GrubLine:
    """Return the command line; raises UsageError with what the real one says."""
    import getopt

    try:
        options, words = getopt.gnu_getopt(arguments, "r:m:d:vH:c:eg:nM:S?", LONG_OPTIONS)
    except getopt.GetoptError as error:
        letter = f"invalid option -- '{error.opt}'" if len(error.opt) == 1 else error.msg
        raise UsageError(f"grub-bhyve: {letter}\n{USAGE}".rstrip()) from None
    given = {
        LONG_TO_SHORT.get(name.lstrip("-"), name.lstrip("-")): value for name, value in options
    }
    size = given.get("M", "256")
    try:
        memory = memory_size(size)
    except Refused:
        message = f"Invalid guest memory size `{size}'.\nError in parsing command line arguments"
        raise UsageError(message) from None
    if not words:
        raise UsageError(f"Required VM name parameter not supplied\n{USAGE}".rstrip())
    return GrubLine(
        name=words[-1],
        memory=memory,
        root=given.get("r", "host"),
        device_map=given.get("m", "/boot/grub/device.map"),
        directory=given.get("d", "/boot/grub"),
        grub_cfg=given.get("g", "grub.cfg"),
        console=given.get("c"),
        adds_console="n" not in given,
    )


def make_vm(lab: Lab, line: GrubLine) -> None:
    """Create the VM, or take one that is there and can be started again; raises UsageError."""
    from chyves_core.lab.host import modules
    from chyves_core.lab.host.state import change_host

    failed = "\nError in initializing VM"
    if not lab.is_root or not vmm.is_valid_name(line.name, lab.freebsd):
        raise UsageError(f"Could not create VM {line.name}{failed}")
    with change_host(lab) as host:
        # vm_create() of libvmmapi loads vmm.ko where it is missing.
        modules.ensure(host, "vmm", lab.freebsd)
    with lab.lock("vmm"):
        state = vmm.read_vm(lab, line.name) or vmm.new_vm()
        if vmm.is_running(state) or not vmm.can_restart(state):
            raise UsageError(f"Could not reinit VM {line.name}{failed}")
        if state["memory"] not in (None, line.memory):
            raise UsageError(f"Could not setup memory for VM{failed}")
        state.update(active=0, suspended=False, suspending=False, memory=line.memory, loaded=False)
        vmm.write_vm(lab, line.name, state)


def load(lab: Lab, line: GrubLine) -> int:
    """Run GRUB until it boots; return 0."""
    from chyves_core.lab.bhyve.grub_menu import Grub
    from chyves_core.lab.bhyve.grub_shell import GrubShell
    from chyves_core.lab.bhyve.grub_volumes import read_device_map

    lines, say = open_console(lab, line.console)
    try:
        text = lab.path_or_own(line.device_map).read_text()
    except OSError:
        text = ""
    root = line.root[1:-1] if line.root.startswith("(") else line.root
    disks = {disk: lab.path_or_own(image) for disk, image in read_device_map(text).items()}
    shell = GrubShell(
        disks | {"host": lab.root},
        say,
        root=root,
        prefix=f"({root}){line.directory}",
        adds_console=line.adds_console,
        believes=lab.settings().get("guest") != "qemu",
    )
    booted = Grub(shell, lines, f"{line.directory}/{line.grub_cfg}").serve()
    if booted is not None:
        note_loaded(lab, line.name, booted)
    return 0


def note_loaded(lab: Lab, name: str, loaded: GrubLoad) -> None:
    """Note in the VM what bhyve will find in its memory."""
    with lab.lock("vmm"):
        state = vmm.read_vm(lab, name)
        if state is not None:
            vmm.write_vm(lab, name, state | {"loaded": loaded})


def open_console(lab: Lab, device: str | None) -> tuple[Iterator[str], Callable[[str], None]]:
    """Return the lines that are typed, and a function that prints one.

    With -c they come from and go to that terminal instead of standard input and output.
    """
    if device is None:
        descriptors, end = (0, 1), "\n"
    else:
        descriptors, end = (open_terminal(lab, device),) * 2, "\r\n"

    def say(text: str) -> None:
        os.write(descriptors[1], (text + end).encode("utf-8", "replace"))

    return typed_lines(descriptors[0], echoes=device is not None), say


def open_terminal(lab: Lab, device: str) -> int:
    """Open an end of a nmdm pair, or another terminal."""
    from chyves_core.lab.host.nmdm import NAME, open_nmdm

    if NAME.fullmatch(device):
        return open_nmdm(lab, device)
    return os.open(lab.path_or_own(device), os.O_RDWR | os.O_NOCTTY)


def typed_lines(descriptor: int, *, echoes: bool) -> Iterator[str]:
    """Yield the lines that are typed; after the end of the input wait as long as a parent lives.

    The real loader waits at its prompt for ever; in the lab it ends with whoever started it.
    With `echoes` what is typed is shown and can be taken back, as a raw terminal needs it.
    """
    unread = b""
    while True:
        data = os.read(descriptor, 4096)
        if not data:
            break
        if echoes:
            os.write(descriptor, data.replace(b"\r", b"\r\n").replace(b"\x7f", b"\b \b"))
        *lines, unread = (unread + data.replace(b"\r", b"\n")).split(b"\n")
        yield from (without_taken_back(line).decode("utf-8", "replace") for line in lines)
    if unread:
        yield unread.decode("utf-8", "replace")
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)


def without_taken_back(line: bytes) -> bytes:
    """Return a typed line without the characters that a backspace took back."""
    kept = bytearray()
    for byte in line:
        if byte != 0x7F:
            kept.append(byte)
        elif kept:
            del kept[-1]
    return bytes(kept)
