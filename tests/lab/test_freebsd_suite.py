"""The end-to-end cases as they run on a real FreeBSD host, on the lab playing one.

What they do there besides the cases is tried here: pools on memory disks, the guard, what is
skipped and why, and leaving the host as it was found. PATH has the lab's programs and what
FreeBSD has too, with the awk of FreeBSD; pytest has no plugins.
"""

from __future__ import annotations

import inspect
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chyves_core.lab.setup import environment
from tests.conftest import ROOT, LabHost, make_lab
from tests.endtoend.hosts.found import Found, look
from tests.endtoend.hosts.freebsd import FreeBsdHost, labelled

TOOLS = "awk basename cat env grep head id kill ls mkdir mv printf readlink rm sed sleep sort sh tr"
# What of the lab's programs the host of the captures has for certain: its root is small.
FOR_CERTAIN = (
    "bhyve bhyvectl bhyveload chyves cu daemon ifconfig jls kldload kldstat kldunload mdconfig"
    " netstat pciconf pgrep pkill ps sockstat sysctl uname zfs zpool"
).split()
OTHER_SYSTEM = "this host runs Linux, not FreeBSD"


class FreeBsd:
    """A lab that plays a FreeBSD host with the pool zroot, and runs the cases on it."""

    def __init__(self, folder: Path) -> None:
        self.host = make_lab(folder / "lab", freebsd="13.2", pools=("zroot",))
        self.tools = folder / "tools"
        self.tools.mkdir()
        for name in TOOLS.split():
            program = shutil.which("original-awk") if name == "awk" else None
            (self.tools / name).symlink_to(program or shutil.which(name) or f"/bin/{name}")
        (folder / "tmp").mkdir()
        self.variables = {
            **environment(self.host.lab),
            "PATH": f"{self.host.lab.bin}:{self.tools}",
            "TMPDIR": str(folder / "tmp"),
            "CHYVES_TEST_HOST": "freebsd",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        for name in list(self.variables):
            if name.startswith("PYTEST_") and name != "PYTEST_DISABLE_PLUGIN_AUTOLOAD":
                del self.variables[name]

    def make_small(self) -> None:
        """Make it the host of the captures: no pool of its own, and no more programs than sure."""
        self.host.run("zpool", "destroy", "zroot")
        for program in self.host.lab.bin.iterdir():
            if program.name not in FOR_CERTAIN:
                program.unlink()

    def start(self, *cases: str, **variables: str) -> subprocess.Popen[str]:
        """Start a run of the cases."""
        words = [f"tests/endtoend/{case}" for case in cases] or ["tests/endtoend"]
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
            cwd=ROOT,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *cases: str, status: int = 0, seconds: int = 280, **variables: str) -> str:
        """Run the cases and return what was said."""
        with self.start(*cases, **variables) as running:
            said, _ = running.communicate(timeout=seconds)
        assert running.returncode == status, said
        return said

    def state(self) -> str:
        """Return all that is on the host's own pool, and its interfaces."""
        return self.host.everything() + self.host.run("ifconfig", "-l").stdout


@pytest.fixture
def freebsd(tmp_path: Path) -> FreeBsd:
    """A FreeBSD host."""
    return FreeBsd(tmp_path)


def found_by(host: LabHost, monkeypatch: pytest.MonkeyPatch) -> Found:
    """Return what the cases' own look at the host finds."""
    monkeypatch.setenv("CHYVES_LAB", str(host.folder))
    monkeypatch.setenv("PATH", host.environment()["PATH"])
    return look(FreeBsdHost(host.folder))


def test_some_cases_run_and_leave_the_host_as_it_was(
    freebsd: FreeBsd, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = found_by(freebsd.host, monkeypatch)
    tap = "test_network.py::test_tap_and_bridge_are_there_as_long_as_the_guest_runs"
    said = freebsd.run("test_host_is_safe.py", tap)
    assert "3 passed" in said and "skipped" not in said
    assert "left loaded: bridgestp.ko if_bridge.ko if_tuntap.ko nmdm.ko vmm.ko" in said
    assert before.left(found_by(freebsd.host, monkeypatch)) == []
    assert list((freebsd.tools.parent / "tmp").iterdir()) == []


@pytest.mark.timeout(1200)
def test_all_cases_run(freebsd: FreeBsd) -> None:
    freebsd.make_small()
    said = freebsd.run(seconds=1100)
    assert "there is no firmware" in said and "this host has no other pool" in said
    assert "this host has no sysrc" in said and " 3 skipped" in said


def test_the_guard_of_a_host_without_pools_of_its_own_lets_ours_through(tmp_path: Path) -> None:
    (tmp_path / "zfs").write_text('#!/bin/sh\necho "$*"\n')
    (tmp_path / "zfs").chmod(0o755)
    (tmp_path / "guard").mkdir()
    guard = shutil.copy(
        Path(inspect.getfile(FreeBsdHost)).with_name("guard.sh"), tmp_path / "guard/zfs"
    )
    for pools, status in (("  ", 0), (" zroot ", 0), (" zroot chyvest1 ", 99)):
        places = {"GUARD_PATH": f"{tmp_path}:/usr/bin:/bin", "GUARD_LOG": f"{tmp_path}/log"}
        done = subprocess.run(
            [guard, "send", "-p", "-I", "@a", "chyvest1/chyves@b"],
            env={**places, "GUARD_POOLS": pools, "GUARD_INTERFACES": " lo0 "},
            check=False,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, bool(done.stdout)) == (status, status == 0), done.stderr


def test_our_memory_disks_are_known_by_their_label() -> None:
    """mdconfig.c of FreeBSD 14 prints options behind the label."""
    listed = "md0\tswap\t  600M\t-\t\nmd901\tswap\t  1.0G\t-\tchyvest\n"
    assert labelled(listed) == ["md901"]
    listed = (
        "md0\tvnode\t  600M\t/chyvest\t-\tcompress\nmd901\tswap\t  1.0G\t-\tchyvest\tcompress\n"
    )
    assert labelled(listed) == ["md901"]


def test_a_host_that_uses_chyves_is_left_alone(freebsd: FreeBsd) -> None:
    freebsd.host.chyves("dataset", "zroot", "install")
    before = freebsd.state()
    said = freebsd.run("test_pools.py")
    assert "this host uses chyves: zroot/chyves is there" in said
    assert "passed" not in said
    assert freebsd.state() == before


def test_a_pool_of_somebody_else_that_has_our_name_is_left_alone(freebsd: FreeBsd) -> None:
    freebsd.host.run("mdconfig", "-a", "-t", "swap", "-s", "100m", "-u", "7")
    freebsd.host.run("zpool", "create", "chyvest2", "md7")
    before = freebsd.state()
    said = freebsd.run("test_pools.py", status=1)
    assert "this host has a pool chyvest2 that these tests did not make" in said
    assert freebsd.state() == before


def test_what_is_lacking_is_said(freebsd: FreeBsd) -> None:
    assert "only root can make" in freebsd.run("test_pools.py", CHYVES_LAB_UID="1001")
    outside = os.environ["PATH"]
    if sys.platform == "linux":
        assert OTHER_SYSTEM in freebsd.run("test_pools.py", PATH=outside)


def test_an_interrupted_run_is_cleared_up_by_the_next_one(
    freebsd: FreeBsd, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = found_by(freebsd.host, monkeypatch)
    vmm = freebsd.host.root / "dev/vmm/chy-chyvest-web"
    with freebsd.start("test_running.py") as running:
        deadline = time.monotonic() + 120
        while not vmm.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
    # The folder for files of its own in /tmp is all that nobody can tell to be left.
    shutil.rmtree(freebsd.tools.parent / "tmp")
    (freebsd.tools.parent / "tmp").mkdir()
    left = before.left(found_by(freebsd.host, monkeypatch))
    assert "zpool list: chyvest1 was left" in left
    freebsd.run("test_pools.py")
    assert before.left(found_by(freebsd.host, monkeypatch)) == []


def test_what_was_left_and_what_is_gone_is_told() -> None:
    before = Found({"mdconfig -l": frozenset(("md0", "md1"))}, "1", frozenset())
    after = Found({"mdconfig -l": frozenset(("md1", "md901"))}, "0", frozenset())
    assert before.left(before) == []
    assert before.left(after) == [
        "mdconfig -l: md901 was left",
        "mdconfig -l: md0 is gone",
        "net.link.tap.up_on_open: 1 is 0",
    ]
