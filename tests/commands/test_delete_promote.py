"""`delete promote`: a guest goes, and all that was cloned from it lives on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

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

GUESTS = "zroot/chyves/guests"


@pytest.fixture
def family(lab: LabHost) -> LabHost:
    """gold with the snapshots @a @b @c; web1 and web2 stand on @b, web12 on @a, gold2 on none."""
    make_whole_guests(lab, ["gold", "gold2"], snapshots=["a", "b", "c"])
    for name, snapshot in (("web2", "b"), ("web1", "b"), ("web12", "a")):
        clone_guest(lab, "gold", name, snapshot)
    return lab


def origins(lab: LabHost) -> dict[str, str]:
    """What each clone stands on, without the part of the names that all have."""
    argv = ("zfs", "list", "-H", "-t", "filesystem,volume", "-o", "name,origin")
    rows = [line.split("\t") for line in lab.run(*argv).stdout.splitlines()]
    short = [[cell.removeprefix(f"{GUESTS}/") for cell in row] for row in rows]
    return {name: origin for name, origin in short if origin != "-"}


def test_the_first_clone_takes_over_and_the_others_stand_on_it(family: LabHost) -> None:
    others = outside(family, "gold", "web1", "web2", "web12")
    shown = family.output("gold", "delete", "promote", "--yes").split("\n")
    assert shown[0].startswith(f"gold: {GUESTS}/gold with 1 disk, 1 snapshot, ")
    assert shown[1:] == [
        "gold: web1 takes over its snapshots @a, @b; web12, web2 will stand on web1",
        "gold: deleted",
    ]
    assert guests(family) == ["gold2", "web1", "web12", "web2"]
    assert origins(family) == {
        f"{name}{disk}": f"web1{disk}@{snapshot}"
        for name, snapshot in (("web2", "b"), ("web12", "a"))
        for disk in ("", "/disk0")
    }
    assert outside(family, "gold", "web1", "web2", "web12") == others
    assert family.output("list", "-H", "-o", "name").split() == guests(family)
    family.chyves("web12,web2,web1", "delete", "--yes")


def test_a_clone_of_a_clone_comes_to_stand_on_what_its_parent_stood_on(family: LabHost) -> None:
    family.run("zfs", "snapshot", "-r", f"{GUESTS}/web1@mine")
    clone_guest(family, "web1", "child", "mine")
    family.chyves("web1", "delete", "promote", "--yes")
    found = origins(family)
    assert (found["child"], found["child/disk0"]) == ("gold@b", "gold/disk0@b")
    family.chyves("gold", "delete", "promote", "--yes")
    assert guests(family) == ["child", "gold2", "web12", "web2"]
    assert origins(family)["web2"] == "child@b"


def test_the_snapshots_that_clone_took_go_with_the_last_that_stands_on_them(lab: LabHost) -> None:
    make_whole_guests(lab, ["base"])
    before = lab.everything()
    lab.chyves("base", "clone", "gold", "-cu")
    lab.chyves("gold", "clone", "web1", "-cu")
    shown = lab.output("gold", "delete", "promote", "--yes")
    assert "on which nothing stands" not in shown
    assert origins(lab)["web1/disk0"].startswith("base/disk0@clone-gold-")
    assert f"{GUESTS}/web1@" not in lab.everything()
    assert "on which nothing stands then" in lab.output("web1", "delete", "--yes")
    assert lab.everything() == before


def test_the_refusal_and_the_dry_run_change_nothing(family: LabHost) -> None:
    before = family.everything()
    done = family.chyves("gold", "delete", "--yes", status=4)
    assert "chyves gold delete promote" in done.stderr
    done = family.chyves("gold", "delete", "promote", status=4)
    assert "--yes" in done.stderr
    family.chyves("gold", "delete", "promote", "force", "--yes", status=2)
    printed = family.output("gold", "delete", "promote", "-n").split("\n")
    assert [line.partition(GUESTS)[0] for line in printed if line.startswith("zfs")] == [
        "zfs inherit chyves:chyves_guest_version ",
        "zfs promote ",
        "zfs promote ",
        "zfs destroy -r ",
    ]
    assert family.everything() == before


def test_a_guest_named_with_its_clone_goes_after_it(family: LabHost) -> None:
    done = family.chyves("gold,web1", "delete", "promote", "--yes", status=4)
    assert "its clone web1 is to be deleted too, and has to go first" in done.stderr
    assert guests(family) == ["gold", "gold2", "web12", "web2"]


def test_a_snapshot_of_the_same_name_is_in_the_way_and_then_another_clone_is_taken(
    family: LabHost,
) -> None:
    for name in ("web1", "web2"):
        family.run("zfs", "snapshot", f"{GUESTS}/{name}@a")
    before = family.everything()
    done = family.chyves("gold", "delete", "promote", "--yes", status=4)
    assert "web1 can't take over the snapshots of zroot/chyves/guests/gold: it has a @a too" in (
        done.stderr
    )
    assert family.everything() == before
    family.run("zfs", "destroy", f"{GUESTS}/web2@a")
    family.chyves("gold", "delete", "promote", "--yes")
    found = origins(family)
    assert (found["web1"], found["web2/disk0"]) == ("web2@b", "web1/disk0@b")


def test_what_is_no_guest_is_promoted_too(family: LabHost) -> None:
    family.run("zfs", "clone", f"{GUESTS}/gold/disk0@c", "zroot/precious")
    done = family.chyves("gold", "delete", "force", "--yes", status=4)
    assert "zroot/precious" in done.stderr
    shown = family.output("gold", "delete", "promote", "--yes")
    assert "zroot/precious takes over its snapshots @a, @b, @c; web1, web12, web2" in shown
    assert origins(family)["web1/disk0"] == "zroot/precious@b"
    assert origins(family)["web2"] == "web1@b"


def test_clones_may_run_the_guest_may_not(family: LabHost) -> None:
    for name in ("gold", "web2"):
        make_bootable(family, name)
    family.chyves("gold", "start")
    before = family.everything()
    done = family.chyves("gold", "delete", "promote", "--yes", status=4)
    assert "gold: is running" in done.stderr
    assert family.everything() == before
    family.chyves("gold", "stop", "force")
    family.chyves("web2", "start")
    family.chyves("gold", "delete", "promote", "--yes")
    (row,) = json.loads(family.output("info", "--json", "web2"))
    assert (row["running"], row["origin"]) == (True, f"{GUESTS}/web1@b")


def test_when_a_promotion_or_the_end_fails_everything_is_as_it_was(family: LabHost) -> None:
    before = family.everything()
    # The first ten calls look; then come inherit, promote, promote and destroy.
    for call in (4, 11, 12, 13, 14):
        fault = f"zfs:{call}:fail"
        family.chyves("gold", "delete", "promote", "--yes", status=1, CHYVES_LAB_FAIL=fault)
        assert family.everything() == before, call
    family.run("zfs", "hold", "keep", f"{GUESTS}/gold@c")
    family.chyves("gold", "delete", "promote", "--yes", status=4)
    family.run("zfs", "release", "keep", f"{GUESTS}/gold@c")
    assert family.everything() == before


@pytest.mark.parametrize("fault", ["zfs:13:kill", "zfs:14:kill-after"])
def test_what_was_interrupted_is_ended_by_the_same_command_and_by_the_doctor(
    family: LabHost, fault: str
) -> None:
    words = ("gold", "delete", "promote", "--yes")
    family.chyves(*words, status=-9, CHYVES_LAB_FAIL=fault)
    done = family.chyves("web1", "snapshot", "@x", status=4)
    assert "`chyves gold delete promote` was interrupted" in done.stderr
    if "after" in fault:
        assert family.output(*words) == "gold: deleted"
    else:
        mended = family.chyves("doctor", "--fix", "--yes").stdout
        assert "gold: mended, `chyves gold delete promote` was interrupted" in mended
    assert guests(family) == ["gold2", "web1", "web12", "web2"]
    assert origins(family)["web12/disk0"] == "web1/disk0@a"
    family.chyves("web1", "snapshot", "@x")


def test_a_guest_without_clones_is_just_deleted(family: LabHost) -> None:
    family.chyves("gold2", "delete", "promote", "--yes")
    assert "gold2" not in guests(family)
