"""Run a bhyve machine in QEMU, and end as bhyve(8) would.

The lab's bhyve stays as QEMU's parent: it holds the QMP socket and sleeps. Nothing is left
behind whichever of the two is killed: a `sh` that waits on a pipe kills QEMU when bhyve has
died of SIGKILL, and the files that QEMU needs beside the guest's disks have no names.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from typing import IO

from chyves_core.lab.bhyve.grub_loaded import loaded_kernel
from chyves_core.lab.bhyve.machine import Machine
from chyves_core.lab.bhyve.qemu_arguments import (
    QEMU,
    QemuFiles,
    qemu_arguments,
    vnc_password,
    waits_for_debugger,
    waits_for_viewer,
)
from chyves_core.lab.bhyve.qemu_devices import NICS, CannotEmulateError, Plug, net_mac
from chyves_core.lab.bhyve.qemu_firmware import firmware_for, nameless_file
from chyves_core.lab.bhyve.qemu_monitor import Monitor
from chyves_core.lab.bhyve.vmm import orders_file
from chyves_core.lab.bhyve.wires import Wire, carry, hang_up
from chyves_core.lab.home import Lab
from chyves_core.lab.host.interfaces import TAPS
from chyves_core.lab.host.nmdm import NAME, open_nmdm

RESET, POWER_OFF, HALT, TRIPLE_FAULT, FAILED = 0, 1, 2, 3, 4
"""bhyve(8), EXIT STATUS."""

LOOK_FOR_HALT = 1.0
"""Seconds without an event after which the CPUs are looked at: QEMU tells nobody of a halt."""


def run(machine: Machine, lab: Lab) -> int:
    """Run the machine until its guest ends and return bhyve's exit status.

    SIGTERM presses the guest's power button; a guest that has not switched ACPI on is killed,
    and this process dies of the signal, as bhyve does (captures bhyve_run sp-term). What QEMU
    refuses is status 4 with QEMU's words on standard error.
    """
    descriptors: list[int] = []
    ours, theirs = socket.socketpair()
    descriptors.append(theirs.detach())
    wires: list[Wire] = []
    try:
        wires += _wires(machine, lab, descriptors)
        arguments, log = _plan(machine, lab, descriptors, wires)
    except (CannotEmulateError, OSError) as reason:
        print(f"bhyve: {reason}", file=sys.stderr)
        hang_up(wires)
        return FAILED
    with tempfile.TemporaryFile() as words:
        guest = _start(machine, lab, arguments, descriptors, words)
        try:
            carry(wires)
            status = guest.watch(Monitor(ours))
        finally:
            guest.end()
            hang_up(wires)
        if status == RESET and b"Triple fault" in _content(log):
            status = TRIPLE_FAULT
        if status == FAILED:
            words.seek(0)
            sys.stderr.write(words.read().decode(errors="replace"))
    if guest.killed_by_signal:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
    return status


def _wires(machine: Machine, lab: Lab, descriptors: list[int]) -> list[Wire]:
    """Return the wires of the machine's taps; QEMU's ends go into `descriptors`."""
    wires = [
        Wire(lab, device.options[0], net_mac(device, machine.name))
        for device in machine.devices
        if device.emulation in NICS and device.options[0].startswith(TAPS)
    ]
    descriptors += [wire.qemu.fileno() for wire in wires]
    return wires


def _plan(
    machine: Machine, lab: Lab, descriptors: list[int], wires: list[Wire]
) -> tuple[list[str], int]:
    """Return QEMU's arguments and its log; what QEMU shall inherit goes into `descriptors`."""
    if shutil.which(QEMU) is None:
        raise CannotEmulateError(f"{QEMU} is not installed")
    log = nameless_file(b"", descriptors)
    log_descriptor = descriptors[-1]
    files = QemuFiles(
        locate=lab.path_or_own,
        firmware=firmware_for(
            lab.path_or_own(machine.bootrom) if machine.bootrom else None,
            lab.path_or_own(machine.bootvars) if machine.bootvars else None,
            lambda content: nameless_file(content, descriptors),
        ),
        loaded=None if machine.bootrom else loaded_kernel(lab, machine.name, descriptors),
        terminals=_terminals(machine, lab),
        monitor=descriptors[0],
        log=log,
        plugs={wire.tap: Plug(wire.qemu.fileno(), wire.outside) for wire in wires},
    )
    return qemu_arguments(machine, files), log_descriptor


def _terminals(machine: Machine, lab: Lab) -> dict[int, str]:
    """Open the nmdm end of each com port, which makes the pair, and return their terminals.

    They stay open as long as bhyve lives, so that the pair outlives QEMU's own start and end.
    """
    terminals: dict[int, str] = {}
    for number, backend in machine.com.items():
        if NAME.fullmatch(backend):
            terminals[number] = os.ttyname(open_nmdm(lab, backend))
        elif backend.startswith("/"):
            terminals[number] = str(lab.path_or_own(backend))
    return terminals


def _start(
    machine: Machine, lab: Lab, arguments: list[str], descriptors: list[int], words: IO[bytes]
) -> _Guest:
    """Start QEMU under guard."""
    on_terminal = "stdio" in machine.com.values()
    process, gate = start_behind_gate(arguments, descriptors, words, on_terminal=on_terminal)
    # The FIFO that bhyvectl writes to was made when the CPUs were activated.
    orders = os.open(orders_file(lab, machine.name), os.O_RDWR | os.O_NONBLOCK)
    guest = _Guest(machine, process, orders)
    os.write(gate, b"go\n")
    os.close(gate)
    # QEMU's end of the QMP socket: when QEMU alone has it, its end is the end of QEMU.
    os.close(descriptors[0])
    return guest


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


class _Guest:
    """QEMU, the process that guards it, and what is wanted of them."""

    def __init__(self, machine: Machine, process: subprocess.Popen[bytes], orders: int) -> None:
        self.machine = machine
        self.process = process
        self.orders = orders
        self.guard, self.guard_pipe = start_guard(process.pid)
        self.killed_by_signal = False
        self.terminated = False
        self.waking, wake = socket.socketpair()
        self.waking.setblocking(False)
        wake.setblocking(False)
        self.wake = wake
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        self.terminated = True

    def watch(self, monitor: Monitor) -> int:
        """Serve the guest until QEMU has ended; return bhyve's status."""
        password = vnc_password(self.machine)
        stopped = not waits_for_debugger(self.machine)
        needs_viewer = waits_for_viewer(self.machine)
        sources: list[socket.socket | int] = [monitor.channel, self.waking, self.orders]
        status: int | None = None
        while status is None:
            ready, _, _ = select.select(sources, [], [], LOOK_FOR_HALT)
            if self.waking in ready:
                self.waking.recv(64)
            if monitor.channel in ready and not monitor.read():
                return _status(monitor, self.end(patience=2))
            if monitor.ready and password:
                monitor.set_vnc_password(password)
                password = None
            if monitor.ready and stopped and (monitor.viewer_came or not needs_viewer):
                monitor.run_guest()
                stopped = False
            if monitor.ready and not ready:
                monitor.ask_whether_halted()
            status = self._status_by_halt_or_signal(monitor)
            if self.orders in ready and status is None:
                status = self._status_by_order(monitor)
        return status

    def _status_by_halt_or_signal(self, monitor: Monitor) -> int | None:
        """Return the status of an end that is not QEMU's own doing, None while it runs on."""
        if monitor.is_halted():
            return HALT
        if self.terminated and monitor.ready:
            self.terminated = False
            monitor.ask_whether_acpi_is_on()
        acpi_is_on = monitor.acpi_is_on()
        if acpi_is_on:
            monitor.press_power_button()
        elif acpi_is_on is False or self.terminated:
            self.killed_by_signal = True
            return 128 + signal.SIGTERM
        return None

    def _status_by_order(self, monitor: Monitor) -> int | None:
        """Do what bhyvectl(8) asked for (captures bhyve_run sp-destroy, sp-poweroff, sp-reset)."""
        for order in os.read(self.orders, 4096).decode().split():
            if order == "destroy":
                print("vm_run error -1, errno 6", file=sys.stderr)
                return POWER_OFF
            if order == "poweroff":
                return POWER_OFF
            if order == "reset":
                return RESET
            monitor.inject_nmi()
        return None

    def end(self, patience: float = 0) -> int:
        """Make sure that QEMU, after `patience` seconds, and its guard are gone.

        Returns QEMU's status, negative where a signal ended it.
        """
        if self.guard.returncode is None:
            # The guard first: it must not outlive the process whose number it knows.
            self.guard.kill()
            self.guard.wait()
            os.close(self.guard_pipe)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(patience)
        self.process.kill()
        return self.process.wait()


def start_behind_gate(
    arguments: list[str], descriptors: list[int], words: IO[bytes], *, on_terminal: bool
) -> tuple[subprocess.Popen[bytes], int]:
    """Start QEMU, which runs as soon as a line is written to the returned descriptor.

    Should this process die before, the gate stays shut and QEMU never runs.
    """
    gate_out, gate_in = os.pipe()
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _ <"$0" && exec "$@"', f"/dev/fd/{gate_out}", *arguments],
        stdin=None if on_terminal else subprocess.DEVNULL,
        stderr=words,
        pass_fds=[*descriptors, gate_out],
        start_new_session=not on_terminal,
    )
    os.close(gate_out)
    return process, gate_in


def start_guard(pid: int) -> tuple[subprocess.Popen[bytes], int]:
    """Start the process that kills `pid` when this one ends without having said good-bye."""
    pipe_out, pipe_in = os.pipe()
    guard = subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; kill -KILL "$0"', str(pid)],
        stdin=pipe_out,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(pipe_out)
    return guard, pipe_in


def _status(monitor: Monitor, ended_with: int) -> int:
    if monitor.end_reason == "guest-reset":
        return RESET
    if monitor.end_reason == "guest-shutdown":
        return POWER_OFF
    if monitor.end_reason or ended_with < 0:
        print(f"bhyve: {QEMU} was ended from outside", file=sys.stderr)
    return FAILED
