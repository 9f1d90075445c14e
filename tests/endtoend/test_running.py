"""Guests run, end in each way, and leave nothing of themselves on the host."""

from __future__ import annotations

import json
import os
import signal

from tests.endtoend.hosts.base import GUESTS, Host
from tests.endtoend.roms import GREETING
from tests.endtoend.running import WEB, make_guest, process, state, until
from tests.endtoend.terminal import Terminal

BHYVE = f"bhyve: chy-{WEB} (bhyve)"
SUPERVISOR = f" chy-{WEB} {WEB}"


def test_guests_that_halt_or_power_off_are_cleared_up_and_can_start_again(host: Host) -> None:
    """On a slow host `start` may see them running first."""
    for rom, said, starts in (("halt.rom", "halted", 1), ("off.rom", "powered off", 2)):
        name = f"chyvest-{rom.removesuffix('.rom')}"
        make_guest(host, rom, name)
        for _ in range(starts):
            assert host.output(name, "start") in (f"{name}: {said}", f"{name}: running")
            until(host, lambda: not host.left_running())
            assert host.output(name, "log").endswith(f"[info] - {said}")
        assert state(host, name) == "no\tno"


def test_a_running_guest_shows_as_such_and_is_left_alone(host: Host) -> None:
    make_guest(host, "spin.rom")
    assert host.output(WEB, "start") == f"{WEB}: running"
    assert f"chy-{WEB}" in host.names_in("/dev/vmm")
    assert state(host) == "yes\tyes"
    before = host.everything()
    assert "is running already" in host.refused(WEB, "start", status=4)
    for words in (("delete", "force", "--yes"), ("rename", "chyvest-www"), ("reclaim",)):
        assert "is running" in host.refused(WEB, *words, status=4)
    host.refused("firmware", "delete", "spin.rom", "force", "--yes", status=4)
    assert host.everything() == before
    assert host.output(WEB, "snapshot", "@s").endswith("@s-LIVE-SYSTEM")
    # It has not switched ACPI on, so the power button ends it at once.
    assert "had not switched ACPI on" in host.output(WEB, "stop")
    assert host.left_running() == []
    assert "is not running" in host.refused(WEB, "stop", status=1)


def test_one_of_two_is_killed_and_the_other_runs_on(host: Host) -> None:
    make_guest(host, "spin.rom")
    make_guest(host, "spin.rom", "chyvest-web2")
    host.chyves(f"{WEB},chyvest-web2", "start")
    assert host.output(WEB, "stop", "force") == f"{WEB}: killed"
    assert f"chy-{WEB}" not in host.names_in("/dev/vmm")
    assert state(host, "chyvest-web2") == "yes\tyes"
    host.chyves("all", "stop", "force")


def kill_all_of(host: Host) -> None:
    """Kill the guest's supervisor and its bhyve."""
    os.kill(process(host, SUPERVISOR), signal.SIGKILL)
    os.kill(process(host, BHYVE), signal.SIGKILL)
    until(host, lambda: state(host) == "yes\tno")


def findings(host: Host) -> list[dict[str, str]]:
    """Return what doctor finds about guests of ours."""
    found = json.loads(host.chyves("doctor", "--json", status=None).stdout)
    return [each for each in found if GUESTS in each["subject"]]


def test_what_a_kill_9_leaves_goes_with_reclaim_or_doctor(host: Host) -> None:
    make_guest(host, "spin.rom")
    assert findings(host) == []
    host.chyves(WEB, "start")
    assert findings(host) == []
    kill_all_of(host)
    assert host.output(WEB, "reclaim") == f"{WEB}: reclaimed"
    assert host.left_running() == []
    host.chyves(WEB, "start")
    kill_all_of(host)
    (found,) = findings(host)
    assert f"/dev/vmm/chy-{WEB}" in found["problem"] and "tap900" in found["problem"]
    host.chyves("doctor", "--fix", "--yes", status=None)
    assert host.left_running() == []
    assert findings(host) == []


def test_a_killed_bhyve_is_cleared_up_by_its_supervisor(host: Host) -> None:
    make_guest(host, "spin.rom")
    host.chyves(WEB, "start")
    os.kill(process(host, BHYVE), signal.SIGKILL)
    until(host, lambda: not host.left_running())
    assert "[error] - it was killed" in host.output(WEB, "log")


def test_one_talks_to_a_guest_on_its_console_and_sees_it_reboot_and_end(host: Host) -> None:
    make_guest(host, "talk.rom")
    host.chyves(WEB, "start")
    greeting = GREETING.strip()
    with Terminal([host.program, WEB, "console"], host.environment()) as terminal:
        terminal.expect("type ~. to leave it", host.seconds)
        terminal.poke("x", greeting, host.seconds)
        terminal.type("r")
        until(host, lambda: "reboot 1" in host.output(WEB, "log"))
        terminal.poke("x", greeting, host.seconds)
        terminal.type("\r~.")
        assert terminal.wait(host.seconds) == 0
    assert state(host) == "yes\tyes"
    with Terminal([host.program, WEB, "console"], host.environment()) as terminal:
        terminal.poke("x", greeting, host.seconds)
        terminal.type("q")
        until(host, lambda: not host.left_running())
        # cu(1) may see the end of the guest by itself.
        terminal.type("\r~.")
        terminal.wait(host.seconds)
    assert host.output(WEB, "log").endswith("[info] - powered off")
