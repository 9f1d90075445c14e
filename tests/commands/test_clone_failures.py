"""`clone`: all or nothing, whatever is wrong, fails or runs meanwhile."""

from __future__ import annotations

import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.commands.conftest import until
from tests.commands.whole_guests import guests, make_bootable, make_gold, snapshots, write_disk

if TYPE_CHECKING:
    from tests.conftest import LabHost

GUESTS = "zroot/chyves/guests"


@pytest.fixture
def gold(lab: LabHost) -> LabHost:
    """A lab with gold, its namesakes gold2 and gold-old, and a snapshot of each."""
    make_gold(lab)
    return lab


def test_a_clone_that_is_wrong_changes_nothing(gold: LabHost) -> None:
    gold.run("zfs", "create", f"{GUESTS}/foreign")
    before = gold.everything()
    for status, words in (
        (2, ["gold", "clone"]),
        (2, ["gold", "clone", "a", "-ci"]),
        (2, ["gold", "clone", "a", "-eu"]),
        (2, ["gold", "clone", "a", "-x"]),
        (2, ["gold", "clone", "a,"]),
        (2, ["gold", "clone", "a/b"]),
        (2, ["gold", "clone", "a@s"]),
        (2, ["gold", "clone", "a b"]),
        (2, ["gold", "clone", "all"]),
        (2, ["gold", "clone", "start"]),
        (2, ["gold", "clone", "a", "tank", "zroot"]),
        (2, ["gold", "clone", "x" * 120]),
        (3, ["gol", "clone", "a"]),
        (2, ["gold,gold2", "clone", "a"]),
        (2, [":web", "clone", "a"]),
        (2, ["all", "clone", "a"]),
        (3, ["gold", "clone", "a", "nosuch"]),
        (4, ["gold", "clone", "gold"]),
        (4, ["gold", "clone", "a,gold2"]),
        (4, ["gold", "clone", "a,foreign"]),
    ):
        done = gold.chyves(*words, status=status)
        assert 1 <= done.stderr.count("\n") <= 2, words
        assert done.stdout == ""
    assert gold.everything() == before


@pytest.mark.parametrize("flags", ["-cu", "-ie"])
def test_a_dry_run_changes_nothing_and_can_be_pasted(gold: LabHost, flags: str) -> None:
    before = gold.everything()
    printed = gold.output("gold", "clone", "web1,web2", flags, "-n").split("\n")
    assert gold.everything() == before
    assert {shlex.split(line)[0] for line in printed} <= {"zfs", "rm"}
    gold.run("sh", "-ec", "\n".join(line for line in printed if line.startswith("zfs")))
    assert guests(gold) == ["gold", "gold-old", "gold2", "web1", "web2"]
    assert "web2" in gold.output("list", "-H", "-o", "name").split()


def test_where_one_of_several_fails_the_others_are_made(gold: LabHost) -> None:
    # The calls: read, snapshot, two clones for each guest.
    fault = "zfs:6:fail"
    done = gold.chyves("gold", "clone", "a,b,c", "-cu", status=1, CHYVES_LAB_FAIL=fault)
    assert done.stderr.startswith("chyves: b: zfs: failed")
    assert guests(gold) == ["a", "c", "gold", "gold-old", "gold2"]
    assert len(snapshots(gold, "gold")) == 2


@pytest.mark.parametrize("flags", ["-cu", "-iu"])
def test_whatever_call_fails_nothing_is_left(gold: LabHost, flags: str) -> None:
    before = gold.everything()
    for call in range(1, 5):
        fault = f"zfs:{call}:fail"
        done = gold.chyves("gold", "clone", "a", flags, status=1, CHYVES_LAB_FAIL=fault)
        assert done.stderr.count("\n") <= 2
        assert gold.everything() == before, call
    gold.chyves("gold", "clone", "a", flags)


def test_a_full_pool_takes_no_copy_and_keeps_nothing_of_it(gold: LabHost) -> None:
    write_disk(gold, "gold", b"\xa5" * (4 << 20))
    gold.run("zfs", "set", "quota=1M", "tank/chyves/guests")
    before = gold.everything()
    done = gold.chyves("gold", "clone", "web1,web2", "-iu", "tank", status=4)
    assert done.stderr.startswith("chyves: web1, web2: takes ")
    assert done.stderr.endswith(" are free on tank\n        zfs list -o space tank/chyves/guests\n")
    assert gold.everything() == before
    used = gold.run("zfs", "get", "-Hpo", "value", "used", "zroot/chyves/guests").stdout.strip()
    gold.run("zfs", "set", f"quota={used}", "zroot/chyves/guests")
    before = gold.everything()
    done = gold.chyves("gold", "clone", "web1", "-cu", status=1)
    assert "does not fit, there is 0B free on zroot; nothing was changed" in done.stderr
    assert gold.everything() == before


def test_a_zfs_clone_can_not_leave_its_pool(gold: LabHost) -> None:
    before = gold.everything()
    done = gold.chyves("gold", "clone", "web1", "-cu", "tank", status=4)
    assert "chyves gold clone web1 -iu tank\n" in done.stderr
    assert gold.everything() == before


def test_on_a_terminal_a_copy_tells_how_far_it_is(gold: LabHost) -> None:
    write_disk(gold, "gold", b"\xa5" * (1 << 20))
    child = pexpect.spawn(
        str(gold.lab.bin / "chyves"),
        ["gold", "clone", "web1", "-iu"],
        env=gold.environment(),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(r"web1 +\d+% +[\d.]+[KMG] of [\d.]+[KMG]")
    child.expect_exact("web1: copied from gold")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_a_copy_that_is_interrupted_leaves_nothing(gold: LabHost, number: signal.Signals) -> None:
    before = gold.everything()
    command = [str(gold.lab.bin / "chyves"), "gold", "clone", "web1,web2,web3,web4,web5", "-iu"]
    place = f"{GUESTS}/web1/disk0"
    with subprocess.Popen(
        command, env=gold.environment(), stderr=subprocess.PIPE, encoding="utf-8"
    ) as copying:
        until(lambda: place in gold.datasets())
        copying.send_signal(number)
        _, words = copying.communicate()
    assert (copying.returncode, words) == (130, "chyves: interrupted\n")
    assert gold.everything() == before


def test_two_that_are_alike_are_not_started_together(gold: LabHost) -> None:
    gold.chyves("gold", "clone", "web1", "-ce")
    done = gold.chyves("gold,web1", "start", status=4)
    assert "web1: tap50 is an interface of gold, which is started too" in done.stderr


def test_a_guest_that_runs_is_cloned_as_it_is_and_that_is_said(gold: LabHost) -> None:
    make_bootable(gold, "gold")
    gold.chyves("gold", "start")
    done = gold.chyves("gold", "clone", "web1", "-cu")
    assert done.stdout.startswith("gold: runs, clones see its disks as after a power failure\n")
    assert snapshots(gold, "gold")[-1].endswith("-LIVE-SYSTEM")
    gold.chyves("gold", "clone", "web2", "-ce")
    done = gold.chyves("web2,web1", "start", status=4)
    assert "web2: tap50 is an interface of gold, which runs" in done.stderr
    make_bootable(gold, "web1")
    gold.chyves("web1", "start")
