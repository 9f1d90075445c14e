"""`delete`: exactly what was shown goes, or nothing; and what was interrupted can be ended."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.commands.whole_guests import (
    clone_guest,
    guests,
    make_bootable,
    make_whole_guests,
    outside,
)

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"


@pytest.fixture
def three(lab: LabHost) -> LabHost:
    """A lab with web1, web2 and web3, each with a snapshot."""
    make_whole_guests(lab, ["web1", "web2", "web3"], snapshots=["s"])
    return lab


def test_what_goes_is_shown_and_without_a_terminal_nothing_does(three: LabHost) -> None:
    before = three.everything()
    done = three.chyves("web1", "delete", status=4)
    assert done.stdout.startswith("web1: zroot/chyves/guests/web1 with 1 disk, 1 snapshot, ")
    assert "--yes" in done.stderr
    assert done.stderr.count("\n") == 2
    assert three.everything() == before


def test_what_somebody_else_keeps_below_a_guest_is_named_before_it_goes(three: LabHost) -> None:
    for words in (("backup",), ("-V", "1M", "disk0x"), ("-V", "1M", "data")):
        three.run("zfs", "create", *words[:-1], f"{WEB1}/{words[-1]}")
    three.run("zfs", "snapshot", f"{WEB1}/backup@mine")
    shown = three.chyves("web1", "delete", status=4).stdout.splitlines()
    assert shown[0].startswith(f"web1: {WEB1} with 1 disk, 2 snapshots, ")
    others = f"{WEB1}/backup, {WEB1}/data, {WEB1}/disk0x"
    assert shown[1:] == [f"web1: and what is no disk: {others}"]


@pytest.mark.parametrize(
    ("answer", "status"), [("y", 0), ("n", 4), ("", 4), ("\x04", 4), ("\x03", 130)]
)
def test_at_a_terminal_only_yes_destroys(lab: LabHost, answer: str, status: int) -> None:
    make_whole_guests(lab, ["web1"])
    words = ["web1", "delete"]
    child = pexpect.spawn(
        str(lab.lab.bin / "chyves"), words, env=lab.environment(), encoding="utf-8", timeout=60
    )
    child.expect_exact("[y/N]")
    child.send(answer if answer in ("\x03", "\x04") else f"{answer}\r")
    child.expect(pexpect.EOF)
    child.close()
    assert "rror" not in (child.before or "")
    assert child.exitstatus == status
    assert guests(lab) == ([] if status == 0 else ["web1"])


def test_a_delete_that_is_wrong_touches_nothing(three: LabHost) -> None:
    three.run("zfs", "create", "zroot/chyves/guests/foreign")
    before = three.everything()
    for status, words in (
        (2, ["delete"]),
        (2, ["web1", "delete", "--yes", "nosuch"]),
        (2, ["web1,", "delete", "--yes"]),
        (2, ["", "delete", "--yes"]),
        (2, ["web1", "delete", "--nosuch"]),
        (3, ["web", "delete", "--yes"]),
        (3, ["web*", "delete", "--yes"]),
        (3, ["web1/disk0", "delete", "--yes"]),
        (3, ["../guests", "delete", "--yes"]),
        (3, ["web1@s", "delete", "--yes"]),
        (3, ["web1,nosuch", "delete", "--yes"]),
        (3, [":nosuch", "delete", "--yes"]),
        (4, ["foreign", "delete", "--yes"]),
        (4, ["foreign", "delete", "force", "--yes"]),
    ):
        done = three.chyves(*words, status=status)
        assert 1 <= done.stderr.count("\n") <= 2, words
    assert three.everything() == before


def test_a_running_guest_stays_and_the_others_named_with_it_go(three: LabHost) -> None:
    make_bootable(three, "web2")
    three.chyves("web2", "start")
    done = three.chyves("web1,web2", "delete", "--yes", status=4)
    assert "web2: is running" in done.stderr
    assert guests(three) == ["web2", "web3"]
    assert three.chyves("web2", "delete", "--yes", "force", status=4)
    assert guests(three) == ["web2", "web3"]


def test_clones_go_only_with_force_or_when_they_are_named_too(three: LabHost) -> None:
    clone_guest(three, "web1", "clone1")
    before = three.everything()
    done = three.chyves("web1", "delete", "--yes", status=4)
    assert "clone1" in done.stderr
    assert three.everything() == before
    three.chyves("web1,clone1", "delete", "--yes")
    assert guests(three) == ["web2", "web3"]
    clone_guest(three, "web2", "clone2")
    shown = three.output("web2", "delete", "force", "--yes")
    assert "its clones clone2" in shown
    assert guests(three) == ["web3"]


def test_all_guests_can_be_deleted_when_some_are_clones_of_others(three: LabHost) -> None:
    clone_guest(three, "web1", "aclone")
    clone_guest(three, "web3", "zclone")
    three.chyves("all", "delete", "--yes")
    assert guests(three) == []


def test_force_never_takes_what_is_no_guest(three: LabHost) -> None:
    three.run("zfs", "clone", f"{WEB1}/disk0@s", "zroot/precious")
    before = three.everything()
    done = three.chyves("web1", "delete", "force", "--yes", status=4)
    assert "zroot/precious" in done.stderr
    assert three.everything() == before


def test_a_held_snapshot_keeps_the_guest_and_its_disks(three: LabHost) -> None:
    """zfs destroy -r would take the disks before it comes to the snapshot that it can't take."""
    for held in (f"{WEB1}@s", f"{WEB1}/disk0@s"):
        three.run("zfs", "hold", "keep", held)
        before = three.everything()
        done = three.chyves("web1", "delete", "--yes", status=4)
        assert done.stderr == (
            f"chyves: web1: a snapshot is held: {held}\n        zfs holds {held}\n"
        )
        assert three.everything() == before
        three.run("zfs", "release", "keep", held)


def test_when_nothing_could_be_destroyed_the_guest_is_whole_again(three: LabHost) -> None:
    before = three.everything()
    for call in range(1, 9):
        fault = f"zfs:{call}:fail"
        done = three.chyves("web1", "delete", "--yes", status=1, CHYVES_LAB_FAIL=fault)
        assert done.stderr.count("\n") <= 2
        assert three.everything() == before, call
    three.chyves("web1", "delete", "--yes")
    assert guests(three) == ["web2", "web3"]


def test_a_guest_whose_disk_is_open_is_not_given_up_in_silence(three: LabHost) -> None:
    """zfs destroys the snapshots before it finds the disk busy (transcript busy)."""
    with open(three.root / f"dev/zvol/{WEB1}/disk0", "rb"):
        done = three.chyves("web1", "delete", "--yes", status=1)
    assert "busy" in done.stderr
    assert "of its datasets and snapshots are gone\n        chyves web1 delete\n" in done.stderr
    assert done.stderr.count("\n") <= 2
    assert f"{WEB1}/disk0" in three.datasets()
    three.chyves("web1", "delete", "--yes")
    assert guests(three) == ["web2", "web3"]


def test_a_guest_without_snapshots_whose_disk_is_open_stays_whole(three: LabHost) -> None:
    three.chyves("web1", "snapshot", "delete", "@s", "--yes")
    before = three.everything()
    with open(three.root / f"dev/zvol/{WEB1}/disk0", "rb"):
        three.chyves("web1", "delete", "--yes", status=1)
    assert three.everything() == before


@pytest.mark.parametrize("fault", ["kill", "kill-after"])
def test_a_killed_delete_hurts_no_one_and_the_same_command_again_succeeds(
    lab: LabHost, fault: str
) -> None:
    make_whole_guests(lab, ["web", "web12"])
    others = outside(lab, "web1")
    for call in range(1, 7):
        make_whole_guests(lab, ["web1"], first=9, snapshots=["s"])
        done = lab.chyves(
            "web1", "delete", "--yes", status=None, CHYVES_LAB_FAIL=f"zfs:{call}:{fault}"
        )
        assert outside(lab, "web1") == others
        if "web1" in guests(lab):
            assert done.returncode == -9
            lab.chyves("web1", "delete", "--yes")
        assert outside(lab, "web1") == others
        assert guests(lab) == ["web", "web12"]


def test_what_an_interrupted_delete_left_can_be_named_with_others(three: LabHost) -> None:
    fault = "zfs:6:kill"
    three.chyves("web1", "delete", "--yes", status=-9, CHYVES_LAB_FAIL=fault)
    three.chyves("web1,web2", "delete", "--yes")
    assert guests(three) == ["web3"]


def test_a_dry_run_destroys_nothing_and_can_be_pasted(three: LabHost) -> None:
    before = three.everything()
    printed = three.output("web1", "delete", "-n")
    assert three.everything() == before
    lines = [line for line in printed.split("\n") if not line.startswith("#")]
    assert {shlex.split(line)[0] for line in lines} <= {"zfs", "bhyvectl", "ifconfig", "rm"}
    three.run("sh", "-c", "\n".join(line for line in lines if line.startswith("zfs")))
    assert guests(three) == ["web2", "web3"]


def test_deleting_all_where_there_is_nothing_is_no_error(lab: LabHost) -> None:
    assert lab.output("all", "delete", "--yes") == ""
