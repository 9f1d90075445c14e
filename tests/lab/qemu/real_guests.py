"""Labs with real guests, and the tiny ROMs of captures bhyve_run that end in one way each."""

from __future__ import annotations

import socket
import subprocess
import time

from tests.conftest import LabHost

ROM_SIZE = 4096
START = ROM_SIZE - 16
ROMS = {
    "reset": "baf90cb006ee",  # writes 6 to port 0xcf9
    "halt": "faf4",  # cli; hlt
    "triple": "fa2e660f011e00f00f0b",  # no interrupt table, then an invalid instruction
    "spin": "ebfe",
}
MACHINE = ("-A", "-H", "-P", "-m", "64M", "-s", "0,hostbridge", "-s", "31,lpc")


class QemuHost(LabHost):
    """A lab whose guests are real, with the ROMs in `roms`."""

    def rom(self, name: str) -> str:
        """Return the path of a ROM; it is made where it is missing."""
        file = self.folder / f"{name}.rom"
        image = bytearray(ROM_SIZE)
        code = bytes.fromhex(ROMS[name])
        image[START : START + len(code)] = code
        file.write_bytes(image)
        return str(file)

    def line(self, rom: str, *more: str, name: str = "vm1") -> list[str]:
        """Return a bhyve line that runs a ROM."""
        return ["bhyve", *MACHINE, *more, "-l", f"bootrom,{self.rom(rom)}", name]

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """Start a program and return it running."""
        return subprocess.Popen(
            [self.lab.bin / argv[0], *argv[1:]],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def qemu_of(self, vm: str) -> list[int]:
        """Return the living QEMU processes of a VM of this machine with that name."""
        done = subprocess.run(["ps", "-axo", "pid=,state=,args="], capture_output=True, text=True)
        found = []
        for line in done.stdout.splitlines():
            pid, state, args = line.split(None, 2)
            is_qemu = args.startswith("qemu-system") and f"guest={vm} " in args
            if is_qemu and not state.startswith("Z"):
                found.append(int(pid))
        return found

    def wait_for_qemu(self, vm: str, *, there: bool = True) -> None:
        """Wait until the QEMU of a VM runs, or is gone."""
        for _ in range(200):
            if bool(self.qemu_of(vm)) == there:
                return
            time.sleep(0.05)
        raise AssertionError(f"QEMU of {vm} is {'not there' if there else 'still there'}")

    def view(self, port: int) -> socket.socket:
        """Return a connection to a guest's VNC port, which listens a little after QEMU started."""
        for _ in range(200):
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=5)
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise AssertionError(f"nothing listens on port {port}")
