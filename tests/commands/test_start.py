"""Guests start, and are refused where they can not."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from pathlib import Path

from tests.commands.conftest import ended, interfaces, nothing_is_left, stop, until
from tests.conftest import LabHost


def test_a_guest_starts_shows_as_running_and_shuts_down(guest: LabHost) -> None:
    before = interfaces(guest)
    assert guest.output("web1", "start", "os.iso") == "web1: running"
    assert (guest.root / "dev/vmm/chy-web1").exists()
    assert "member: tap50" in interfaces(guest)
    assert "description: chyves:web1:tap50" in interfaces(guest)
    row = guest.output("list", "-H", "-o", "name,vmm,running").split("\t")
    assert row == ["web1", "yes", "yes"]
    assert stop(guest, "web1", "stop") == ["web1: powered off"]
    nothing_is_left(guest)
    assert interfaces(guest) == before


def test_the_verb_may_come_first(guest: LabHost) -> None:
    assert guest.output("start", "web1", "os.iso") == "web1: running"
    assert stop(guest, "stop", "web1") == ["web1: powered off"]


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


def test_a_guest_whose_filesystem_is_not_mounted_is_not_booted_without_what_is_in_it(
    guest: LabHost,
) -> None:
    guest.run("zfs", "unmount", "zroot/chyves/guests/web1")
    for words in ((), ("-n",)):
        done = guest.chyves("web1", "start", "os.iso", *words, status=4)
        assert done.stderr == (
            "chyves: web1: zroot/chyves/guests/web1 is not mounted\n"
            "        zfs mount zroot/chyves/guests/web1\n"
        )
    assert not list((guest.root / "chyves/zroot/guests/web1").iterdir())


def test_an_uefi_guest_without_firmware_is_told_where_to_get_it(guest: LabHost) -> None:
    guest.chyves("web1", "set", "loader=uefi")
    done = guest.chyves("web1", "start", "os.iso", status=3)
    assert "there is no UEFI firmware on this host" in done.stderr
    assert "chyves firmware import" in done.stderr


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
    secrets = guest.root / "var/run/chyves/guests/web1/bhyve.conf"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert "pci.0.29.0.password=s3cretpw\n" in secrets.read_text()
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


def test_a_disk_whose_device_node_comes_late_is_waited_for(guest: LabHost, tmp_path: Path) -> None:
    """As it is when the guest was just created or renamed; captures README 15."""
    node = guest.root / "dev/zvol/zroot/chyves/guests/web1/disk0"
    hidden = shutil.move(node, tmp_path / "disk0")

    def come_late() -> None:
        # `start` asks for the modules first, then the supervisor's boot-step, shortly before bhyve.
        until(lambda: len(guest.commands("kldstat")) > 1)
        time.sleep(1.5)
        shutil.move(hidden, node)

    late = threading.Thread(target=come_late)
    late.start()
    assert guest.output("web1", "start", "os.iso") == "web1: running"
    late.join()
    guest.chyves("web1", "stop")
    nothing_is_left(guest)


def test_a_bhyve_that_fails_late_is_waited_for(guest: LabHost) -> None:
    """On a slow host it takes seconds until it has opened all its devices."""
    program = guest.lab.bin / "bhyve"
    program.rename(guest.lab.bin / "real-bhyve")
    program.write_text(f'#!/bin/sh\nsleep 2.5\nexec "{guest.lab.bin}/real-bhyve" "$@"\n')
    program.chmod(0o755)
    guest.chyves("web1", "set", "pcidev_1=virtio-scsi,/dev/cam/ctl99.0")
    done = guest.chyves("web1", "start", "os.iso", status=1)
    assert "running" not in done.stdout
    assert done.stderr.startswith("chyves: web1: "), done.stderr
