"""Guests end and reboot by themselves; each way is told and cleared up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import ended, import_script, interfaces, nothing_is_left, until
from tests.conftest import LabHost


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
