"""The stand-in guest: it takes the place of a real one where nothing can run one.

It shows a boot banner and `login:` on com1, knows a few commands (shell.py), heeds the power
button once it is up, and does what a script on its boot medium says (media.py).
CHYVES_LAB_GUEST_ACPI=off in bhyve's environment makes every guest ignore the power button.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from chyves_core.lab.bhyve import media
from chyves_core.lab.bhyve.console import Console
from chyves_core.lab.bhyve.failures import Crash
from chyves_core.lab.bhyve.firmware import (
    SHELL_GREETING,
    TALK_KEYS,
    rom_action,
    rom_greeting,
    run_uefi_command,
)
from chyves_core.lab.bhyve.framebuffer import GREETING
from chyves_core.lab.bhyve.machine import Machine
from chyves_core.lab.bhyve.opening import OpenDevices
from chyves_core.lab.bhyve.shell import Shell, greeting
from chyves_core.lab.home import Lab
from chyves_core.lab.host.processes import register

ROM_STATUS = {"reset": 0, "poweroff": 1, "halt": 2, "unhandled port": 2, "triple fault": 3}
SCRIPT_STATUS = {"reboot": 0, "poweroff": 1, "halt": 2, "triple": 3, "error": 4}
ORDER_STATUS = {"poweroff": 1, "reset": 0, "destroy": 1}
LAB_LOOK = 5.0
"""Seconds after which an idle guest looks whether its lab's folder is still there."""

LAB_IS_GONE = 4
DESTROYED = "vm_run error -1, errno 6"
WAITING, FIRMWARE, BOOTING, LOGIN, SHELL, HANGING, STOPPING, TALKING = range(8)


def run_standin(machine: Machine, lab: Lab, opened: OpenDevices, orders: int) -> int:
    """Run the guest until it ends and return bhyve's status; raises Crash where a signal ends it.

    `orders` is the descriptor on which bhyvectl(8)'s wishes come.
    """
    with _raw_terminal(opened), _signals() as signals:
        guest = Guest(machine, lab, opened)
        status = guest.begin()
        while status is None:
            status = guest.step(orders, signals)
        guest.remember_end(status)
        return status


@contextlib.contextmanager
def _raw_terminal(opened: OpenDevices) -> Iterator[None]:
    """Set a terminal that is the guest's console raw as long as the guest runs."""
    import termios
    import tty

    console = opened.consoles.get(1)
    if console is None or not os.isatty(console[0]) or console[0] == console[1]:
        yield
        return
    before = termios.tcgetattr(console[0])
    tty.setraw(console[0])
    try:
        yield
    finally:
        termios.tcsetattr(console[0], termios.TCSAFLUSH, before)


@contextlib.contextmanager
def _signals() -> Iterator[int]:
    """Yield a descriptor that becomes readable with each SIGTERM; SIGINT acts by default."""
    source, target = os.pipe()
    os.set_blocking(target, False)
    signal.set_wakeup_fd(target, warn_on_full_buffer=False)
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield source
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.set_wakeup_fd(-1)


class Guest:
    """A guest between its first instruction and its end."""

    def __init__(self, machine: Machine, lab: Lab, opened: OpenDevices) -> None:
        self.machine, self.lab = machine, lab
        self.consoles = [Console(*pair) for _, pair in sorted(opened.consoles.items())]
        self.com1 = self.consoles[0] if 1 in opened.consoles else Console(-1, -1)
        self.com1.is_open = 1 in opened.consoles
        self.viewer = opened.viewer
        self.viewers: list[socket.socket] = []
        self.shell = Shell(machine, lab, time.monotonic())
        self.script = media.Script()
        self.stage = WAITING
        self.alarm: float | None = None
        self.has_acpi = False

    def begin(self) -> int | None:
        """Start the CPUs, unless the guest waits for a viewer or a debugger first."""
        waits = any(device.option("wait") for device in self.machine.devices)
        if (waits and self.viewer is not None) or "gdb.wait" in self.machine.config:
            return None
        return self._power_on()

    def _power_on(self) -> int | None:
        register(self.lab, "bhyve", f"bhyve: {self.machine.name}", titled=True)
        if self.machine.bootrom is not None:
            action = rom_action(self.machine.bootrom, self.lab)
            if action != "uefi":
                return self._run_tiny_rom(action)
        medium = media.boot_medium(self.machine, self.lab)
        if medium is None and self.machine.bootrom is not None:
            self.stage = FIRMWARE
            self.com1.write(f"{SHELL_GREETING}Shell> ")
            return None
        return self._boot(medium)

    def _run_tiny_rom(self, action: str) -> int | None:
        self.stage = HANGING
        if action == "talk":
            self.stage = TALKING
            self._greet()
        if action == "unhandled port" and "e" in self.machine.flags:
            raise Crash(signal.SIGABRT, "Unhandled inb 0x1234 at 0xfff3")
        return ROM_STATUS.get(action)

    def _greet(self) -> None:
        self.com1.write(rom_greeting(self.machine.bootrom or "", self.lab))

    def _talk(self, keys: str) -> int | None:
        for key in keys:
            if key in TALK_KEYS:
                return TALK_KEYS[key]
            self._greet()
        return None

    def _boot(self, medium: media.Disk | None) -> int | None:
        self.script = media.read_script(medium.file) if medium else media.Script()
        self.com1.write(greeting(self.machine))
        boot, stage = self.script.boot, BOOTING
        if boot == "hang":
            stage = HANGING
        elif boot == "reboot" and self.boots() >= self.script.times:
            boot = ""
        self.stage = stage
        if boot in SCRIPT_STATUS:
            return SCRIPT_STATUS[boot]
        if stage == BOOTING:
            self.alarm = time.monotonic() + self.script.delay
        return None

    def step(self, orders: int, signals: int) -> int | None:
        """Wait for the next thing to happen and let the guest react; return a status at its end."""
        sources = [console.source for console in self.consoles if console.is_open]
        listener = [self.viewer.fileno()] if self.viewer else []
        patience = LAB_LOOK
        if self.alarm is not None:
            patience = min(LAB_LOOK, max(0.0, self.alarm - time.monotonic()))
        ready, _, _ = select.select([*sources, orders, signals, *listener], [], [], patience)
        if not ready and not self.lab.settings_file.exists():
            os._exit(LAB_IS_GONE)
        if signals in ready:
            os.read(signals, 64)
            self._power_button()
        if orders in ready:
            status = self._obey(os.read(orders, 4096).decode().split())
            if status is not None:
                return status
        if self.viewer is not None and self.viewer.fileno() in ready:
            status = self._greet_viewer(self.viewer)
            if status is not None:
                return status
        return self._serve_consoles(ready) if sources or self.alarm is not None else None

    def _serve_consoles(self, ready: list[int]) -> int | None:
        if self.alarm is not None and time.monotonic() >= self.alarm:
            self.alarm = None
            if self.stage == STOPPING:
                return 1
            self._show_login()
        for console in self.consoles:
            if console.source not in ready:
                continue
            if self.stage == TALKING and console is self.com1:
                return self._talk(console.read_keys())
            for line in console.read_lines():
                status = self._take_line(line) if console is self.com1 else None
                if status is not None:
                    return status
        return None

    def _show_login(self) -> None:
        self.stage = LOGIN
        self.has_acpi = self.script.acpi and os.environ.get("CHYVES_LAB_GUEST_ACPI") != "off"
        self.com1.write(f"\n{self.machine.name} (com1)\n\nlogin: ")

    def _take_line(self, line: str) -> int | None:
        if self.stage == FIRMWARE:
            output, status = run_uefi_command(line)
            self.com1.write(output + ("Shell> " if status is None else ""))
            return status
        if self.stage == LOGIN:
            self.stage = SHELL if line.strip() else LOGIN
            self.com1.write("# " if line.strip() else "login: ")
        elif self.stage == SHELL:
            return self._run_command(line)
        return None

    def _run_command(self, line: str) -> int | None:
        if line.strip() in ("exit", "logout"):
            self._show_login()
            return None
        output, status = self.shell.run(line)
        self.com1.write(output + ("# " if status is None else ""))
        return status

    def _power_button(self) -> None:
        """Shut down where ACPI is on; before that SIGTERM kills bhyve (captures sp-term)."""
        if self.stage == STOPPING:
            return
        if self.has_acpi:
            self.com1.write("\nacpi: power button pressed, shutting down\n")
            self.stage = STOPPING
            self.alarm = time.monotonic() + self.script.shutdown
        elif self.stage not in (LOGIN, SHELL):
            raise Crash(signal.SIGTERM)

    def _obey(self, orders: list[str]) -> int | None:
        for order in orders:
            if order == "destroy":
                print(DESTROYED, file=sys.stderr, flush=True)
            if order in ORDER_STATUS:
                return ORDER_STATUS[order]
        return None

    def _greet_viewer(self, listener: socket.socket) -> int | None:
        with contextlib.suppress(OSError):
            viewer, _ = listener.accept()
            viewer.sendall(GREETING)
            self.viewers = [*self.viewers[-3:], viewer]
        return self._power_on() if self.stage == WAITING else None

    def boots(self) -> int:
        """Return how often the guest has rebooted since it was last switched on."""
        try:
            return int(self._counter().read_text())
        except FileNotFoundError:
            return 0

    def remember_end(self, status: int) -> None:
        """Count a reboot; every other end starts the count anew."""
        counter = self._counter()
        if status != 0:
            counter.unlink(missing_ok=True)
            return
        boots = self.boots() + 1
        counter.parent.mkdir(parents=True, exist_ok=True)
        counter.write_text(str(boots))

    def _counter(self) -> Path:
        name = self.machine.name.replace("/", "%")[:200]
        return self.lab.run / "guests" / f"{name}.boots"
