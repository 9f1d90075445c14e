"""mdconfig(8) in the lab: disks for pools. What captures zfs has no line for is from its source."""

from __future__ import annotations

from tests.conftest import LabHost


def test_disks_are_made_listed_and_taken_away(lab: LabHost) -> None:
    assert lab.run("mdconfig", "-l").stdout == ""
    assert lab.run("mdconfig", "-a", "-t", "swap", "-s", "600m").stdout == "md0\n"
    assert lab.run("mdconfig", "-a", "-t", "swap", "-s", "1g", "-u", "9", "-L", "x").stdout == ""
    assert lab.run("mdconfig", "-l").stdout == "md0 md9 \n"
    listed = "md0\tswap\t  600M\t-\t\nmd9\tswap\t  1.0G\t-\tx\n"
    assert lab.run("mdconfig", "-l", "-v").stdout == listed
    lab.run("mdconfig", "-d", "-u", "md0")
    assert lab.run("mdconfig", "-l", "-u", "0", status=255).stdout == ""
    lab.run("mdconfig", "-d", "-u", "0", status=1)
    assert sorted(each.name for each in (lab.root / "dev").glob("md*")) == ["md9"]


def test_a_disk_of_a_pool_is_busy(lab: LabHost) -> None:
    lab.run("mdconfig", "-a", "-t", "swap", "-s", "100m", "-u", "1")
    lab.run("zpool", "create", "pond", "md1")
    done = lab.run("mdconfig", "-d", "-u", "1", status=1)
    assert done.stderr == "mdconfig: ioctl(/dev/mdctl): Device busy\n"
    lab.run("zpool", "destroy", "pond")
    lab.run("mdconfig", "-d", "-u", "1")


def test_wrong_lines_make_nothing(lab: LabHost) -> None:
    for words in (
        (),
        ("-a",),
        ("-a", "-t", "swap"),
        ("-a", "-t", "tape", "-s", "1m"),
        ("-a", "-t", "swap", "-s", "5x"),
        ("-d",),
        ("-d", "-u", "x"),
        ("-a", "-d", "-u", "1"),
        ("-Z",),
    ):
        assert lab.run("mdconfig", *words, status=1).stderr.startswith(("mdconfig: ", "usage: "))
    lab.run("mdconfig", "-a", "-t", "swap", "-s", "1m", status=1, CHYVES_LAB_UID="1001")
    assert lab.run("mdconfig", "-l").stdout == ""
