"""QEMU's machine protocol (QMP): one JSON object a line over a socket."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

PM1_ENABLE = 0x602
"""I/O port of q35's PM1a enable register: its bit PWRBTN_EN is set by an operating system that
heeds the power button. SCI_EN, at which bhyve looks, would not do: OVMF sets that by itself."""

PWRBTN_EN = 0x100
UNMAPPED = 0xFFFF


class Monitor:
    """The commands that the lab gives to a running QEMU, and what QEMU said so far.

    `end_reason` is why the guest stopped: "guest-shutdown", "guest-reset", "host-signal", … or
    None. Answers arrive with `read()`; nothing here waits.
    """

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self.ready = False
        self.viewer_came = False
        self.end_reason: str | None = None
        self.answers: dict[str, str] = {}
        self._unread = b""
        self._command("qmp_capabilities")

    def read(self) -> bool:
        """Take in what QEMU wrote; return False when it has closed the connection."""
        try:
            data = self.channel.recv(65536)
        except ConnectionResetError:
            data = b""
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._take(json.loads(line))
        return bool(data)

    def _take(self, message: dict[str, Any]) -> None:
        event = message.get("event")
        if event == "SHUTDOWN":
            self.end_reason = message["data"]["reason"]
        elif event in ("VNC_CONNECTED", "VNC_INITIALIZED"):
            self.viewer_came = True
        elif message.get("id") == "qmp_capabilities":
            self.ready = True
        elif isinstance(message.get("return"), str):
            self.answers[message["id"]] = message["return"]

    def _command(self, name: str, answer: str | None = None, **arguments: str) -> None:
        """Send one command; `answer` names the place in `answers` for what comes back."""
        request = {"execute": name, "arguments": arguments, "id": answer or name}
        try:
            self.channel.sendall(json.dumps(request).encode() + b"\n")
        except OSError:
            # QEMU is ending; read() finds that out.
            self.ready = False

    def set_vnc_password(self, password: str) -> None:
        """Let viewers in with this password; as with bhyve only its first 8 bytes count."""
        self._command("set_password", protocol="vnc", password=password)

    def run_guest(self) -> None:
        """Let a guest run that was started with -S."""
        self._command("cont")

    def press_power_button(self) -> None:
        """Press the ACPI power button."""
        self._command("system_powerdown")

    def inject_nmi(self) -> None:
        """Give the guest a non-maskable interrupt."""
        self._command("inject-nmi")

    def ask_whether_acpi_is_on(self) -> None:
        """Ask; `acpi_is_on()` knows when the answer is there."""
        self._human("acpi", f"i /h {PM1_ENABLE:#x}")

    def acpi_is_on(self) -> bool | None:
        """Return whether the guest has switched ACPI on, None while that is not known."""
        answer = self.answers.pop("acpi", None)
        if answer is None:
            return None
        found = re.search(r"= 0x([0-9a-f]+)", answer)
        register = int(found[1], 16) if found else UNMAPPED
        return register != UNMAPPED and bool(register & PWRBTN_EN)

    def ask_whether_halted(self) -> None:
        """Ask; `is_halted()` knows when the answer is there."""
        self._human("registers", "info registers -a")

    def is_halted(self) -> bool:
        """Return whether every CPU waits, with interrupts off, for what will never come."""
        return all_cpus_halted(self.answers.pop("registers", ""))

    def _human(self, answer: str, command: str) -> None:
        self._command("human-monitor-command", answer, **{"command-line": command})


def all_cpus_halted(registers: str) -> bool:
    """Return whether `info registers -a` shows each CPU in HLT with the interrupt flag clear."""
    flags = re.findall(r"(?:RFL|EFL)=([0-9a-f]+).*?HLT=([01])", registers)
    return bool(flags) and all(
        halted == "1" and not int(value, 16) & 0x200 for value, halted in flags
    )
