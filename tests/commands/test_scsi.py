"""virtio-scsi disks: units of ctl(4) that come and go with the guest, and nobody else's."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.commands.conftest import (
    SUPERVISOR,
    import_script,
    nothing_is_left,
    pid_of,
    running,
    until,
)
from tests.conftest import LabHost

GUEST = "chyves/zroot/guests/web1"
FOREIGN = ("-o", "file=/tmp/target.img", "-o", "ctld_name=iqn.2026-11.net.example:web1,lun,0")


@pytest.fixture
def scsi(lab: LabHost, tmp_path: Path) -> LabHost:
    """A lab with web1, which has two virtio-scsi disks, on a host with a unit of ctld(8)."""
    lab.chyves("web1", "create", "1G", "bhyve_disk_type=virtio-scsi")
    lab.chyves("web1", "disk", "add", "2G")
    lab.run("kldload", "ctl")
    (lab.root / "tmp/target.img").write_bytes(bytes(4096))
    lab.run("ctladm", "create", "-b", "block", *FOREIGN)
    lab.run("ctladm", "port", "-c", "-d", "ioctl", "-O", "pp=7")
    lab.run("ctladm", "lunmap", "-p", "3", "-l", "0", "-L", "0")
    import_script(lab, tmp_path, "os.iso")
    lab.forget_commands()
    return lab


def units(host: LabHost) -> str:
    """Return the host's units and ports."""
    return host.run("ctladm", "devlist", "-x").stdout + host.run("ctladm", "portlist", "-x").stdout


def nodes(host: LabHost) -> list[str]:
    """Return the ports that have a device node."""
    return sorted(each.name for each in (host.root / "dev/cam").iterdir())


def test_a_guest_has_a_port_for_each_disk_as_long_as_it_runs(scsi: LabHost) -> None:
    before = units(scsi)
    serial = scsi.output("list", "disks", "-H", "-o", "serial").splitlines()[1]
    planned = scsi.output("web1", "start", "os.iso", "-n").splitlines()
    scsi.chyves("web1", "start", "os.iso")
    done = [" ".join(argv) for argv in scsi.commands("ctladm") if "-x" not in argv]
    assert done == [line for line in planned if line.startswith("ctladm ")]
    assert nodes(scsi) == ["ctl", "ctl50.4", "ctl50.5", "ctl7.0"]
    now = units(scsi)
    assert f"<serial_number>{serial}</serial_number>\n\t<device_id>{serial}</device_id>" in now
    assert now.count("<chyves>web1</chyves>") == 2
    busy = scsi.run("zfs", "destroy", "zroot/chyves/guests/web1/disk1", status=1)
    assert "dataset is busy" in busy.stderr
    scsi.chyves("web1", "stop")
    nothing_is_left(scsi)
    assert units(scsi) == before


def test_a_port_that_somebody_else_has_is_refused_and_left_alone(scsi: LabHost) -> None:
    scsi.run("ctladm", "port", "-c", "-d", "ioctl", "-O", "pp=50", "-O", "vp=5")
    before = units(scsi)
    for words in (("start", "-n"), ("start",)):
        refused = scsi.chyves("web1", *words, status=None)
        assert refused.returncode
        assert "web1: " in refused.stderr
        assert "/dev/cam/ctl50.5 is there already, and not of this guest" in refused.stderr
    assert units(scsi) == before


def test_each_kill_on_the_way_leaves_nothing_of_the_guest_and_all_of_others(
    scsi: LabHost,
) -> None:
    before = units(scsi)
    for number in (4, 6, 7, 10):
        fault = f"ctladm:{number}:kill"
        scsi.chyves("web1", "start", "os.iso", status=1, CHYVES_LAB_FAIL=fault)
        # What clears up has the same fault, and is killed where it gets as far.
        until(lambda: not running(scsi))
        scsi.chyves("web1", "reclaim")
        assert units(scsi) == before, fault
    scsi.chyves("web1", "start", "os.iso")
    scsi.chyves("web1", "stop", "force")
    assert units(scsi) == before


def test_the_doctor_finds_what_a_guest_has_left_and_takes_away_only_that(scsi: LabHost) -> None:
    before = units(scsi)
    scsi.chyves("web1", "start", "os.iso")
    os.kill(pid_of(scsi, SUPERVISOR), signal.SIGKILL)
    os.kill(pid_of(scsi, "bhyve: chy-web1 (bhyve)"), signal.SIGKILL)
    until(lambda: not running(scsi))
    # A port whose maker was killed before it could show anything.
    scsi.run("ctladm", "port", "-c", "-d", "ioctl", "-O", "pp=50", "-O", "vp=6")
    (scsi.root / "var/run/chyves/guests/web1/ctl.ports").write_text("50.6\n")
    found = scsi.chyves("doctor", status=None).stdout
    assert "unit 1 of ctl(4), unit 2 of ctl(4)" in found
    scsi.chyves("doctor", "--fix", status=None)
    assert units(scsi) == before
    nothing_is_left(scsi)


def test_a_host_that_loads_no_modules_is_told_which_one(scsi: LabHost) -> None:
    scsi.run("ctladm", "remove", "-b", "block", "-l", "0")
    scsi.run("kldunload", "ctl")
    scsi.chyves("global", "set", "auto_load_kernel_mods=no")
    refused = scsi.chyves("web1", "start", status=4)
    assert refused.stderr == "chyves: web1: virtio-scsi disks need ctl(4)\n        kldload ctl\n"
