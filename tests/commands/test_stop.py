"""Guests are stopped, killed and reloaded, and no other guest is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.commands.conftest import (
    BHYVE,
    SUPERVISOR,
    import_script,
    nothing_is_left,
    pid_of,
    stop,
    until,
)
from tests.conftest import ROOT, LabHost


def test_an_error_of_one_guest_stops_all_before_any_starts(guest: LabHost) -> None:
    guest.chyves("web2", "create", "1G", "template=yes")
    guest.chyves("web1,web2", "start", "os.iso", status=4)
    assert not guest.commands("daemon")


def test_reload_runs_the_guest_with_its_current_properties(guest: LabHost) -> None:
    guest.chyves("web1", "set", "eject_iso_on_n_reboot=0")
    guest.chyves("web1", "start", "os.iso")
    guest.chyves("web1", "set", "ram=300M")
    assert guest.output("web1", "reload") == "web1: runs with its current properties"
    until(lambda: len(guest.commands("bhyveload")) == 2)
    assert "300M" in guest.commands("bhyveload")[1]
    assert pid_of(guest, SUPERVISOR)


def test_reload_of_a_guest_that_does_not_run_fails(guest: LabHost) -> None:
    done = guest.chyves("web1", "reload", status=1)
    assert done.stderr == "chyves: web1: is not running\n"


def test_stop_of_a_guest_that_does_not_run_fails(guest: LabHost) -> None:
    assert guest.chyves("web1", "stop", status=1).stderr == "chyves: web1: is not running\n"


def test_a_guest_that_does_not_heed_the_button_is_not_killed(
    guest: LabHost, tmp_path: Path
) -> None:
    import_script(guest, tmp_path, "deaf.iso", "acpi: off")
    guest.chyves("web1", "start", "deaf.iso")
    done = guest.chyves("web1", "stop", "--timeout", "2", status=1)
    assert "chyves: web1: did not shut down in 2 s" in done.stderr
    assert "chyves web1 stop force" in done.stderr
    assert pid_of(guest, BHYVE)
    assert guest.output("web1", "stop", "force") == "web1: killed"
    nothing_is_left(guest)


def test_a_guest_that_never_switched_acpi_on_is_ended_and_that_is_said(
    guest: LabHost, tmp_path: Path
) -> None:
    import_script(guest, tmp_path, "hang.iso", "boot: hang")
    guest.chyves("web1", "start", "hang.iso")
    assert "it had not switched ACPI on" in guest.output("web1", "stop")
    nothing_is_left(guest)


def test_a_bhyve_that_begins_while_its_guest_is_waited_for_is_asked_too(guest: LabHost) -> None:
    guest.chyves("web1", "start", "os.iso")
    pid_of(guest, BHYVE)
    waiting = (
        "from chyves_core.host import Host\n"
        "from chyves_core.guests import read_inventory\n"
        "from chyves_core.supervise.stop import wait_for_end\n"
        "host = Host()\n"
        "web1 = read_inventory(host).guests['web1']\n"
        "print(wait_for_end(host, [web1], 20, lambda text: None))\n"
    )
    assert (
        guest.run(sys.executable, "-c", waiting, PYTHONPATH=str(ROOT)).stdout
        == "{'web1': 'powered off'}\n"
    )
    nothing_is_left(guest)


def test_a_guest_that_is_stopped_between_two_boots_boots_no_more(guest: LabHost) -> None:
    guest.chyves("web1", "start", "os.iso")
    supervisor = pid_of(guest, SUPERVISOR)
    os.kill(supervisor, signal.SIGSTOP)
    guest.run("bhyvectl", "--vm=chy-web1", "--force-reset")
    until(lambda: BHYVE not in guest.run("ps", "-axww", "-o", "command=").stdout)
    with subprocess.Popen(
        (guest.lab.bin / "chyves", "web1", "stop"), env=guest.environment(), stdout=-1, text=True
    ) as stopping:
        until(lambda: (guest.root / "var/run/chyves/guests/web1/stop").exists())
        os.kill(supervisor, signal.SIGCONT)
        assert stopping.communicate(timeout=30)[0].splitlines()[-1] == (
            "web1: was stopped before it booted again"
        )
    nothing_is_left(guest)


def test_stop_and_force_touch_only_the_guest_that_is_named(guest: LabHost) -> None:
    guest.chyves("web10,web", "create", "1G")
    guest.chyves("web,web1,web10", "start", "os.iso")
    guest.chyves("web1", "stop", "force")
    assert pid_of(guest, "bhyve: chy-web10 (bhyve)")
    assert pid_of(guest, "bhyve: chy-web (bhyve)")
    guest.chyves("web", "stop")
    assert pid_of(guest, "bhyve: chy-web10 (bhyve)")
    guest.chyves("web1", "reclaim")
    assert pid_of(guest, "bhyve: chy-web10 (bhyve)")


def test_all_starts_and_stops_what_can_be(guest: LabHost) -> None:
    guest.chyves("web2", "create", "1G")
    guest.chyves("gold", "create", "1G", "template=yes")
    started = guest.output("all", "start", "os.iso")
    assert started.splitlines() == ["web1: running", "web2: running"]
    assert sorted(stop(guest, "all", "stop")) == ["web1: powered off", "web2: powered off"]
