"""A real FreeBSD host: pools on memory disks, taps, bridges and guests of its own, all removed.

Nothing of the host that these cases did not make is touched: they do not run where chyves is on
another pool, and hosts/guard.sh stands before the programs that change something.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from chyves_core.host import Host as ChyvesHost
from tests.endtoend.hosts.base import BRIDGE, FIRST, GUESTS, SECOND, Host, is_ours
from tests.endtoend.hosts.found import Found, below, look
from tests.endtoend.hosts.pools import HostWithPools, remove_empty

LABEL = "chyvest"
UNITS = {FIRST: "901", SECOND: "902"}
SIZE = "1g"
PROGRAMS = ("zfs", "zpool", "mdconfig", "ifconfig", "kldload", "kldstat", "sysctl", "daemon", "ps")
GUARDED = ("zfs", "zpool", "ifconfig", "bhyvectl", "kill")
USUAL_PATH = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
FIRMWARE = "/usr/local/share/uefi-firmware/BHYVE_UEFI.fd"
# Device nodes and interfaces can go some seconds after the command that removes them.
PATIENCE = 60.0


class FreeBsdHost(HostWithPools):
    """The host that this runs on; `before` is how it was found."""

    seconds: ClassVar[float] = 900

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files = ChyvesHost()
        self.guard: dict[str, str] = {}
        self.before: Found | None = None
        self.lacking: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        own_path = os.environ.get("PATH", USUAL_PATH)
        names = {**os.environ, "PATH": f"{own_path}:{USUAL_PATH}", "CHYVES_PYTHON": sys.executable}
        if self.guard:
            names |= {**self.guard, "GUARD_PATH": names["PATH"]}
            names["PATH"] = f"{self.folder}/guard:{names['PATH']}"
        return names

    def path(self, host_path: str) -> Path:
        return self.files.path(host_path)

    def make_devices(self) -> Mapping[str, str]:
        for unit in UNITS.values():
            self.run("mdconfig", "-a", "-t", "swap", "-s", SIZE, "-u", unit, "-L", LABEL)
        return {pool: f"md{unit}" for pool, unit in UNITS.items()}

    def remove_devices(self) -> None:
        for name in self.own_disks():
            self.patiently("mdconfig", "-d", "-u", name.removeprefix("md"))

    def own_disks(self) -> list[str]:
        """Return the memory disks that a run of ours has made."""
        return labelled(self.run("mdconfig", "-l", "-v").stdout)

    def patiently(self, *argv: str) -> None:
        """Run a program again and again until it succeeds: what it is about is still busy."""
        deadline = time.monotonic() + PATIENCE
        while self.run(*argv, status=None).returncode != 0:
            if time.monotonic() > deadline:
                self.run(*argv)
            time.sleep(0.5)

    def end(self) -> list[str]:
        left = self.left_running()
        if left:
            self.clear_running()
        self.wipe()
        return left

    def close(self) -> None:
        self.remove()
        if self.before is None:
            return
        deadline = time.monotonic() + PATIENCE
        while (left := self.before.left(look(self))) and time.monotonic() < deadline:
            time.sleep(1.0)
        log = Path(self.guard["GUARD_LOG"])
        reached = log.read_text().splitlines() if log.exists() else []
        left += [f"tried on what is not ours: {line}" for line in reached]
        loaded = sorted(look(self).modules - self.before.modules)
        if loaded:
            self.notes.append(f"loaded by this run, and left loaded: {' '.join(loaded)}")
        if left:
            pytest.fail("the host is not as it was found:\n  " + "\n  ".join(left))

    def remove(self) -> None:
        """Take away all that this run has made, or that an interrupted one has left."""
        before = self.before
        interrupted = before is None and bool(self.own_disks())
        self.clear_running()
        self.remove_pools()
        known = before.lists["/var/run/chyves"] if before else frozenset()
        for name in sorted(below(self, "/var/run/chyves") - known, reverse=True):
            file = self.path(f"/var/run/chyves/{name}")
            if file.is_file() and (before or interrupted):
                file.unlink()
        for folder in ("/var/run/chyves", "/chyves"):
            if interrupted or (before and not before.lists[folder]):
                remove_empty(self.path(folder))
        if before:
            # Where there was none, it came with its module, whose default is 0 (tap(4)).
            setting = f"net.link.tap.up_on_open={before.up_on_open or '0'}"
            self.run("sysctl", setting, status=0 if before.up_on_open else None)

    def clear_running(self) -> None:
        """End every guest of ours that runs, and take away its VM and its interfaces."""
        listed = self.run("ps", "-axww", "-o", "pid=", "-o", "command=").stdout.splitlines()
        for line in listed:
            pid, _, command = line.strip().partition(" ")
            if re.search(rf" chy-{GUESTS}\S+( {GUESTS}\S+| \(bhyve\))?$", command):
                self.run("kill", "-KILL", pid, status=None)
        for name in self.names_in("/dev/vmm"):
            if is_ours(name):
                self.run("bhyvectl", f"--vm={name}", "--destroy", status=None)
        for name, each in self.interfaces().items():
            made = each.description.startswith((f"chyves:{GUESTS}", GUESTS))
            if made or (name == BRIDGE and each.description == f"chyves:{BRIDGE}"):
                self.run("ifconfig", name, "destroy", status=None)
        for name in self.names_in("/var/run/chyves/guests"):
            if is_ours(name):
                shutil.rmtree(self.path(f"/var/run/chyves/guests/{name}"), ignore_errors=True)

    def need(self, what: str) -> None:
        if what not in self.lacking:
            self.lacking[what] = getattr(self, f"lacks_{what.replace('-', '_')}")()
        if self.lacking[what]:
            self.skip(self.lacking[what])

    def lacks_guests(self) -> str:
        """Return why no guest can run here, empty where one can."""
        return self.lacks_modules() or self.lacks_vmm() or self.lacks_bridge()

    def lacks_modules(self) -> str:
        """Return why nmdm, bridges and taps can't be loaded."""
        for module in ("vmm", "nmdm", "if_bridge", "if_tuntap"):
            done = self.run("kldload", "-n", module, status=None)
            if done.returncode != 0:
                return f"{module} can't be loaded: {words_of(done)}"
        return ""

    def lacks_vmm(self) -> str:
        """Return why no VM can be made: the CPU may lack what bhyve needs."""
        name = f"chy-{GUESTS}probe"
        done = self.run("bhyvectl", "--create", f"--vm={name}", status=None)
        if done.returncode != 0:
            return f"no VM can be made: {words_of(done)}"
        self.run("bhyvectl", "--destroy", f"--vm={name}")
        return ""

    def lacks_sysrc(self) -> str:
        """Return why rc.conf can't be read; a small host may lack the library of sysrc(8), too."""
        if shutil.which("sysrc", path=self.environment()["PATH"]) is None:
            return "this host has no sysrc"
        done = self.run("sysrc", "-in", "vm_dir", status=None)
        return f"sysrc fails: {words_of(done)}" if done.returncode != 0 else ""

    def lacks_bridge(self) -> str:
        """Return why no bridge can be made."""
        done = self.run("ifconfig", "bridge999", "create", status=None)
        if done.returncode != 0:
            return f"no bridge can be made: {words_of(done)}"
        self.run("ifconfig", "bridge999", "destroy")
        return ""

    def lacks_uefi(self) -> str:
        """Return why there is no UEFI firmware to boot with."""
        file = firmware()
        return "" if file.is_file() else f"there is no firmware {file}; CHYVES_TEST_FIRMWARE"

    def lacks_other_pools(self) -> str:
        """Return why nothing can be tried on pools that are not ours."""
        return "" if self.guard["GUARD_POOLS"].strip() else "this host has no other pool"

    def stand_guard(self) -> None:
        """Put guard.sh before the programs that change something."""
        folder = self.folder / "guard"
        folder.mkdir()
        for name in GUARDED:
            shutil.copy(Path(__file__).with_name("guard.sh"), folder / name)
        pools = self.run("zpool", "list", "-H", "-o", "name").stdout.split()
        self.guard = {
            "GUARD_POOLS": f" {' '.join(pools)} ",
            "GUARD_INTERFACES": f" {' '.join(self.interfaces())} ",
            "GUARD_LOG": f"{self.folder}/guard.log",
        }


def labelled(listed: str) -> list[str]:
    """Return the memory disks with our label in the output of `mdconfig -l -v`.

    The columns are name, type, size, file and label (captures zfs md-list); options follow in
    mdconfig.c of later releases.
    """
    fields = [line.split("\t") for line in listed.splitlines()]
    return [each[0] for each in fields if each[4:5] == [LABEL]]


def words_of(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a program that failed has said, on one line."""
    return " ".join(done.stderr.split()) or f"status {done.returncode}"


def firmware() -> Path:
    """Return the UEFI firmware that guests are tried with."""
    return Path(os.environ.get("CHYVES_TEST_FIRMWARE") or FIRMWARE)


def lacks_to_begin(host: FreeBsdHost) -> str:
    """Return why nothing at all can be tried on this host."""
    uname = shutil.which("uname") or "uname"
    system = subprocess.run([uname, "-s"], capture_output=True, text=True, check=False).stdout
    if system.strip() != "FreeBSD":
        return f"this host runs {system.strip()}, not FreeBSD"
    if not host.files.is_root:
        return "only root can make pools and guests"
    for package in ("plumbum", "configobj"):
        if importlib.util.find_spec(package) is None:
            return f"{sys.executable} has no {package}"
    path = host.environment()["PATH"]
    missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    return f"this host has no {', '.join(missing)}" if missing else ""


def layout_of_others(host: FreeBsdHost) -> str:
    """Return why chyves is not to be tried here: it is on a pool of the host already.

    Its guests would see our pools, and the properties of our primary one.
    """
    pools = host.run("zpool", "list", "-H", "-o", "name").stdout.split()
    for pool in pools:
        for name in ("chyves", "chyves_offline"):
            argv = ("zfs", "list", "-H", "-o", "name", f"{pool}/{name}")
            if pool not in UNITS and host.run(*argv, status=None).returncode == 0:
                return f"this host uses chyves: {pool}/{name} is there"
    running = [name for name in host.names_in("/var/run/chyves/guests") if not is_ours(name)]
    return f"this host runs guests of chyves: {', '.join(running)}" if running else ""


def open_host(folder: Path) -> Host:
    """Return this FreeBSD host, cleared of what an interrupted run has left."""
    host = FreeBsdHost(folder)
    reason = lacks_to_begin(host) or layout_of_others(host)
    if reason:
        host.skip(reason)
    host.remove()
    host.before = look(host)
    host.stand_guard()
    try:
        host.begin()
    except BaseException:
        with contextlib.suppress(Exception):
            host.remove()
        raise
    return host
