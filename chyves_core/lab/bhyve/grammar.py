"""bhyve as a checker: what a command line means, and whether a release takes it, run by nobody.

    config_tree(["-c", "2", "-k", "web1.conf", "web1"])     {"cpus": "2", …}, as config.dump=1
    check_line(["-s", "4,virtio-blk,/d,ser=X", "web1"], (12, 2))      raises Refused

Files, taps and ports of the host are not looked at, but for the files of `-k` and `-f`, which
`locate` finds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chyves_core.lab.bhyve.checks import (
    check_booleans,
    check_boot,
    check_bridge,
    check_device,
    check_nodes,
    check_ports,
    check_tables,
)
from chyves_core.lab.bhyve.failures import Crash, DeviceFailed
from chyves_core.lab.bhyve.lpc import check_tpm
from chyves_core.lab.bhyve.machine import Machine, parse
from chyves_core.lab.bhyve.options import read_command_line
from chyves_core.lab.bhyve.refused import Refused
from chyves_core.lab.bhyve.releases import Release, error_status
from chyves_core.lab.bhyve.vmm import is_valid_name

PAGE = 4096
CAPTURED: Release = (13, 2)
"""The release of the captures."""


def config_tree(
    arguments: list[str], freebsd: Release = CAPTURED, locate: Callable[[str], Path] = Path
) -> dict[str, str]:
    """Return every variable that bhyve's arguments set, by its full name, as they were given.

    The order is that of `-o config.dump=1`, and so are the values: references to other variables
    are not replaced. Raises Refused for a line that bhyve does not get to the end of.
    """
    return dict(read_command_line(arguments, freebsd, locate).lines())


def check_line(
    arguments: list[str], freebsd: Release = CAPTURED, locate: Callable[[str], Path] = Path
) -> Machine:
    """Return the machine that a line describes; raises Refused with what bhyve prints, and status.

    Where bhyve crashes instead, the status is that of sh: 128 and the signal.
    """
    try:
        machine = parse(arguments, freebsd, locate)
        _check_machine(machine, freebsd)
    except Crash as crash:
        raise Refused(crash.text, 128 + crash.signal_number) from None
    except DeviceFailed as failed:
        refusal = failed.refusal(freebsd)
        raise Refused(refusal.message, refusal.status, failed.output.rstrip("\n")) from None
    except Refused as refused:
        if refused.status != 4:
            raise
        raise Refused(refused.message, error_status(freebsd), refused.output) from None
    return machine


def _check_machine(machine: Machine, freebsd: Release) -> None:
    """Go through the machine in the order in which bhyve starts it."""
    if not is_valid_name(machine.name, freebsd):
        raise Refused("vm_create: Invalid argument", 4)
    if machine.memory == 0 or machine.memory % PAGE:
        raise Refused("Unable to setup memory (22)", 4)
    check_booleans(machine)
    check_nodes(machine, freebsd)
    bridges = frame_buffers = 0
    for device in machine.devices:
        if device.emulation == "lpc":
            check_bridge(device, bool(bridges))
            check_ports(machine)
            bridges += 1
        elif device.emulation == "fbuf":
            if frame_buffers:
                raise DeviceFailed(["Only one frame buffer device is allowed."])
            frame_buffers += 1
        check_device(device, machine, freebsd)
    check_tpm(machine.config, freebsd)
    check_boot(machine)
    check_tables(machine)
