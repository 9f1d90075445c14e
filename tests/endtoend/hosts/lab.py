"""The lab as a host: each case gets a copy of one lab of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from chyves_core.lab.home import Lab
from chyves_core.lab.setup import LabChoice, environment, set_up
from tests.conftest import ROOT
from tests.endtoend.hosts.base import FIRST, SECOND, Host, install

# That of tests/captures, and of the first real host.
RELEASE = "13.2"


class LabHost(Host):
    """A lab; the folder `pattern` holds the one that is copied for each case."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.pattern = Lab(folder / "pattern")
        self.lab = self.pattern
        self.cases = 0

    def environment(self) -> dict[str, str]:
        return {**environment(self.lab), "LC_ALL": "C.UTF-8"}

    def path(self, host_path: str) -> Path:
        return self.lab.path(host_path)

    def begin(self) -> None:
        self.cases += 1
        self.lab = Lab(self.folder / f"case{self.cases}")
        shutil.copytree(self.pattern.folder, self.lab.folder, symlinks=True)

    def end(self) -> list[str]:
        left = self.left_running()
        for pid in self.run("ps", "-axo", "pid=").stdout.split():
            if int(pid) > 1:
                subprocess.run(["kill", "-KILL", pid], check=False, capture_output=True)
        return left

    def need(self, what: str) -> None:
        if what == "uefi":
            self.skip("the lab's stand-in guest runs no UEFI firmware")
        if what == "guests":
            self.run("kldload", "-n", "vmm")


def open_host(folder: Path) -> Host:
    """Return the lab of this run."""
    os.environ.pop("CHYVES_LAB", None)
    host = LabHost(folder)
    set_up(LabChoice(host.pattern.folder, pools=(FIRST, SECOND), freebsd=RELEASE), ROOT)
    install(host)
    return host
