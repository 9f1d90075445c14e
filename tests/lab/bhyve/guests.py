"""Start guests in a lab and talk to them on their consoles."""

from __future__ import annotations

import os
import select
import subprocess
import time
from pathlib import Path

from chyves_core.lab.host.nmdm import open_nmdm
from tests.conftest import LabHost

FIRMWARE = "/vm/BHYVE_UEFI.fd"
DEVICES = ("-s", "0,hostbridge", "-s", "31,lpc", "-l", "com1,/dev/nmdm50A")
BOOTABLE = b"#chyves-guest\n"


class Console:
    """The B end of a null-modem pair, as somebody at a terminal has it."""

    def __init__(self, host: LabHost, name: str = "/dev/nmdm50B") -> None:
        self.terminal = open_nmdm(host.lab, name)
        self.seen = ""

    def wait_for(self, text: str, seconds: float = 10.0) -> str:
        """Read until `text` has come and return all up to its end."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            left = deadline - time.monotonic()
            ready = select.select([self.terminal], [], [], max(0.0, left))[0]
            assert ready, f"{text!r} did not come: {self.seen!r}"
            self.seen += os.read(self.terminal, 4096).decode()
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self.terminal, f"{line}\r".encode())

    def log_in(self) -> None:
        """Wait for the login prompt and answer it."""
        self.wait_for("login: ")
        self.type("root")
        self.wait_for("# ")

    def command(self, line: str) -> list[str]:
        """Run a command of the guest's shell and return the lines that it prints."""
        self.type(line)
        self.wait_for(f"{line}\r\n")
        return self.wait_for("# ").removesuffix("# ").splitlines()

    def close(self) -> None:
        os.close(self.terminal)


def make_disk(host: LabHost, text: bytes = BOOTABLE, name: str = "disk.img") -> str:
    """Make a disk of 1 MB that begins with `text`; return its host path.

    The firmware and the driver of the consoles come with it.
    """
    host.run("kldload", "-n", "nmdm")
    folder = host.root / "vm"
    folder.mkdir(exist_ok=True)
    firmware = host.root / FIRMWARE.lstrip("/")
    if not firmware.exists():
        firmware.write_bytes(bytes(4096))
    (folder / name).write_bytes(text.ljust(1 << 20, b"\0"))
    return f"/vm/{name}"


def line(disk: str, *more: str, name: str = "web1") -> list[str]:
    """Return a usual command line of a UEFI guest."""
    firmware = ("-l", f"bootrom,{FIRMWARE}")
    return ["bhyve", "-m", "64M", *DEVICES, *firmware, "-s", f"4,virtio-blk,{disk}", *more, name]


def start(host: LabHost, argv: list[str], **extra: str) -> subprocess.Popen[str]:
    """Start bhyve in the background."""
    return subprocess.Popen(
        argv,
        env=host.environment(**extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until(condition: object, seconds: float = 10.0) -> None:
    """Wait until a function returns something true."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def vm_node(host: LabHost, name: str = "web1") -> Path:
    """Return the place of a VM's device."""
    return host.root / "dev" / "vmm" / name
