"""The machine with the real OpenZFS (tests/vm): zfs and zpool are its own, all else is the lab's.

`make test-vm` runs the cases there. The lab's files lie where the host's do: its root is the
root of that machine, for which nothing that happens in it is kept.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from chyves_core.lab.home import Lab
from chyves_core.lab.setup import LabChoice, environment, set_up
from tests.conftest import ROOT
from tests.endtoend.hosts.base import FIRST, SECOND, Host
from tests.endtoend.hosts.pools import HostWithPools

# Says that this is that machine, which goes for good when the cases have ended.
JOB = Path("/job/command")
IMAGES = Path("/pools")
SIZE = 8 << 30
RELEASE = "15.0"
# What zfs and zpool do that changes no volume.
READING = (("get",), ("list",))


class VmHost(HostWithPools):
    """A lab without zfs and zpool, on pools that lie in files."""

    # Emulated.
    seconds: ClassVar[float] = 900

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lab = Lab(folder / "lab")
        self.lab.folder.mkdir()
        self.lab.root.symlink_to("/")
        set_up(LabChoice(self.lab.folder, pools=(), freebsd=RELEASE), ROOT)
        for name in ("zfs", "zpool"):
            (self.lab.bin / name).unlink()

    def environment(self) -> dict[str, str]:
        return {**environment(self.lab), "LC_ALL": "C.UTF-8"}

    def make_devices(self) -> Mapping[str, str]:
        for name in (FIRST, SECOND):
            with open(IMAGES / name, "wb") as image:
                image.truncate(SIZE)
        return {name: str(IMAGES / name) for name in (FIRST, SECOND)}

    def remove_devices(self) -> None:
        for name in (FIRST, SECOND):
            (IMAGES / name).unlink(missing_ok=True)

    def run(
        self, *argv: str, status: int | None = 0, given: str | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        done = super().run(*argv, status=status, given=given, **extra)
        if argv[1:2] not in READING:
            # Linux makes the device nodes of volumes some time after the command.
            subprocess.run(["udevadm", "settle"], check=True)
        return done

    def end(self) -> list[str]:
        # No guest runs here, so there is nothing else to take away.
        self.wipe()
        return []

    def close(self) -> None:
        self.remove_pools()

    def need(self, what: str) -> None:
        if what in ("guests", "uefi"):
            self.skip("guests run in the lab; this machine is for what is stored")


def open_host(folder: Path) -> Host:
    """Return this machine; never another one."""
    if not JOB.exists():
        pytest.skip("make test-vm runs this, in the machine with OpenZFS")
    return VmHost(folder)
