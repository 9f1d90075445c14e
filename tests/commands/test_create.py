"""`create`: new guests are whole or not there, and share nothing with others."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from chyves_core.lab.zfs.pools import make_pool
from tests.commands.whole_guests import guests, make_whole_guests, outside, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"


def test_a_new_guest_has_all_that_it_needs(lab: LabHost) -> None:
    lab.chyves("web1", "create", "3G", "tank", "ram=1G", "notes=a b")
    properties = own_properties(lab, "tank/chyves/guests/web1")
    assert properties["chyves:ram"] == "1G"
    assert properties["chyves:notes"] == "a b"
    assert properties["chyves:net_ifaces"] == "tap50"
    assert properties["chyves:tap50_bridge"] == "bridge0"
    assert properties["chyves:tap50_mac"].startswith("58:9c:fd:")
    assert properties["chyves:serial"] == "nmdm50"
    assert properties["chyves:uefi_vnc_port"] == "5900"
    assert properties["chyves:chyves_guest_version"] == "1"
    assert lab.output("web1", "get", "-H", "notes") == "a b"
    size = lab.run("zfs", "get", "-Hp", "-o", "value", "volsize", "tank/chyves/guests/web1/disk0")
    assert size.stdout == f"{3 << 30}\n"


def test_a_new_guest_takes_no_number_that_anybody_has(lab: LabHost) -> None:
    make_whole_guests(lab, ["old"])
    make_whole_guests(lab, ["other"], pool="tank", first=1)
    lab.run("ifconfig", "tap52", "create")
    lab.chyves("web1", "create")
    properties = own_properties(lab, WEB1)
    assert properties["chyves:net_ifaces"] == "tap53"
    assert properties["chyves:serial"] == "nmdm52"
    assert properties["chyves:uefi_vnc_port"] == "5902"


def test_numbers_that_no_number_can_be_do_not_disturb_new_guests(lab: LabHost) -> None:
    make_whole_guests(
        lab,
        ["odd"],
        uefi_vnc_port="²",
        serial=f"nmdm{'9' * 5000}",
        net_ifaces="tap٣,tap",
        uuid="",
    )
    lab.chyves("web1", "create")
    assert own_properties(lab, WEB1)["chyves:net_ifaces"] == "tap50"


def test_the_defaults_make_a_new_guest(lab: LabHost) -> None:
    lab.chyves("defaults", "set", "cpu=2", "size=1G", "bridge=bridge7", "disk_volmode=full")
    lab.chyves("global", "set", "tap_start_offset=900", "uefi_vnc_port_start_offset=6000")
    lab.chyves("web1", "create")
    properties = own_properties(lab, WEB1)
    assert properties["chyves:cpu"] == "2"
    assert properties["chyves:tap900_bridge"] == "bridge7"
    assert properties["chyves:uefi_vnc_port"] == "6000"
    shown = lab.run("zfs", "get", "-Hp", "-o", "value", "volsize,volmode", f"{WEB1}/disk0").stdout
    assert shown == f"{1 << 30}\nfull\n"


WRONG = (
    (2, ["create"]),
    (2, ["web9", "create", "-5G"]),
    (2, ["web9", "create", "0"]),
    (2, ["web9", "create", "8X"]),
    (2, ["web9", "create", "9" * 6000 + "G"]),
    (2, ["web9", "create", "1G", "zroot", "tank"]),
    (2, ["web9", "create", "cpu=0"]),
    (2, ["web9", "create", "nosuch=1"]),
    (2, ["web9", "create", "cpu=1", "cpu=2"]),
    (2, ["web9,", "create"]),
    (2, ["web9,bad/name", "create"]),
    (2, ["web8,web9", "create", "serial=nmdm77"]),
    (3, ["web9", "create", "nosuchpool"]),
    (4, ["web9", "create", "chyves_guest_version=1"]),
    (4, ["web9", "create", "serial=nmdm50"]),
    (4, ["web9,web1", "create"]),
    (4, ["web1", "create", "tank"]),
    (4, ["foreign", "create"]),
    (4, ["volume", "create"]),
    (1, ["web9", "create", "999999T"]),
)


def test_a_create_that_is_wrong_anywhere_makes_nothing(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    lab.run("zfs", "create", "zroot/chyves/guests/foreign")
    lab.run("zfs", "create", "-V", "1M", "zroot/chyves/guests/volume")
    before = lab.everything()
    for status, words in WRONG:
        done = lab.chyves(*words, status=status)
        assert done.stderr.startswith("chyves: "), words
        assert 1 <= done.stderr.count("\n") <= 2, words
        assert len(done.stderr) < 700, words
        assert done.stdout == ""
    assert lab.everything() == before


def test_a_name_that_another_pool_has_is_refused(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], pool="tank")
    done = lab.chyves("web1", "create", status=4)
    assert "tank/chyves/guests/web1" in done.stderr


def test_a_full_pool_leaves_nothing_behind(lab: LabHost) -> None:
    make_pool(lab.lab, "small", 64 << 20)
    lab.chyves("dataset", "small", "install")
    before = lab.everything()
    done = lab.chyves("web1", "create", "1G", "small", status=1)
    assert re.fullmatch(
        r"chyves: web1: a disk of 1G does not fit, there is [0-9.]+M free on small; nothing was "
        r"changed\n        zfs list -o space -r small\n",
        done.stderr,
    ), done.stderr
    assert lab.everything() == before


def test_when_a_zfs_call_fails_nothing_of_the_guest_is_left(lab: LabHost) -> None:
    before = lab.everything()
    for call in (2, 3, 4):
        done = lab.chyves("web1", "create", status=1, CHYVES_LAB_FAIL=f"zfs:{call}:fail")
        assert done.stderr.count("\n") == 1
        assert lab.everything() == before
    lab.chyves("web1", "create")
    assert guests(lab) == ["web1"]


@pytest.mark.parametrize("fault", ["kill", "kill-after"])
def test_a_killed_create_hurts_no_one_and_the_same_command_again_succeeds(
    lab: LabHost, fault: str
) -> None:
    make_whole_guests(lab, ["web", "web12"])
    others = outside(lab, "web1")
    for call in range(1, 7):
        done = lab.chyves("web1", "create", status=None, CHYVES_LAB_FAIL=f"zfs:{call}:{fault}")
        assert outside(lab, "web1") == others
        made = "chyves:chyves_guest_version" in (
            own_properties(lab, WEB1) if WEB1 in lab.datasets() else {}
        )
        if not made:
            assert done.returncode == -9
            lab.chyves("web1", "get", "cpu", status=3)
            lab.chyves("web1", "create")
        properties = own_properties(lab, WEB1)
        assert properties["chyves:serial"] not in ("nmdm50", "nmdm51")
        assert f"{WEB1}/disk0" in lab.datasets()
        lab.chyves("web1", "delete", "--yes")
        assert outside(lab, "web1") == others


def test_a_dry_run_makes_nothing_and_can_be_pasted(lab: LabHost) -> None:
    before = lab.everything()
    printed = lab.output("web1", "create", "-n", "1G", 'notes=it\'s $(a) `b` "c" %')
    assert lab.everything() == before
    argvs = [shlex.split(line) for line in printed.split("\n")]
    assert [argv[:2] for argv in argvs] == [["zfs", "create"], ["zfs", "create"], ["zfs", "set"]]
    lab.run("sh", "-c", printed)
    assert lab.output("web1", "get", "-H", "notes") == 'it\'s $(a) `b` "c" %'


def test_long_names_are_refused_where_the_host_has_short_ones(lab: LabHost) -> None:
    settings = lab.lab.settings_file
    settings.write_text(settings.read_text().replace("14.3", "11.4"))
    lab.chyves("w" * 28, "create", status=2)
    lab.chyves("w" * 27, "create")
    assert guests(lab) == ["w" * 27]
