"""`snapshot rollback` refuses where something is needed that would be lost, or in use."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.commands.whole_guests import (
    journal,
    make_bootable,
    make_whole_guests,
    own_properties,
    read_words,
    write_words,
)

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"
FOLDER = "chyves/zroot/guests/web1"


def values(lab: LabHost, *names: str) -> list[str | None]:
    """Return properties of web1."""
    own = own_properties(lab, WEB1)
    return [own.get(f"chyves:{name}") for name in names]


def test_a_running_guest_is_refused(later: LabHost) -> None:
    make_bootable(later, "web1")
    later.chyves("web1", "start")
    done = later.chyves("web1", "snapshot", "rollback", "@then", "-y", status=4)
    assert done.stderr == "chyves: web1: is running\n        chyves web1 stop\n"


def test_a_clone_of_a_newer_snapshot_is_in_the_way_whatever_is_said(later: LabHost) -> None:
    later.run("zfs", "clone", f"{WEB1}/disk0@since", "zroot/precious")
    before = later.everything()
    done = later.chyves("web1", "snapshot", "rollback", "@then", "-y", status=4)
    assert "@since would be lost, and zroot/precious stands on it" in done.stderr
    later.run("zfs", "hold", "keep", f"{WEB1}@since")
    later.run("zfs", "destroy", "zroot/precious")
    done = later.chyves("web1", "snapshot", "rollback", "@then", "-y", status=4)
    assert f"is held: {WEB1}@since\n        zfs holds {WEB1}@since\n" in done.stderr
    later.run("zfs", "release", "keep", f"{WEB1}@since")
    later.run("zfs", "clone", f"{WEB1}/disk0@since", "zroot/precious")
    assert later.everything() == before


def test_names_count_whole_and_wrong_words_change_nothing(later: LabHost) -> None:
    later.chyves("web1", "snapshot", "@then2")
    before = later.everything()
    for status, words in (
        (3, ["@the", "-y"]),
        (3, ["@THEN", "-y"]),
        (3, ["@nosuch", "-y"]),
        (2, ["then", "-y"]),
        (2, ["@then%", "-y"]),
        (2, ["@then,@since", "-y"]),
        (2, ["@then", "@since", "-y"]),
        (2, ["@then", "--keep", "last=1"]),
    ):
        done = later.chyves("web1", "snapshot", "rollback", *words, status=status)
        assert done.stderr.startswith("chyves: ")
    done = later.chyves("web10", "snapshot", "rollback", "-y", status=3)
    assert "web10: has no snapshot" in done.stderr
    assert later.chyves("web9", "snapshot", "rollback", "-y", status=3).stdout == ""
    assert later.everything() == before


def test_a_disk_that_something_has_open_stops_it_before_anything_is_lost(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    write_words(lab, "web1", "old")
    lab.chyves("web1", "snapshot", "@then")
    write_words(lab, "web1", "new")
    lab.chyves("web1", "set", "cpu=4")
    device = lab.root / f"dev/zvol/{WEB1}/disk0"
    with open(device, "rb") as opened:
        holder = subprocess.Popen(["sleep", "60"], stdin=opened)
        done = lab.chyves("web1", "snapshot", "rollback", "@then", "-y", status=1)
        holder.kill()
        holder.wait()
    assert "dataset is busy" in done.stderr
    assert "half done" not in done.stderr
    assert (read_words(lab, "web1"), values(lab, "cpu")) == ("new", ["4"])
    assert journal(lab) == []
    lab.chyves("web1", "snapshot", "rollback", "@then", "-y")
    assert read_words(lab, "web1") == "old"


def test_another_running_guest_that_has_the_disk_is_named(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"])
    make_bootable(lab, "web2")
    lab.chyves("web1", "snapshot", "@then")
    lab.chyves("web2", "set", f"pcidev_1=ahci-hd,/dev/zvol/{WEB1}/disk0")
    lab.chyves("web2", "start")
    done = lab.chyves("web1", "snapshot", "rollback", "-y", status=4)
    assert "web1: web2 has a disk of it, and is running\n        chyves web2 stop" in done.stderr
