"""An easy way to run the programs of a lab in tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from chyves_core.lab.home import Lab
from chyves_core.lab.setup import LabChoice, environment, set_up

PROJECT = Path(__file__).parents[3]


class Host:
    """One lab, played by a test: `host("zfs list")` runs sh on it and returns what it printed."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.root = lab.root
        self.variables = environment(lab) | {"LC_ALL": "C"}

    def run(self, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command with sh in the lab's root; $R is the root."""
        return subprocess.run(
            ["sh", "-c", command],
            env=self.variables | {"R": str(self.root)} | variables,
            cwd=self.lab.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )

    def __call__(self, command: str) -> str:
        """Run a command that has to succeed and return what it printed."""
        done = self.run(command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, command: str, **variables: str) -> str:
        """Run a command that has to fail and return its error text."""
        done = self.run(command, **variables)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            env=self.variables | {"R": str(self.root)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def node(self, volume: str) -> Path:
        """Return the device node of a volume."""
        return Path(os.path.join(self.root, "dev/zvol", volume))


def make_host(folder: Path, freebsd: str = "14.3") -> Host:
    """Return a lab with the pools zroot and tank."""
    return Host(set_up(LabChoice(folder, pools=("zroot", "tank"), freebsd=freebsd), PROJECT))
