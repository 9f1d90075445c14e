"""Guests start, run, and end, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import ended, import_script, pid_of, until
from tests.conftest import LabHost

SUPERVISOR = " chy-web1 web1"
BHYVE = "bhyve: chy-web1 (bhyve)"


def interfaces(host: LabHost) -> str:
    return host.run("ifconfig", "-a").stdout


def running(host: LabHost, name: str = "web1") -> str:
    return str(json.loads(host.output("list", "--json", "-o", "name,running"))[0]["running"])


def nothing_is_left(host: LabHost) -> None:
    vmm = host.root / "dev/vmm"
    assert not vmm.exists() or not list(vmm.iterdir())
    assert "tap50" not in interfaces(host)
    assert ended(host, "web1")
    listed = host.run("ps", "-axww", "-o", "command=", status=None).stdout
    assert "web1" not in listed


def test_a_guest_starts_shows_as_running_and_shuts_down(guest: LabHost) -> None:
    before = interfaces(guest)
    assert guest.output("web1", "start", "os.iso") == "web1: running"
    assert (guest.root / "dev/vmm/chy-web1").exists()
    assert "member: tap50" in interfaces(guest)
    assert "description: chyves:web1:tap50" in interfaces(guest)
    row = guest.output("list", "-H", "-o", "name,vmm,running").split("\t")
    assert row == ["web1", "yes", "yes"]
    assert guest.output("web1", "stop") == "web1: powered off"
    nothing_is_left(guest)
    assert interfaces(guest) == before


def test_the_verb_may_come_first(guest: LabHost) -> None:
    assert guest.output("start", "web1", "os.iso") == "web1: running"
    assert guest.output("stop", "web1") == "web1: powered off"


def test_a_dry_run_prints_all_commands_and_runs_none(guest: LabHost) -> None:
    before = (guest.everything(), interfaces(guest))
    shown = guest.output("web1", "start", "-n", "os.iso")
    for words in (
        "kldload -n",
        "ifconfig tap50 create",
        "daemon -cf",
        "bhyveload -c",
        "bhyve -c 1",
    ):
        assert words in shown
    assert (guest.everything(), interfaces(guest)) == before
    assert ended(guest, "web1")
    assert not guest.commands("bhyve")


def test_a_running_guest_is_not_started_again(guest: LabHost) -> None:
    guest.chyves("web1", "start", "os.iso")
    done = guest.chyves("web1", "start", status=4)
    assert done.stderr.startswith("chyves: web1: is running already")
    assert len(guest.commands("bhyveload")) == 1


def test_two_starts_at_the_same_time_start_one_guest(guest: LabHost) -> None:
    words = [str(guest.lab.bin / "chyves"), "web1", "start", "os.iso"]
    both = [
        subprocess.Popen(words, env=guest.environment(), stdout=-1, stderr=-1) for _ in range(2)
    ]
    statuses = sorted(each.wait(timeout=60) for each in both)
    for each in both:
        each.communicate()
    assert statuses == [0, 4]
    assert len(guest.commands("bhyveload")) == 1


def test_starting_with_an_iso_that_is_not_there_starts_nothing(guest: LabHost) -> None:
    done = guest.chyves("web1", "start", "nosuch.iso", status=3)
    assert "nosuch.iso" in done.stderr
    assert not guest.commands("bhyve")


def test_a_template_is_never_started(guest: LabHost) -> None:
    guest.chyves("web1", "set", "template=yes")
    done = guest.chyves("web1", "start", "os.iso", status=4)
    assert done.stderr == "chyves: web1: is a template, it is never started\n"


def test_an_uefi_guest_without_firmware_is_told_where_to_get_it(guest: LabHost) -> None:
    guest.chyves("web1", "set", "loader=uefi")
    done = guest.chyves("web1", "start", "os.iso", status=3)
    assert "there is no UEFI firmware on this host" in done.stderr
    assert "chyves firmware import" in done.stderr


def test_an_error_of_one_guest_stops_all_before_any_starts(guest: LabHost) -> None:
    guest.chyves("web2", "create", "1G", "template=yes")
    guest.chyves("web1,web2", "start", "os.iso", status=4)
    assert not guest.commands("daemon")


def test_an_empty_disk_fails_to_load_and_leaves_nothing(guest: LabHost) -> None:
    before = interfaces(guest)
    done = guest.chyves("web1", "start", status=1)
    assert done.stderr.startswith("chyves: web1: its loader failed (status ")
    assert "chyves web1 log" in done.stderr
    nothing_is_left(guest)
    assert interfaces(guest) == before
    assert "[error] - its loader failed" in guest.output("web1", "log")


@pytest.mark.parametrize(
    ("how", "level", "text"),
    [
        ("poweroff", "info", "powered off"),
        ("halt", "info", "halted"),
        ("triple", "error", "it ended with a triple fault"),
        ("error", "error", "bhyve ended with an error"),
    ],
)
def test_each_way_to_end_is_told_and_cleared_up(
    guest: LabHost, tmp_path: Path, how: str, level: str, text: str
) -> None:
    import_script(guest, tmp_path, "end.iso", f"boot: {how}")
    guest.chyves("web1", "start", "end.iso", status=None)
    until(lambda: ended(guest, "web1"))
    assert f"[{level}] - {text}" in guest.output("web1", "log")
    nothing_is_left(guest)


def test_a_reboot_boots_again_without_the_iso(guest: LabHost, tmp_path: Path) -> None:
    disk = guest.root / "dev/zvol/zroot/chyves/guests/web1/disk0"
    with open(disk, "r+b") as opened:
        opened.write(b"#chyves-guest\n")
    import_script(guest, tmp_path, "again.iso", "boot: reboot 1")
    guest.chyves("web1", "start", "again.iso")
    until(lambda: "reboot 1" in guest.output("web1", "log"))
    until(lambda: len(guest.commands("bhyveload")) == 2)
    loads = guest.commands("bhyveload")
    assert any("again.iso" in word for word in loads[0])
    assert not any("again.iso" in word for word in loads[1])
    assert "ISO again.iso ejected" in guest.output("web1", "log")
    guest.chyves("web1", "stop")
    nothing_is_left(guest)


def test_the_iso_stays_for_as_many_reboots_as_the_guest_says(
    guest: LabHost, tmp_path: Path
) -> None:
    guest.chyves("web1", "set", "eject_iso_on_n_reboot=3")
    import_script(guest, tmp_path, "again.iso", "boot: reboot 2")
    guest.chyves("web1", "start", "again.iso")
    until(lambda: len(guest.commands("bhyveload")) == 3)
    assert all(any("again.iso" in word for word in argv) for argv in guest.commands("bhyveload"))


def test_a_reboot_reads_the_properties_again(guest: LabHost, tmp_path: Path) -> None:
    guest.chyves("web1", "set", "eject_iso_on_n_reboot=0")
    import_script(guest, tmp_path, "slow.iso", "delay: 0")
    guest.chyves("web1", "start", "slow.iso")
    guest.chyves("web1", "set", "ram=333M", "cpu=2")
    guest.run("bhyvectl", "--vm=chy-web1", "--force-reset")
    until(lambda: len(guest.commands("bhyveload")) == 2)
    assert "333M" in guest.commands("bhyveload")[1]


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
    stopped = guest.output("all", "stop")
    assert sorted(stopped.splitlines()) == ["web1: powered off", "web2: powered off"]


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


def test_the_vnc_password_stands_in_no_argv_and_its_file_goes(
    guest: LabHost, tmp_path: Path
) -> None:
    firmware = tmp_path / "fw.fd"
    firmware.write_bytes(b"firmware" * 1024)
    guest.chyves("firmware", "import", str(firmware), "-q")
    settings = ("loader=uefi", "uefi_firmware=fw.fd", "uefi_console_output=vnc")
    guest.chyves("web1", "set", *settings, "uefi_vnc_password=s3cretpw")
    guest.forget_commands()
    assert "s3cretpw" not in guest.output("web1", "start", "-n", "os.iso")
    guest.chyves("web1", "start", "os.iso")
    secrets = guest.root / "var/run/chyves/guests/web1/secrets.conf"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert secrets.read_text() == "pci.0.29.0.password=s3cretpw\n"
    listed = guest.run("ps", "-axww", "-o", "command=").stdout
    guest.chyves("web1", "stop", "force")
    assert "s3cretpw" not in listed + str(guest.commands()) + guest.output("web1", "log")
    assert not secrets.exists()


def test_strange_values_never_reach_a_shell(guest: LabHost, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    value = f"a \"b\" 'c' $(touch {canary}) `touch {canary}` ; touch {canary} = ü ☃ %s"
    guest.chyves("web1", "set", f"description={value}", f"notes={value}")
    guest.chyves("web1", "start", "os.iso")
    assert json.loads(guest.output("list", "--json"))[0]["properties"]["description"] == value
    guest.chyves("web1", "stop")
    assert not canary.exists()


@pytest.mark.parametrize("program", ["ifconfig", "kldload", "sysctl", "daemon"])
@pytest.mark.parametrize("call", [1, 2, 3, 4, 5, 6])
def test_a_start_that_fails_half_way_leaves_nothing(
    guest: LabHost, program: str, call: int
) -> None:
    if program in ("kldload", "sysctl", "daemon") and call > 2:
        pytest.skip("there are not so many calls")
    before = interfaces(guest)
    fault = {"CHYVES_LAB_FAIL": f"{program}:{call}:fail"}
    done = guest.chyves("web1", "start", "os.iso", status=None, **fault)
    if done.returncode == 0:
        guest.chyves("web1", "stop")
    nothing_is_left(guest)
    assert interfaces(guest) == before


@pytest.mark.parametrize("program", ["ifconfig", "daemon"])
@pytest.mark.parametrize("call", [2, 3, 4, 5, 6])
def test_a_start_that_is_killed_half_way_can_be_done_again(
    guest: LabHost, program: str, call: int
) -> None:
    if program == "daemon" and call > 2:
        pytest.skip("there are not so many calls")
    fault = {"CHYVES_LAB_FAIL": f"{program}:{call}:kill"}
    guest.chyves("web1", "start", "os.iso", status=None, **fault)
    until(lambda: running(guest) == "False" or guest.chyves("web1", "stop", status=None))
    assert guest.output("web1", "start", "os.iso") == "web1: running"
    guest.chyves("web1", "stop")
    nothing_is_left(guest)
