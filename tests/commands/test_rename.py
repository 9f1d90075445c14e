"""`rename`: everything of the guest follows, and nothing is left between two names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands.whole_guests import (
    guests,
    make_bootable,
    make_whole_guests,
    outside,
    own_properties,
)

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1, NEW = "zroot/chyves/guests/web1", "zroot/chyves/guests/new"


def test_disks_snapshots_clones_and_properties_follow(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=["s"], notes="kept")
    lab.run("zfs", "clone", f"{WEB1}/disk0@s", "zroot/aclone")
    before = own_properties(lab, WEB1)
    lab.chyves("web1", "rename", "new")
    assert own_properties(lab, NEW) == before
    assert f"{NEW}/disk0@s" in lab.datasets()
    origin = lab.run("zfs", "get", "-H", "-o", "value", "origin", "zroot/aclone").stdout
    assert origin == f"{NEW}/disk0@s\n"
    assert lab.output("new", "get", "-H", "notes") == "kept"
    lab.chyves("web1", "get", "notes", status=3)


def test_a_name_that_is_taken_is_refused(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"])
    make_whole_guests(lab, ["web3"], pool="tank", first=9)
    lab.run("zfs", "create", "zroot/chyves/guests/foreign")
    before = lab.everything()
    for new in ("web2", "web3", "foreign", "web1"):
        done = lab.chyves("web1", "rename", new, status=4)
        assert 1 <= done.stderr.count("\n") <= 2
    lab.chyves("nosuch", "rename", "web9", status=3)
    lab.chyves("web1,web2", "rename", "web9", status=2)
    lab.chyves("all", "rename", "web9", status=2)
    lab.chyves("web1", "rename", status=2)
    lab.chyves("web1", "rename", "a", "b", status=2)
    assert lab.everything() == before


def test_a_running_guest_keeps_its_name(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    make_bootable(lab, "web1")
    lab.chyves("web1", "start")
    assert "is running" in lab.chyves("web1", "rename", "new", status=4).stderr
    assert guests(lab) == ["web1"]


def test_the_paths_in_properties_of_other_guests_follow_or_the_old_name_is_back(
    lab: LabHost,
) -> None:
    device = f"virtio-blk,/dev/zvol/{WEB1}/disk0"
    make_whole_guests(lab, ["web1", "web2"], pcidev_5=device)
    before = lab.everything()
    for call in (2, 3, 4):
        lab.chyves("web1", "rename", "new", status=1, CHYVES_LAB_FAIL=f"zfs:{call}:fail")
        assert lab.everything() == before, call
    lab.chyves("web1", "rename", "new")
    for name in ("new", "web2"):
        shown = lab.output(name, "get", "-H", "pcidev_5")
        assert shown == f"virtio-blk,/dev/zvol/{NEW}/disk0"


@pytest.mark.parametrize("fault", ["kill", "kill-after"])
def test_a_killed_rename_leaves_the_old_name_or_the_new_one(lab: LabHost, fault: str) -> None:
    make_whole_guests(lab, ["web1", "web2"])
    others = outside(lab, "web1", "new")
    lab.chyves("web1", "rename", "new", status=-9, CHYVES_LAB_FAIL=f"zfs:2:{fault}")
    assert outside(lab, "web1", "new") == others
    if fault == "kill":
        lab.chyves("web1", "rename", "new")
    assert guests(lab) == ["new", "web2"]
