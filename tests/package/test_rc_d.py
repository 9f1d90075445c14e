"""rc.d/chyves, run by the lab's service(8) with its part of rc.subr(8)."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from releases import ROOT

from tests.commands.conftest import until
from tests.conftest import LabHost

SCRIPT = ROOT / "rc.d" / "chyves"


@pytest.fixture
def host(lab: LabHost, tmp_path: Path) -> LabHost:
    """A host with the script, enabled, and three guests that can start."""
    assert "Set chyves_enable to YES" in lab.run("service", "chyves", "start").stdout
    assert lab.run("service", "chyves", "enable").stdout == "chyves enabled in /etc/rc.conf\n"
    assert lab.run("sysrc", "chyves_enable").stdout == "chyves_enable: YES\n"
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
    host.run("jail", "-c", "name=www", "vnet", "persist")
    host.chyves("global", "set", "bridge1_jails=gone,www")
    done = host.run("service", "chyves", "start", status=1)
    assert "high" in done.stderr
    assert "chyves: gone: no jail of this name runs" in done.stderr
    assert "epair50a" in host.run("ifconfig", "-l").stdout
    assert done.stdout == "low: running\n"


def test_a_copy_of_a_guest_on_another_pool_hinders_no_reboot_and_no_shutdown(
    host: LabHost,
) -> None:
    """As where replicas come by night: what was started goes on, and nothing guesses at boot."""
    host.run("service", "chyves", "start")
    host.run("zfs", "snapshot", "-r", "zroot/chyves/guests/high@copy")
    send = "zfs send -R zroot/chyves/guests/high@copy | zfs recv tank/chyves/guests/high"
    host.run("sh", "-c", send)
    host.chyves("high", "set", "ram=1G", status=4)
    host.run("bhyvectl", "--vm=chy-high", "--force-reset")
    boots = host.root / "var/run/chyves/guests/high/boots"
    until(lambda: boots.read_text() == "2\n")
    assert "low   yes" in host.run("service", "chyves", "status").stdout
    assert "high: powered off" in host.run("service", "chyves", "stop").stdout
    assert "bhyve" not in host.run("ps", "-axww", "-o", "command=").stdout
    log = next((host.root / "chyves/zroot/guests/high/logs").iterdir()).read_text()
    assert "reboot 1" in log
    assert "powered off" in log
    done = host.run("service", "chyves", "start", status=1)
    assert done.stdout == "low: running\n"
    assert "chyves: high: there are 2 guests of this name, " in done.stderr
    said = host.run("service", "chyves", "status").stdout
    assert "high: should run, there are 2 guests of this name, " in said


def test_nothing_happens_where_it_is_not_enabled(host: LabHost) -> None:
    host.run("sysrc", "chyves_enable=NO")
    assert "Set chyves_enable to YES" in host.run("service", "chyves", "start").stdout
    assert set(running(host).values()) == {"no"}


def test_a_host_without_chyves_on_a_pool_is_told_so(empty_lab: LabHost) -> None:
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


def reboot(host: LabHost, *, folders_stay: bool) -> None:
    """Switch the host off and on: no process, interface, module, VM or file in /var/run is left.

    cleanvar of FreeBSD's rc.d removes files from /var/run and leaves the folders; on a memory
    disk they go, too.
    """
    host.stop_everything()
    (host.lab.state / "host.json").unlink()
    for folder in (host.root / "dev/vmm", host.lab.run):
        shutil.rmtree(folder, ignore_errors=True)
    host.lab.run.mkdir()
    run = host.root / "var/run"
    if folders_stay:
        for file in [each for each in run.rglob("*") if not each.is_dir()]:
            file.unlink()
    else:
        shutil.rmtree(run)
        run.mkdir()
    assert "tap" not in host.run("ifconfig", "-l").stdout


@pytest.mark.parametrize("folders_stay", [True, False])
def test_after_a_reboot_bridges_taps_and_guests_come_back(
    host: LabHost, folders_stay: bool
) -> None:
    host.chyves("global", "set", "-y", "bridge0_phy_attach=em0")
    host.run("service", "chyves", "start")
    before = sorted(host.run("ifconfig", "-l").stdout.split())
    reboot(host, folders_stay=folders_stay)
    status = host.run("service", "chyves", "status", status=1).stdout
    assert status.splitlines()[-2:] == [
        "high: should run, was not started since the host was",
        "low: should run, was not started since the host was",
    ]
    assert host.run("service", "chyves", "start").stdout == "high: running\nlow: running\n"
    assert running(host) == {"high": "yes", "low": "yes", "off": "no"}
    assert sorted(host.run("ifconfig", "-l").stdout.split()) == before
    members = host.run("ifconfig", "bridge0").stdout
    assert all(f"member: {name} " in members for name in ("em0", "tap50", "tap51"))
    assert "should run" not in host.run("service", "chyves", "status").stdout


def test_status_says_why_a_guest_did_not_come_until_it_runs(host: LabHost) -> None:
    host.chyves("high", "set", "template=yes")
    host.run("service", "chyves", "start", status=1)
    why = "high: should run, could not be started: is a template"
    assert why in host.run("service", "chyves", "status").stdout
    assert "should run" not in host.run("service", "chyves", "status", "low").stdout
    assert "could not be started: is a template" in host.output("high", "log")
    host.chyves("high", "set", "template=no")
    host.run("service", "chyves", "start")
    assert "should run" not in host.run("service", "chyves", "status").stdout


def test_a_guest_that_failed_is_told_with_its_last_words(host: LabHost) -> None:
    disk = host.root / "dev/zvol/zroot/chyves/guests/high/disk0"
    disk.write_bytes(bytes(1024))
    host.run("service", "chyves", "start", status=1)
    status = host.run("service", "chyves", "status").stdout
    assert "high: should run, its loader failed" in status


def test_guests_wait_for_what_their_bridges_are_attached_to(host: LabHost) -> None:
    """A card that comes late, as USB ones do."""
    host.chyves("global", "set", "bridge0_phy_attach=vlan7", "bridge1_phy_attach=em1")
    host.chyves("low", "set", "tap50_bridge=bridge1")
    host.run("sysrc", "chyves_wait=20")
    late = ["sh", "-c", "sleep 2; ifconfig vlan7 create"]
    with subprocess.Popen(late, env=host.environment()):
        done = host.run("service", "chyves", "start")
    assert done.stdout == "high: running\nlow: running\n"
    assert "member: vlan7 " in host.run("ifconfig", "bridge0").stdout


def test_the_wait_for_a_card_that_never_comes_ends_and_the_others_start(host: LabHost) -> None:
    host.chyves("global", "set", "bridge0_phy_attach=ue0", "bridge1_phy_attach=em1")
    host.chyves("low", "set", "tap50_bridge=bridge1")
    host.run("sysrc", "chyves_wait=1")
    done = host.run("service", "chyves", "start", status=1)
    assert done.stdout == "low: running\n"
    assert "bridge0 is attached to ue0, which this host does not have" in done.stderr
    assert (
        "high: should run, could not be started" in host.run("service", "chyves", "status").stdout
    )


def test_the_next_guest_waits_as_long_as_the_one_before_wants(host: LabHost) -> None:
    host.chyves("high", "set", "rcboot_delay=2")
    host.forget_commands()
    before = time.monotonic()
    host.run("service", "chyves", "start")
    assert time.monotonic() - before > 2
    host.run("service", "chyves", "stop")
    assert host.output("high", "get", "-H", "rcboot_delay") == "2"
    assert host.chyves("high", "set", "rcboot_delay=soon", status=2).stderr
    host.chyves("high", "unset", "rcboot_delay")


def test_numbers_that_are_none_and_names_that_are_none_stop_no_boot(host: LabHost) -> None:
    host.run("zfs", "set", "chyves:rcboot=soon", "zroot/chyves/guests/high")
    assert host.run("service", "chyves", "start").stdout == "low: running\n"
    done = host.run("service", "chyves", "start", "of", "off", status=1)
    assert "of: there is no such guest" in done.stderr
    assert done.stdout == "off: running\n"


def test_a_restart_brings_back_all_that_ran_in_their_order(host: LabHost) -> None:
    host.run("service", "chyves", "start")
    host.run("service", "chyves", "start", "off")
    done = host.run("service", "chyves", "restart").stdout.splitlines()
    started = [line for line in done if line.endswith(": running")]
    assert started == ["high: running", "low: running", "off: running"]
    done = host.run("service", "chyves", "restart", "low").stdout.splitlines()
    assert done[-2:] == ["low: powered off", "low: running"]
    assert not any(line.startswith(("high", "off")) for line in done)
    host.run("service", "chyves", "restart", "lo", status=1)
    assert set(running(host).values()) == {"yes"}


def test_flags_and_the_time_of_the_shutdown_are_those_of_rc_conf(host: LabHost) -> None:
    host.run("sysrc", "chyves_flags=-q", "rcshutdown_timeout=25")
    assert host.run("service", "chyves", "start").stdout == ""
    assert running(host)["low"] == "yes"
    assert host.run("service", "chyves", "stop").stdout == ""
    host.run("sysrc", "chyves_flags=-q -v")
    host.run("service", "chyves", "start", "low")
    stubborn = host.root / "usr/local/etc/chyves/hooks/prestop.d/slow"
    stubborn.parent.mkdir(parents=True)
    stubborn.write_text("#!/bin/sh\nexec sleep 60\n")
    stubborn.chmod(0o755)
    host.run("sysrc", "rcshutdown_timeout=4")
    # Whether it gets down in the rest of the time is not the question here.
    said = host.run("service", "chyves", "stop", status=None).stderr
    assert "low: prestop hook slow took longer than 2 s" in said
    assert "+ kill -TERM " in said
