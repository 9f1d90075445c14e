"""`snapshot`: a guest with its disks and its properties as they are at one moment."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from chyves_core.errors import Refused
from chyves_core.guests import read_inventory
from chyves_core.host import Host
from chyves_core.snapshots.naming import automatic_name
from chyves_core.snapshots.taking import take
from tests.commands.whole_guests import (
    make_bootable,
    make_whole_guests,
    own_properties,
    write_words,
)

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"


def test_the_properties_are_frozen_on_the_snapshot_and_the_password_is_not(lab: LabHost) -> None:
    notes = 'it\'s $(a) = "b" % ü'
    make_whole_guests(lab, ["web1"], notes=notes, uefi_vnc_password="Tr0ub4dor")
    lab.chyves("web1", "snapshot", "@first")
    lab.chyves("web1", "set", "notes=later", "cpu=8")
    frozen = own_properties(lab, f"{WEB1}@first")
    assert frozen["chyves:notes"] == notes
    assert frozen["chyves:cpu"] == "1"
    assert "chyves:uefi_vnc_password" not in frozen
    assert "Tr0ub4dor" not in json.dumps(lab.commands())
    assert lab.output("web1", "get", "-H", "uefi_vnc_password") == "Tr0ub4dor"


def test_all_disks_are_taken_at_the_same_moment_with_one_call(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"])
    lab.chyves("web1", "snapshot", "@first")
    assert [argv[1] for argv in lab.commands("zfs")] == ["get", "snapshot"]
    assert lab.datasets("snapshot")[1:] == [f"{WEB1}/disk0@first", f"{WEB1}@first"]
    done = lab.chyves("web1", "snapshot", "@first", status=4)
    assert "already" in done.stderr
    rows = json.loads(lab.output("web1", "snapshot", "list", "--json"))
    assert [(row["guest"], row["snapshot"]) for row in rows] == [("web1", "@first")]
    assert lab.output("web2", "snapshot", "list", "-H") == ""


def test_of_several_guests_each_is_tried_and_the_worst_status_told(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"])
    lab.chyves("web1", "snapshot", "@s")
    done = lab.chyves("web1,web2", "snapshot", "@s", status=4)
    assert done.stderr.startswith("chyves: web1: ")
    assert "zroot/chyves/guests/web2@s" in lab.datasets()


def test_the_snapshot_of_a_running_guest_says_so(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    make_bootable(lab, "web1")
    lab.chyves("web1", "start")
    assert lab.output("web1", "snapshot", "@s") == "web1: snapshot @s-LIVE-SYSTEM"
    assert f"{WEB1}/disk0@s-LIVE-SYSTEM" in lab.datasets()


def test_a_snapshot_without_a_name_is_called_after_the_moment(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    said = lab.output("web1", "snapshot")
    assert said.startswith("web1: snapshot @20")
    assert f"{WEB1}@{said.partition('@')[2]}" in lab.datasets()


def test_two_of_the_same_second_get_two_names(
    lab: LabHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_whole_guests(lab, ["web1"])
    for name, value in lab.environment().items():
        monkeypatch.setenv(name, value)
    guest = read_inventory(Host()).guest("web1")
    moment = automatic_name()
    first, second = (take(Host(), guest, None, moment) for _ in range(2))
    assert first == moment < second
    with pytest.raises(Refused, match=f"^web1: there is a snapshot @{moment} already$"):
        take(Host(), guest, moment, moment)


def test_the_list_shows_what_each_would_free_and_what_needs_it(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web10"], snapshots=["old"])
    write_words(lab, "web1", "x" * 4000)
    lab.chyves("web1", "snapshot", "@mine")
    write_words(lab, "web1", "y")
    lab.run("zfs", "snapshot", f"{WEB1}/disk0@only")
    lab.run("zfs", "clone", f"{WEB1}/disk0@only", "zroot/precious")
    lab.run("zfs", "hold", "keep", f"{WEB1}@mine")
    rows = json.loads(lab.output("web1", "snapshot", "list", "--json"))
    assert [row["snapshot"] for row in rows] == ["@old", "@mine", "@only"]
    freed = lab.run("zfs", "destroy", "-nvpr", f"{WEB1}@mine").stdout.split("\t")[-1]
    assert rows[1]["used"] == int(freed) > 0
    assert [row["holds"] for row in rows] == [0, 1, 0]
    assert [row["clones"] for row in rows] == [[], [], ["zroot/precious"]]
    assert json.loads(lab.output("list", "--json", "snapshots", "web1")) == rows
    assert lab.output("web10", "snapshot", "list", "-Ho", "guest,snapshot") == "web10\t@old"


@pytest.mark.parametrize("words", [("list", "snapshots"), ("all", "snapshot", "list")])
def test_the_list_of_many_costs_as_many_calls_as_that_of_one(
    lab: LabHost, words: tuple[str, ...]
) -> None:
    make_whole_guests(lab, [f"web{n}" for n in range(40)], snapshots=["a", "b"])
    assert len(lab.output(*words, "-H").split("\n")) == 80
    assert [argv[:2] for argv in lab.commands()] == [
        ["zpool", "list"],
        ["zfs", "get"],
        ["zfs", "list"],
    ]


def test_properties_of_disks_are_frozen_too(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    lab.run("zfs", "set", "chyves:description=it's `data`", f"{WEB1}/disk0")
    lab.chyves("web1", "snapshot", "@first")
    argv = ("zfs", "get", "-Ho", "value,source", "chyves.disk0:description", f"{WEB1}@first")
    assert lab.run(*argv).stdout == "it's `data`\tlocal\n"


def test_wrong_words_take_and_delete_nothing(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=["s", "s2"])
    lab.run("zfs", "clone", f"{WEB1}/disk0@s2", "zroot/precious")
    before = lab.everything()
    for status, words in (
        (2, ["web1", "snapshot", "first"]),
        (2, ["web1", "snapshot", "@"]),
        (2, ["web1", "snapshot", "@a b"]),
        (2, ["web1", "snapshot", "@a@b"]),
        (2, ["web1", "snapshot", "@a/b"]),
        (2, ["web1", "snapshot", "@$(id)"]),
        (2, ["web1", "snapshot", "@first", "@second"]),
        (2, ["web1", "snapshot", "delete"]),
        (2, ["web1", "snapshot", "delete", "s", "--yes"]),
        (2, ["snapshot"]),
        (2, ["web1", "snapshot", "@" + "x" * 300]),
        (3, ["web9", "snapshot"]),
        (3, ["web1", "snapshot", "delete", "@nosuch", "--yes"]),
        (4, ["web1", "snapshot", "delete", "@s"]),
        (4, ["web1", "snapshot", "delete", "@s2", "--yes"]),
    ):
        done = lab.chyves(*words, status=status)
        assert done.stderr.startswith("chyves: "), words
        assert 1 <= done.stderr.count("\n") <= 2, words
    assert lab.everything() == before


def test_dry_runs_change_nothing_and_can_be_pasted(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=["s"], notes="it's `x`")
    before = lab.everything()
    taking = lab.output("web1", "snapshot", "-n", "@new")
    deleting = lab.output("web1", "snapshot", "delete", "-n", "@s")
    assert lab.everything() == before
    assert shlex.split(taking)[:2] == ["zfs", "snapshot"]
    lab.run("sh", "-ec", f"{taking}\n{deleting}")
    assert lab.datasets("snapshot")[1:] == [f"{WEB1}/disk0@new", f"{WEB1}@new"]
    assert own_properties(lab, f"{WEB1}@new")["chyves:notes"] == "it's `x`"
