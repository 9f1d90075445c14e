"""The stand-in guest: its console, its ends, the power button, scripts on its disk."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from bhyve.guests import Console, line, make_disk, start, vm_node, wait_until
from tests.conftest import LabHost, make_lab


def test_a_guest_shows_a_login_and_a_shell_that_knows_its_devices(empty_lab: LabHost) -> None:
    disk = make_disk(empty_lab)
    argv = line(disk, "-c", "2", "-s", "5,virtio-net,tap9,mac=58:9c:fc:00:00:07")
    guest = start(empty_lab, argv)
    console = Console(empty_lab)
    banner = console.wait_for("login: ")
    assert "cpu: 2" in banner and "memory: 64 MB" in banner
    console.type("anybody")
    console.wait_for("# ")
    assert console.command("hostname") == ["web1"]
    assert console.command("echo a  b") == ["a b"]
    assert console.command("uname -a") == ["Standin web1 1.0 chyves-lab amd64"]
    assert "0:4:0\tvirtio-blk\t/vm/disk.img" in console.command("pciconf -l")
    assert console.command("diskinfo") == ["0:4:0\tvirtio-blk\tdisk\t1048576\t/vm/disk.img"]
    assert "ether 58:9c:fc:00:00:07\ttap9" in console.command("ifconfig")[0]
    assert console.command("nosuch") == ["nosuch: not found"]
    console.type("poweroff")
    assert guest.wait(10) == 1
    console.close()


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("reboot", 0),
        ("shutdown -r now", 0),
        ("poweroff", 1),
        ("shutdown -p now", 1),
        ("halt", 2),
        ("panic", 3),
        ("fail", 4),
    ],
)
def test_each_end_has_its_status_and_leaves_the_vm(
    empty_lab: LabHost, command: str, status: int
) -> None:
    guest = start(empty_lab, line(make_disk(empty_lab)))
    console = Console(empty_lab)
    console.log_in()
    console.type(command)
    assert guest.wait(10) == status
    assert vm_node(empty_lab).exists()
    console.close()


def test_sigterm_presses_the_power_button_once_the_guest_is_up(empty_lab: LabHost) -> None:
    guest = start(empty_lab, line(make_disk(empty_lab)))
    console = Console(empty_lab)
    console.wait_for("login: ")
    guest.send_signal(signal.SIGTERM)
    assert guest.wait(10) == 1
    console.wait_for("power button pressed")
    console.close()


def test_sigterm_kills_a_guest_in_its_firmware_and_the_vm_must_be_destroyed(
    empty_lab: LabHost,
) -> None:
    argv = line(make_disk(empty_lab, b""))
    guest = start(empty_lab, argv)
    console = Console(empty_lab)
    console.wait_for("Shell> ")
    guest.send_signal(signal.SIGTERM)
    assert guest.wait(10) == -signal.SIGTERM
    console.close()
    assert "vm_reinit: Device busy" in empty_lab.run(*argv, status=4).stderr
    empty_lab.run("bhyvectl", "--destroy", "--vm=web1")
    assert not vm_node(empty_lab).exists()
    assert ["bhyve", 143] in [[argv[0], status] for argv, status in logged(empty_lab)]


def logged(host: LabHost) -> list[tuple[list[str], int]]:
    """Return the command log as (argv, status)."""
    import json

    entries = [json.loads(text) for text in host.lab.command_log.read_text().splitlines()]
    return [(entry["argv"], entry["status"]) for entry in entries]


def test_a_guest_may_be_told_not_to_heed_the_power_button(empty_lab: LabHost) -> None:
    guest = start(empty_lab, line(make_disk(empty_lab)), CHYVES_LAB_GUEST_ACPI="off")
    console = Console(empty_lab)
    console.log_in()
    guest.send_signal(signal.SIGTERM)
    assert console.command("echo alive") == ["alive"]
    guest.kill()
    guest.wait(10)
    console.close()


def test_the_console_outlives_a_reboot(empty_lab: LabHost) -> None:
    argv = line(make_disk(empty_lab))
    console = Console(empty_lab)
    for _ in range(2):
        guest = start(empty_lab, argv)
        console.log_in()
        console.type("reboot")
        assert guest.wait(10) == 0
        console.wait_for("Rebooting...")
    console.close()


def test_what_a_guest_says_before_anybody_looks_is_kept(empty_lab: LabHost) -> None:
    guest = start(empty_lab, line(make_disk(empty_lab, b"#chyves-guest\nboot: hang\n")))
    wait_until(lambda: "web1" in empty_lab.run("pgrep", "-fl", "^bhyve: ", status=None).stdout)
    console = Console(empty_lab)
    console.wait_for("booting web1")
    guest.kill()
    guest.wait(10)
    console.close()


@pytest.mark.parametrize(
    ("word", "status"),
    [("poweroff", 1), ("halt", 2), ("triple", 3), ("error", 4), ("reboot", 0)],
)
def test_a_script_on_the_disk_ends_the_guest_at_once(
    empty_lab: LabHost, word: str, status: int
) -> None:
    disk = make_disk(empty_lab, f"#chyves-guest\nboot: {word}\n".encode())
    empty_lab.run(*line(disk), status=status)


def test_a_script_reboots_a_number_of_times_and_then_lets_the_guest_run(
    empty_lab: LabHost,
) -> None:
    argv = line(make_disk(empty_lab, b"#chyves-guest\nboot: reboot 2\n"))
    for _ in range(2):
        empty_lab.run(*argv, status=0)
    guest = start(empty_lab, argv)
    console = Console(empty_lab)
    console.log_in()
    console.type("poweroff")
    assert guest.wait(10) == 1
    console.close()
    empty_lab.run(*argv, status=0)


def test_a_script_may_hang_and_may_take_its_time_to_shut_down(empty_lab: LabHost) -> None:
    guest = start(empty_lab, line(make_disk(empty_lab, b"#chyves-guest\nshutdown: 0.5\n")))
    console = Console(empty_lab)
    console.wait_for("login: ")
    guest.send_signal(signal.SIGTERM)
    console.wait_for("shutting down")
    assert guest.poll() is None
    assert guest.wait(10) == 1
    console.close()


def test_a_cd_comes_before_the_disk(empty_lab: LabHost) -> None:
    disk = make_disk(empty_lab)
    cd = make_disk(empty_lab, b"#chyves-guest\nboot: halt\n", "cd.iso")
    empty_lab.run(*line(disk, "-s", f"3,ahci-cd,{cd}"), status=2)
    empty_lab.run(*line(disk, "-s", f"3,ahci,hd:{disk},cd:{cd}", name="web2"), status=2)


def test_an_idle_guest_costs_no_processor_time(empty_lab: LabHost) -> None:
    import time

    guest = start(empty_lab, line(make_disk(empty_lab)))
    console = Console(empty_lab)
    console.wait_for("login: ")
    before = ticks(guest.pid)
    time.sleep(1)
    assert ticks(guest.pid) - before <= 2
    guest.kill()
    guest.wait(10)
    console.close()


def ticks(pid: int) -> int:
    """Return the clock ticks that a process has used; the test is skipped without /proc."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        pytest.skip("no /proc")
    return int(fields[11]) + int(fields[12])


def test_a_console_needs_the_driver_of_null_modems(empty_lab: LabHost) -> None:
    argv = line(make_disk(empty_lab))
    empty_lab.run("kldunload", "nmdm")
    error = empty_lab.run(*argv, status=4).stderr
    assert "Unable to initialize backend '/dev/nmdm50A' for LPC device com1" in error
    assert empty_lab.run("cu", "-l", "/dev/nmdm50B", status=3).stdout == "link down\n"


def test_an_unprivileged_user_may_neither_run_nor_reach_a_guest(empty_lab: LabHost) -> None:
    argv = line(make_disk(empty_lab))
    empty_lab.run("kldload", "-n", "vmm")
    user = {"CHYVES_LAB_UID": "1001"}
    assert empty_lab.run(*argv, status=4, **user).stderr == ("vm_create: Operation not permitted\n")
    refused = empty_lab.run("cu", "-l", "/dev/nmdm50B", status=3, **user)
    assert refused.stderr == "/dev/nmdm50B: Permission denied\n"


def test_a_guest_ends_when_its_lab_is_removed(tmp_path: Path) -> None:
    host = make_lab(tmp_path / "lab", pools=())
    guest = start(host, line(make_disk(host)))
    console = Console(host)
    console.wait_for("login: ")
    shutil.rmtree(host.folder)
    assert guest.wait(15) == 4
    console.close()
