"""What the cases need of a host: programs, chyves, files, and two pools of its own.

Everything that the cases make has one of these names and numbers, so that it is told from all
else on a real host: the pools chyvest1 and chyvest2, guests whose names begin with `chyvest-`,
taps, bridges and nmdms from 900 on, VNC ports from 15900 on.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from chyves_core.network.ifconfig import Interface, parse_ifconfig
from tests.conftest import ROOT

FIRST, SECOND = "chyvest1", "chyvest2"
GUESTS = "chyvest-"
BRIDGE = "bridge900"
GLOBALS = ("tap_start_offset=900", "console_start_offset=900", "uefi_vnc_port_start_offset=15900")
DEFAULTS = (f"bridge={BRIDGE}", "size=16M", "ram=64M")


class Host:
    """A host with chyves on two pools: the primary one, FIRST, and the secondary one, SECOND."""

    # How long one command may take: a real host may be an emulated machine.
    seconds: ClassVar[float] = 120

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # What the run has to say at its end.
        self.notes: list[str] = []

    # What each kind of host does in its own way.

    def environment(self) -> dict[str, str]:
        """Return the environment of every program; chyves and the host's programs are on PATH."""
        raise TypeError("a host has an environment")

    def path(self, host_path: str) -> Path:
        """Return where a file of the host lies; `host_path` is absolute, as FreeBSD names it."""
        return Path(host_path)

    def begin(self) -> None:
        """Ready the host for a case: chyves on both pools, no guests, no resources."""

    def end(self) -> list[str]:
        """Take away all that the case has left; return what must not have been left."""
        return self.left_running()

    def close(self) -> None:
        """Take away all that the run has made; fails the run where something is left."""

    def need(self, what: str) -> None:
        """Skip the case where the host lacks `what`: guests (to run any), bridge, uefi, sysrc."""

    # The same for all.

    @property
    def program(self) -> str:
        """The chyves that is tried."""
        return str(ROOT / "bin" / "chyves")

    def run(
        self, *argv: str, status: int | None = 0, given: str | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the host; another exit status than `status` fails the case."""
        done = subprocess.run(
            argv,
            env={**self.environment(), **extra},
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=self.seconds,
            check=False,
        )
        if status is not None:
            assert done.returncode == status, f"{argv}\n{done.stdout}\n{done.stderr}"
        return done

    def chyves(self, *words: str, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a chyves command."""
        return self.run(self.program, *words, status=status)

    def output(self, *words: str) -> str:
        """Return what a chyves command that succeeds prints, without the last line break."""
        return self.chyves(*words).stdout.rstrip("\n")

    def refused(self, *words: str, status: int) -> str:
        """Return the complaint of a chyves command: one line, and maybe one that helps."""
        complaint = self.chyves(*words, status=status).stderr
        assert complaint.startswith("chyves: "), complaint
        assert complaint.count("\n") <= 2, complaint
        return complaint

    def value(self, dataset: str, name: str) -> str:
        """Return one property of a dataset, as zfs tells it."""
        return self.run("zfs", "get", "-Hp", "-o", "value", name, dataset).stdout.rstrip("\n")

    def own_values(self, dataset: str) -> dict[str, str]:
        """Return the user properties that were set on a dataset itself."""
        argv = ("zfs", "get", "-Hp", "-s", "local,received", "-o", "property,value", "all", dataset)
        lines = self.run(*argv).stdout.splitlines()
        pairs = (line.partition("\t")[::2] for line in lines)
        return {name: value for name, value in pairs if ":" in name}

    def datasets(self, root: str = "") -> list[str]:
        """Return the names of all datasets and snapshots at and below `root`, or on our pools."""
        roots = (root,) if root else (FIRST, SECOND)
        argv = ("zfs", "list", "-H", "-r", "-t", "all", "-o", "name", *roots)
        return sorted(self.run(*argv).stdout.split())

    def everything(self) -> str:
        """Return all datasets on our pools with all that was set on them, sorted."""
        argv = ("zfs", "get", "-Hp", "-r", "-s", "local,received", "-t", "all")
        columns = ("-o", "name,property,value,source", "all", FIRST, SECOND)
        lines = self.run(*argv, *columns).stdout.splitlines()
        return "\n".join(sorted([*lines, *self.datasets()]))

    def interfaces(self) -> Mapping[str, Interface]:
        """Return the host's interfaces by name."""
        return parse_ifconfig(self.run("ifconfig", "-a").stdout)

    def names_in(self, host_path: str) -> set[str]:
        """Return the names in a folder of the host, none where it is not there."""
        folder = self.path(host_path)
        return {each.name for each in folder.iterdir()} if folder.is_dir() else set()

    def left_running(self) -> list[str]:
        """Return what guests of ours have on the host: VMs, taps, run folders, processes."""
        left = [f"/dev/vmm/{name}" for name in self.names_in("/dev/vmm") if is_ours(name)]
        left += [
            f"{name} ({each.description})"
            for name, each in self.interfaces().items()
            if each.description.startswith(f"chyves:{GUESTS}") or name == BRIDGE
        ]
        running = self.names_in("/var/run/chyves/guests")
        left += [f"/var/run/chyves/guests/{name}" for name in running if is_ours(name)]
        listed = self.run("ps", "-axww", "-o", "command=").stdout.splitlines()
        return left + [line for line in listed if f" {GUESTS}" in line or f"chy-{GUESTS}" in line]

    def skip(self, reason: str) -> None:
        """Skip the case with a reason."""
        pytest.skip(reason)


def is_ours(name: str) -> bool:
    """Return whether a guest, or a VM of one, is one of the cases'."""
    return name.removeprefix("chy-").startswith(GUESTS)


def install(host: Host) -> None:
    """Put chyves on both pools, with the numbers that the cases use."""
    host.chyves("dataset", FIRST, "install")
    host.chyves("dataset", SECOND, "install")
    host.chyves("global", "set", *GLOBALS)
    host.chyves("defaults", "set", *DEFAULTS)
