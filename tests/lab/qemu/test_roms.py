"""The boot ROM that talks, on a CPU that QEMU emulates: the real hosts run it unseen."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.endtoend.roms import GREETING, ROMS

QEMU = "qemu-system-x86_64"


@pytest.mark.skipif(shutil.which(QEMU) is None, reason=f"this machine has no {QEMU}")
def test_the_rom_greets_at_each_key_and_ends_at_r(tmp_path: Path) -> None:
    """QEMU wants 64 KiB; what counts is what stands at the end."""
    rom = tmp_path / "talk.rom"
    rom.write_bytes(ROMS["talk.rom"].rjust(65536, b"\0"))
    words = ["-machine", "pc,accel=tcg", "-bios", str(rom), "-m", "64", "-display", "none"]
    words += ["-nodefaults", "-monitor", "none", "-serial", "stdio", "-no-reboot"]
    with subprocess.Popen([QEMU, *words], stdin=-1, stdout=-1) as qemu:
        assert qemu.stdin and qemu.stdout
        for key in b"", b"x", b"y":
            qemu.stdin.write(key)
            qemu.stdin.flush()
            assert qemu.stdout.read(len(GREETING)) == GREETING.encode()
        rest, _ = qemu.communicate(b"r", timeout=60)
    assert (rest, qemu.returncode) == (b"", 0)
