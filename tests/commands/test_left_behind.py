"""Whatever is killed or fails half-way, nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import (
    BHYVE,
    SUPERVISOR,
    ended,
    interfaces,
    nothing_is_left,
    pid_of,
    running,
    until,
)
from tests.conftest import LabHost


def test_a_killed_supervisor_leaves_a_guest_that_stop_still_ends(guest: LabHost) -> None:
    guest.chyves("web1", "start", "os.iso")
    os.kill(pid_of(guest, SUPERVISOR), signal.SIGKILL)
    assert pid_of(guest, BHYVE)
    guest.chyves("web1", "start", status=4)
    guest.chyves("web1", "stop")
    nothing_is_left(guest)


def test_a_killed_bhyve_is_cleared_up_by_its_supervisor(guest: LabHost) -> None:
    guest.chyves("web1", "start", "os.iso")
    os.kill(pid_of(guest, BHYVE), signal.SIGKILL)
    until(lambda: ended(guest, "web1"))
    nothing_is_left(guest)
    assert "[error] - it was killed" in guest.output("web1", "log")


def test_what_is_left_when_all_was_killed_goes_with_reclaim_or_the_next_start(
    guest: LabHost,
) -> None:
    for _ in range(2):
        guest.chyves("web1", "start", "os.iso")
        os.kill(pid_of(guest, SUPERVISOR), signal.SIGKILL)
        os.kill(pid_of(guest, BHYVE), signal.SIGKILL)
        until(lambda: guest.output("list", "-H", "-o", "vmm,running") == "yes\tno")
    assert guest.output("web1", "reclaim") == "web1: reclaimed"
    nothing_is_left(guest)


def test_a_vm_that_goes_late_is_waited_for(guest: LabHost) -> None:
    """The kernel takes it away in a task of its own, after bhyvectl has ended (vmm_dev.c)."""
    guest.run("kldload", "vmm")
    guest.run("bhyvectl", "--create", "--vm=chy-web1")
    program = guest.lab.bin / "bhyvectl"
    program.rename(guest.lab.bin / "real-bhyvectl")
    program.write_text(
        f'#!/bin/sh\n(sleep 2; exec "{guest.lab.bin}/real-bhyvectl" "$@") >/dev/null 2>&1 &\n'
    )
    program.chmod(0o755)
    assert guest.output("web1", "reclaim") == "web1: reclaimed"
    assert not (guest.root / "dev/vmm/chy-web1").exists()


def test_reclaim_refuses_a_guest_that_runs(guest: LabHost) -> None:
    guest.chyves("web1", "start", "os.iso")
    done = guest.chyves("web1", "reclaim", status=4)
    assert done.stderr.startswith("chyves: web1: is running")
    assert pid_of(guest, BHYVE)


def test_a_tap_of_someone_else_is_left_alone(guest: LabHost) -> None:
    guest.run("ifconfig", "tap50", "create")
    guest.run("ifconfig", "tap50", "description", "mine")
    done = guest.chyves("web1", "start", "os.iso", status=4)
    assert "tap50 belongs to something else" in done.stderr
    assert "description: mine" in interfaces(guest)
    assert not guest.commands("daemon")


def test_a_tap_that_a_process_has_open_is_left_and_not_waited_for(
    guest: LabHost, tmp_path: Path
) -> None:
    """ifconfig destroy hangs until it is closed; captures ifconfig tap-open-destroy."""
    spin = tmp_path / "spin.rom"
    spin.write_bytes(b"\xeb\xfe".rjust(4082, b"\0").ljust(4096, b"\0"))
    guest.run("ifconfig", "tap50", "create", "description", "chyves:web1:tap50")
    guest.run("kldload", "vmm", "nmdm")
    words = ["bhyve", "-m", "64M", "-s", "0,hostbridge", "-s", "5,virtio-net,tap50"]
    words += ["-s", "31,lpc", "-l", f"bootrom,{spin}", "other"]
    with subprocess.Popen(words, env=guest.environment()) as other:
        until(lambda: "Opened by PID" in interfaces(guest))
        guest.chyves("web1", "reclaim")
        assert "description: chyves:web1:tap50" in interfaces(guest)
        other.kill()
    until(lambda: "Opened by PID" not in interfaces(guest))
    guest.run("bhyvectl", "--vm=other", "--destroy")
    guest.chyves("web1", "reclaim")
    nothing_is_left(guest)


@pytest.mark.parametrize(
    "call", ["ifconfig:2", "ifconfig:3", "ifconfig:4", "ifconfig:5", "kldload:1", "daemon:1"]
)
def test_a_start_that_fails_half_way_leaves_nothing(guest: LabHost, call: str) -> None:
    before = interfaces(guest)
    guest.chyves("web1", "start", "os.iso", status=1, CHYVES_LAB_FAIL=f"{call}:fail")
    nothing_is_left(guest)
    assert interfaces(guest) == before


@pytest.mark.parametrize(
    "call", ["ifconfig:2", "ifconfig:3", "ifconfig:4", "ifconfig:5", "kldload:1", "daemon:1"]
)
@pytest.mark.parametrize("moment", ["kill", "kill-after"])
def test_a_start_that_is_killed_half_way_can_be_done_again(
    guest: LabHost, call: str, moment: str
) -> None:
    killed = guest.chyves(
        "web1", "start", "os.iso", status=None, CHYVES_LAB_FAIL=f"{call}:{moment}"
    )
    assert killed.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    if call == "daemon:1" and moment == "kill-after":
        until(lambda: running(guest))
        guest.chyves("web1", "stop")
    assert guest.output("web1", "start", "os.iso") == "web1: running"
    guest.chyves("web1", "stop")
    nothing_is_left(guest)
