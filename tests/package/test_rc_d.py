"""rc.d/chyves, run by the lab's service(8) with its part of rc.subr(8)."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from releases import ROOT

from tests.conftest import LabHost

SCRIPT = ROOT / "rc.d" / "chyves"


@pytest.fixture
def host(lab: LabHost, tmp_path: Path) -> LabHost:
    """A host with the script, enabled, and three guests that can start."""
    folder = lab.root / "usr/local/etc/rc.d"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SCRIPT, folder)
    lab.run("sysrc", "chyves_enable=YES")
    lab.chyves("low,high,off", "create", "1G")
    for name in ("low", "high", "off"):
        disk = lab.root / f"dev/zvol/zroot/chyves/guests/{name}/disk0"
        with open(disk, "r+b") as opened:
            opened.write(b"#chyves-guest\n")
    lab.chyves("low", "set", "rcboot=2", "high", "rcboot=10")
    return lab


def running(host: LabHost) -> dict[str, str]:
    """Which guests run."""
    lines = host.output("list", "-H", "-o", "name,running").split("\n")
    return dict(line.split("\t") for line in lines)


def test_guests_start_in_the_order_of_their_priority_and_are_all_stopped(host: LabHost) -> None:
    done = host.run("service", "chyves", "start")
    assert done.stdout == "high: running\nlow: running\n"
    assert running(host) == {"high": "yes", "low": "yes", "off": "no"}
    assert "high  yes      10" in host.run("service", "chyves", "status").stdout
    assert host.run("service", "chyves", "start").stdout == ""
    host.run("service", "chyves", "stop")
    assert set(running(host).values()) == {"no"}
    host.run("service", "chyves", "status", status=1)


def test_named_guests_are_started_and_stopped_alone(host: LabHost) -> None:
    assert host.run("service", "chyves", "start", "off").stdout == "off: running\n"
    host.run("service", "chyves", "status", "off")
    host.run("service", "chyves", "status", "low", status=1)
    host.run("service", "chyves", "stop", "off")
    assert set(running(host).values()) == {"no"}


def test_a_guest_that_cannot_start_holds_up_no_other(host: LabHost) -> None:
    host.chyves("high", "set", "template=yes")
    done = host.run("service", "chyves", "start", status=1)
    assert "high" in done.stderr
    assert done.stdout == "low: running\n"


def test_nothing_happens_where_it_is_not_enabled(host: LabHost) -> None:
    host.run("sysrc", "chyves_enable=NO")
    assert "Set chyves_enable to YES" in host.run("service", "chyves", "start").stdout
    assert set(running(host).values()) == {"no"}


def test_a_host_without_chyves_on_a_pool_is_told_so(empty_lab: LabHost) -> None:
    folder = empty_lab.root / "usr/local/etc/rc.d"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SCRIPT, folder)
    done = empty_lab.run("service", "chyves", "onestart", status=None)
    assert done.returncode != 0
    assert "chyves dataset" in done.stderr


def test_it_says_where_in_the_boot_it_belongs() -> None:
    """rc(8): with the pools and the network there; rc.shutdown runs what has `shutdown`."""
    text = SCRIPT.read_text()
    assert re.search(r"^# PROVIDE: chyves$", text, re.M)
    required = re.findall(r"^# REQUIRE: (.*)$", text, re.M)[0].split()
    assert {"FILESYSTEMS", "NETWORKING"} <= set(required)
    assert "shutdown" in re.findall(r"^# KEYWORD: (.*)$", text, re.M)[0].split()
