"""`doctor`: what it says of pools and snapshots, and that --fix destroys nothing that is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.commands.whole_guests import guests, make_whole_guests, snapshots

if TYPE_CHECKING:
    from tests.conftest import LabHost

GUESTS = "zroot/chyves/guests"
WEB1 = f"{GUESTS}/web1"


def found(lab: LabHost) -> dict[str, dict[str, str]]:
    """What doctor finds, by whose it is: one thing of each."""
    rows = json.loads(lab.chyves("doctor", "--json", status=None).stdout)
    by_subject = {row["subject"]: row for row in rows}
    assert len(by_subject) == len(rows), rows
    return by_subject


def test_an_interrupted_uninstall_is_told_and_ended_only_by_its_command(lab: LabHost) -> None:
    make_whole_guests(lab, ["mail"], pool="tank")
    words = ("dataset", "tank", "uninstall", "force", "-y")
    lab.forget_commands()
    lab.chyves(*words, status=-9, CHYVES_LAB_FAIL="zfs:7:kill")
    assert "tank/chyves_uninstalled" in lab.datasets()
    row = found(lab)["tank"]
    assert row["problem"].startswith("was being uninstalled, and tank/chyves_uninstalled is left, ")
    assert row["command"] == "chyves dataset tank uninstall"
    before = lab.everything()
    lab.chyves("doctor", "--fix", "-y", status=1)
    assert lab.everything() == before
    lab.chyves("dataset", "tank", "uninstall", "-y")
    assert found(lab) == {}
    lab.run("zfs", "create", "tank/chyves_uninstalled")
    assert found(lab) == {}


def test_snapshots_of_a_move_that_did_not_happen_go(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web10"], snapshots=["a"])
    lab.chyves("web1", "move", "tank", status=-9, CHYVES_LAB_FAIL="zfs:9:kill")
    lab.run("zfs", "snapshot", "-r", f"{GUESTS}/web10@chyves-move-one")
    assert f"{WEB1}@chyves-move-1" in lab.datasets()
    row = found(lab)["web1"]
    assert row["problem"].startswith("@chyves-move-1 was taken to move it, which is at work or was")
    assert row["command"] == "chyves doctor --fix"
    lab.chyves("doctor", "--fix", "-q")
    assert found(lab) == {}
    assert snapshots(lab, "web1") == ["a"]
    assert snapshots(lab, "web10") == ["a", "chyves-move-one"]


def test_a_snapshot_of_a_move_that_is_needed_stays(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"], snapshots=["chyves-move-1"])
    lab.run("zfs", "hold", "mine", f"{WEB1}/disk0@chyves-move-1")
    lab.run("zfs", "clone", f"{GUESTS}/web2/disk0@chyves-move-1", "zroot/rescued")
    rows = found(lab)
    assert rows["web1"]["command"] == f"zfs holds {WEB1}/disk0@chyves-move-1"
    assert rows["web2"]["command"] == "zfs list -o name,origin zroot/rescued"
    before = lab.everything()
    lab.chyves("doctor", "--fix", "-y", status=1)
    assert lab.everything() == before


def test_marks_stay_while_the_old_place_of_a_moved_guest_has_to_be_compared(lab: LabHost) -> None:
    make_whole_guests(lab, ["other", "web1"])
    lab.chyves("other", "move", "tank")
    calls = [argv[1] for argv in lab.commands("zfs")]
    last = len(calls) - calls[::-1].index("destroy") - 1
    # The last destroy forgets the marks, the one before takes the old place away.
    place = last - calls[:last][::-1].index("destroy") - calls.count("create")
    lab.chyves("web1", "move", "tank", status=-9, CHYVES_LAB_FAIL=f"zfs:{place}:kill")
    assert (WEB1 in lab.datasets(), guests(lab)) == (True, ["other", "web1", "web1"])
    assert found(lab)["web1"]["problem"].startswith("was moved to tank, and ")
    lab.chyves("doctor", "--fix")
    assert found(lab) == {}
    assert guests(lab) == ["other", "web1"]
    assert not [name for name in lab.datasets() if "chyves-move" in name]


def test_a_guest_that_can_not_go_back_when_it_boots_is_told_before_it_does(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2", "web3", "web4"], snapshots=["a"])
    words = ("revert_to_snapshot=@a", "revert_to_snapshot_method=both")
    lab.chyves("web1,web2,web3,web4", "set", *words)
    assert found(lab) == {}
    lab.run("zfs", "destroy", "-r", f"{WEB1}@a")
    lab.run("zfs", "snapshot", f"{GUESTS}/web2/disk0@b")
    lab.run("zfs", "destroy", f"{GUESTS}/web3/disk0@a")
    lab.run("zfs", "destroy", "-r", f"{GUESTS}/web4@a")
    lab.chyves("web4", "set", "revert_to_snapshot_method=off")
    rows = found(lab)
    told = {name: row["problem"] for name, row in rows.items()}
    assert told == {
        "web1": "can't boot: there is no snapshot @a",
        "web2": "can't boot: can't go back to @a, @b is newer",
        "web3": "can't boot: can't go back to @a, which disk0 does not have",
    }
    assert rows["web1"]["command"] == "chyves web1 set revert_to_snapshot_method=off"
    assert rows["web2"]["command"].startswith("chyves web2 snapshot delete")
    before = lab.everything()
    lab.chyves("doctor", "--fix", "-y", status=1)
    assert lab.everything() == before


def test_a_snapshot_that_clone_took_and_no_clone_stands_on_goes(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"], snapshots=["clone-web9-2020-01-01T00:00:00Z"])
    lab.forget_commands()
    lab.chyves("web1", "clone", "web3", "-cu")
    marking = [argv[1] for argv in lab.commands("zfs")].index("destroy") + 1
    (own,) = (name for name in snapshots(lab, "web1") if "web3" in name)
    assert found(lab) == {}
    # As it is when `zfs destroy -d` failed, and the clone has gone since.
    fault = f"zfs:{marking}:fail"
    lab.chyves("web3", "clone", "web4", "-cu", status=1, CHYVES_LAB_FAIL=fault)
    assert found(lab) == {}
    lab.chyves("web4", "delete", "-y")
    (left,) = snapshots(lab, "web3")
    row = found(lab)["web3"]
    assert row["problem"] == f"@{left} was taken to clone it, and no clone stands on it"
    assert row["command"] == f"chyves web3 snapshot delete @{left}"
    lab.chyves("doctor", "--fix", "-q")
    assert found(lab) == {}
    assert snapshots(lab, "web3") == []
    assert own in snapshots(lab, "web1")
    # A name of that form, but not of the moment at which it was taken: somebody else's.
    assert snapshots(lab, "web2") == ["clone-web9-2020-01-01T00:00:00Z"]


def test_an_exact_copy_is_a_note_and_other_conflicts_are_not(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2", "web3"], snapshots=["s"])
    lab.chyves("web1", "clone", "twin", "-ce")
    lab.chyves("doctor")
    row = found(lab)["twin"]
    assert row["problem"] == "is an exact copy of web1: don't run both on one network"
    assert (row["note"], row["command"]) == (True, "chyves info -v web1,twin")
    lab.run("zfs", "set", "chyves:serial=nmdm50", f"{GUESTS}/web3")
    said = lab.chyves("doctor", status=1).stdout
    assert "twin: is an exact copy of web1" in said
    assert "web1: serial=nmdm50 is that of web3 too" in said
    # One value of its own, and it is no exact copy any more: what is left is in the way.
    lab.run("zfs", "set", "chyves:serial=nmdm53", f"{GUESTS}/web3")
    lab.run("zfs", "set", "chyves:serial=nmdm54", f"{GUESTS}/twin")
    assert "is that of web1 too" in lab.chyves("doctor", status=1).stdout


def test_a_guest_in_two_places_is_explained_by_the_move_that_was_interrupted(lab: LabHost) -> None:
    make_whole_guests(lab, ["other", "web1"])
    lab.chyves("other", "move", "tank")
    calls = [argv[1] for argv in lab.commands("zfs")]
    switch = calls.index("rename") + 1
    lab.chyves("web1", "move", "tank", status=-9, CHYVES_LAB_FAIL=f"zfs:{switch}:kill-after")
    for words in (("web1", "get", "cpu"), ("web1", "set", "cpu=2"), ("list",), ("web1", "start")):
        said = lab.chyves(*words, status=4).stderr
        assert "`chyves web1 move tank` " in said, words
        assert said.endswith("\n        chyves doctor --fix\n"), words
    assert found(lab)["web1"]["command"] == "chyves doctor --fix"
    lab.chyves("doctor", "--fix")
    assert guests(lab) == ["other", "web1"]
    assert found(lab) == {}


def test_the_rest_of_a_move_that_can_not_be_compared_any_more_is_asked_about(lab: LabHost) -> None:
    """`zfs destroy -r` takes the snapshots first, and then finds the disk open."""
    make_whole_guests(lab, ["web1"], snapshots=["a"])
    with open(lab.root / f"dev/zvol/{WEB1}/disk0", "rb"):
        lab.chyves("web1", "move", "tank", status=1)
    said = lab.chyves("web1", "move", "tank", status=4).stderr
    assert said.startswith(f"chyves: web1: is on tank, and {WEB1} is left, which may have been ")
    row = found(lab)["web1"]
    assert row["problem"].startswith(f"was moved to tank, and {WEB1} is left, ")
    assert row["command"] == f"zfs destroy -r {WEB1}"
    before = lab.everything()
    done = lab.chyves("doctor", "--fix", status=4)
    assert f"Destroy {WEB1} for good?" in done.stderr
    assert "nothing is wrong" not in done.stdout
    assert lab.everything() == before
    lab.chyves("doctor", "--fix", "-y")
    assert found(lab) == {}
    argv = ("zfs", "list", "-H", "-r", "-t", "all", "-o", "name", "zroot/chyves/guests")
    assert lab.run(*argv).stdout == "zroot/chyves/guests\n"
    assert "tank/chyves/guests/web1/disk0@a" in lab.datasets()


def test_half_a_guest_is_told_from_the_whole_one_of_its_name(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=["a"])
    lab.run("zfs", "inherit", "chyves:chyves_guest_version", WEB1)
    make_whole_guests(lab, ["web1"], pool="tank", first=3)
    row = found(lab)["web1"]
    assert row["problem"].startswith(f"{WEB1} is half a guest, ")
    assert row["command"] == f"zfs destroy -r {WEB1}"
    lab.chyves("doctor", "--fix", "-y")
    assert found(lab) == {}
    assert [name for name in lab.datasets("filesystem") if "/web1" in name] == [
        "tank/chyves/guests/web1"
    ]


def test_what_an_interrupted_promotion_left_of_resources_is_told(
    lab: LabHost, tmp_path: Path
) -> None:
    (tmp_path / "a.iso").write_bytes(b"x" * 4096)
    lab.chyves("iso", "import", "-q", str(tmp_path / "a.iso"))
    iso = "zroot/chyves/ISO/a.iso"
    lab.run("zfs", "snapshot", f"{iso}@chyves-promote-1")
    row = found(lab)["a.iso"]
    assert row["problem"].startswith("@chyves-promote-1 was taken to copy it, ")
    lab.chyves("doctor", "--fix", "-q")
    assert found(lab) == {}
    lab.chyves("dataset", "tank", "promote", "-q")
    lab.run("zfs", "create", "-p", iso)
    row = found(lab)["zroot"]
    assert row["problem"] == f"{iso} does not count, tank is the primary pool"
    assert (row["command"], row["note"]) == ("chyves dataset tank promote", True)
    assert found(lab).keys() == {"zroot"}


def test_a_mark_of_a_move_that_keeps_a_guest_from_going_back_is_told_as_such(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=["a"])
    words = ("revert_to_snapshot=@a", "revert_to_snapshot_method=both")
    lab.chyves("web1", "set", *words)
    lab.run("zfs", "snapshot", "-r", f"{WEB1}@chyves-move-1")
    said = lab.chyves("web1", "start", status=4).stderr
    assert said.endswith("@chyves-move-1 is newer\n        chyves doctor --fix\n")
    lab.chyves("doctor", "--fix", "-q")
    assert found(lab) == {}
    assert snapshots(lab, "web1") == ["a"]
