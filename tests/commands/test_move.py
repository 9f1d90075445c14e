"""`GUEST move POOL`: the whole guest gets there, compared, before anything goes where it was."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import until
from tests.commands.whole_guests import guests, make_bootable, make_whole_guests, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"
MOVED = "tank/chyves/guests/web1"
PATH = "ahci-hd,/dev/zvol/{}/disk0"


def guids(lab: LabHost, dataset: str) -> dict[str, str]:
    """The guid of each snapshot of a guest, by its name behind the guest's."""
    argv = ("zfs", "list", "-H", "-r", "-t", "snapshot", "-o", "name,guid", dataset)
    lines = lab.run(*argv).stdout.splitlines()
    return {
        name[len(dataset) :]: guid for name, _, guid in (line.partition("\t") for line in lines)
    }


def native(lab: LabHost, dataset: str, names: str) -> list[str]:
    """The values of native properties."""
    return lab.run("zfs", "get", "-Hp", "-o", "value", names, dataset).stdout.split()


def test_a_guest_arrives_with_everything_that_it_had(lab: LabHost) -> None:
    names = ["web", "web1", "web1-gold", "web10"]
    make_whole_guests(lab, names, notes="a b\tc='d'", snapshots=["old"])
    lab.chyves("web1", "snapshot", "@before")
    (lab.root / "dev/zvol" / WEB1 / "disk0").write_bytes(b"the disk")
    lab.run("zfs", "set", "volmode=dev", f"{WEB1}/disk0")
    lab.chyves("web1", "set", "ram=2G", "uefi_vnc_password=secret")
    lab.run("zfs", "create", f"{WEB1}/img")
    (lab.root / "chyves/zroot/guests/web1/img/more.img").write_text("an image")
    logs = lab.root / "chyves/zroot/guests/web1/logs"
    logs.mkdir()
    (logs / "2026-01.log").write_text("2026-01-01T00:00:00Z - [info] - started\n")
    before, properties = guids(lab, WEB1), own_properties(lab, WEB1)
    frozen = own_properties(lab, f"{WEB1}@before")
    disk = native(lab, f"{WEB1}/disk0", "volsize,volmode,refreservation,chyves:disk_serial")
    others = [line for line in lab.everything().split("\n") if f"{WEB1}\t" not in line]
    lab.chyves("web1", "move", "tank")
    assert guests(lab) == sorted(names)
    assert guids(lab, MOVED) == before
    assert own_properties(lab, MOVED) == properties
    assert own_properties(lab, f"{MOVED}@before") == frozen
    assert frozen["chyves:ram"] == "256M"
    found = native(lab, f"{MOVED}/disk0", "volsize,volmode,refreservation,chyves:disk_serial")
    assert found == disk
    assert (lab.root / "dev/zvol" / MOVED / "disk0").read_bytes().startswith(b"the disk")
    folder = lab.root / "chyves/tank/guests/web1"
    assert (folder / "img/more.img").read_text() == "an image"
    assert "started" in (folder / "logs/2026-01.log").read_text()
    assert not [name for name in lab.datasets() if name.startswith(WEB1 + "/")]
    assert WEB1 not in lab.datasets()
    after = lab.everything()
    assert all(line in after for line in others if "web1-gold" in line or "/web\t" in line)
    lab.chyves("web1", "set", "ram=3G")
    lab.chyves("web1", "unset", "notes", status=None)
    assert lab.output("web1", "get", "-H", "ram") == "3G"
    lab.chyves("web1", "move", "zroot")
    assert guids(lab, WEB1) == before
    lab.chyves("web1", "delete", "-y")


def test_a_moved_guest_boots_from_its_disk(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    make_bootable(lab, "web1")
    lab.chyves("web1", "move", "tank")
    lab.chyves("web1", "start")
    until(lambda: lab.output("list", "-H", "-o", "running") == "yes")
    refused = lab.chyves("web1", "move", "zroot", status=4)
    assert "web1: is running" in refused.stderr
    machine = (lab.root / "var/run/chyves/guests/web1/bhyve.conf").read_text()
    assert f"/dev/zvol/{MOVED}/disk0" in machine


def test_paths_that_name_its_disks_follow(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "mail"])
    lab.chyves("mail", "set", f"pcidev_1={PATH.format(WEB1)}")
    lab.chyves("web1", "set", f"pcidev_2={PATH.format(WEB1)}")
    lab.chyves("web1", "move", "tank")
    assert lab.output("mail", "get", "-H", "pcidev_1") == PATH.format(MOVED)
    assert lab.output("web1", "get", "-H", "pcidev_2") == PATH.format(MOVED)


def test_a_template_stays_one(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    lab.chyves("web1", "set", "template=yes")
    lab.chyves("web1", "move", "tank")
    assert native(lab, MOVED, "readonly,mounted") == ["on", "yes"]
    assert lab.output("web1", "get", "-H", "template") == "yes"


def test_a_clone_becomes_independent_and_then_its_origin_can_go_too(lab: LabHost) -> None:
    make_whole_guests(lab, ["base"], snapshots=["gold"])
    base = "zroot/chyves/guests/base"
    properties = own_properties(lab, base)
    options = [word for pair in properties.items() for word in ("-o", "=".join(pair))]
    lab.run("zfs", "clone", *options, f"{base}@gold", WEB1)
    lab.run("zfs", "clone", f"{base}/disk0@gold", f"{WEB1}/disk0")
    lab.run("zfs", "set", "chyves:serial=nmdm77", WEB1)
    refused = lab.chyves("base", "move", "tank", status=4)
    assert "web1 was cloned from it" in refused.stderr
    assert "chyves web1 move tank, then again" in refused.stderr
    said = lab.output("web1", "move", "tank")
    assert "independent of what it was cloned from" in said
    assert native(lab, MOVED, "origin") == native(lab, f"{MOVED}/disk0", "origin") == ["-"]
    lab.chyves("base", "move", "tank")
    assert guests(lab) == ["base", "web1"]


def test_what_can_not_move_is_refused_and_nothing_changes(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "big"], snapshots=["a"])
    lab.run("zfs", "create", "tank/chyves/guests/web1")
    lab.run("zfs", "set", "quota=50K", "tank/chyves/guests")
    lab.run("zfs", "create", "-o", "mountpoint=/elsewhere", "zroot/chyves/guests/big/img")
    before = lab.everything()
    for words, status, part in (
        (("web1", "move", "tank"), 4, "tank/chyves/guests/web1 is there, and is not a guest"),
        (("big", "move", "tank"), 4, "zroot/chyves/guests/big/img: has a mountpoint of its own"),
        (("web1", "move", "nosuch"), 3, "nosuch: there is no such pool"),
        (("nosuch", "move", "tank"), 3, "nosuch: there is no such guest"),
        (("web", "move", "tank"), 3, "web: there is no such guest"),
        (("web1", "move"), 2, "move"),
        (("web1", "move", "tank", "now"), 2, "move"),
    ):
        done = lab.chyves(*words, status=status)
        assert part in done.stderr, words
        assert 1 <= done.stderr.count("\n") <= 2
    assert lab.everything() == before
    lab.run("zfs", "destroy", "tank/chyves/guests/web1")
    lab.run("zfs", "hold", "keep", f"{WEB1}@a")
    assert "zfs holds" in lab.chyves("web1", "move", "tank", status=4).stderr
    lab.run("zfs", "release", "keep", f"{WEB1}@a")
    assert "are free on tank" in lab.chyves("web1", "move", "tank", status=4).stderr
    lab.chyves("dataset", "tank", "offline")
    assert "dataset tank online" in lab.chyves("web1", "move", "tank", status=3).stderr


def test_a_copy_that_fails_leaves_the_guest_and_nothing_else(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=["a"])
    before = lab.everything()
    # Reads, then the place for copies, snapshot, send, receive and so on.
    for call in range(6, 13):
        lab.chyves("web1", "move", "tank", status=1, CHYVES_LAB_FAIL=f"zfs:{call}:fail")
        assert lab.everything() == before, call


def test_a_dry_run_names_every_step_and_can_be_pasted(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=["a"])
    before, properties = lab.everything(), own_properties(lab, WEB1)
    printed = lab.output("web1", "move", "tank", "-n")
    assert lab.everything() == before
    assert all(
        shlex.split(line)[0] == "zfs" for line in printed.split("\n") if not line.startswith("#")
    )
    lab.run("sh", "-ec", printed)
    assert own_properties(lab, MOVED) == properties
    assert WEB1 not in lab.datasets()
    assert "tank/chyves/copies" not in lab.datasets()
    assert not [name for name in lab.datasets() if "chyves-move" in name]


def test_bookmarks_are_lost_only_where_that_was_agreed_to(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web10"], snapshots=["a"])
    for name in ("web1/disk0", "web10"):
        dataset = f"zroot/chyves/guests/{name}"
        lab.run("zfs", "bookmark", f"{dataset}@a", f"{dataset}#sent")
    before = lab.everything()
    refused = lab.chyves("web1", "move", "tank", status=4)
    assert f"web1: lost are its bookmarks: {WEB1}/disk0#sent\n" in refused.stdout
    assert "There is no terminal to ask on\n        the same with --yes\n" in refused.stderr
    assert lab.everything() == before
    lab.chyves("web1", "move", "-y", "tank")
    assert guests(lab) == ["web1", "web10"]
    assert "zroot/chyves/guests/web10#sent" in lab.datasets("bookmark")


def test_a_guest_that_is_there_already_is_left_alone(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    before = lab.everything()
    assert lab.output("web1", "move", "zroot") == "web1: is on zroot now"
    assert lab.everything() == before


def test_properties_set_during_the_copy_come_along(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], notes="old", description="here")
    # A copy of the guest that is not what the guest is now.
    lab.run("zfs", "create", "-o", "canmount=off", "tank/chyves/copies")
    zfs = lab.lab.bin / "zfs"
    real = zfs.read_text()
    zfs.write_text(
        real.replace(
            "\n",
            '\nif [ "$1 $2" = "receive -u" ]; then '
            f"sh -c 'CHYVES_LAB_FAIL= {lab.lab.bin}/chyves web1 set notes=new; "
            f"{lab.lab.bin}/chyves web1 unset description' >/dev/null 2>&1 </dev/null; fi\n",
            1,
        )
    )
    lab.chyves("web1", "move", "tank")
    zfs.write_text(real)
    own = own_properties(lab, MOVED)
    assert own["chyves:notes"] == "new"


@pytest.mark.parametrize("fault", ["kill", "kill-after"])
def test_an_interrupted_switch_is_ended_by_the_same_command(lab: LabHost, fault: str) -> None:
    make_whole_guests(lab, ["other", "web1"])
    lab.chyves("other", "move", "tank")
    calls = [argv[1] for argv in lab.commands("zfs")]
    switch = calls.index("rename") + 1
    lab.chyves("web1", "move", "tank", status=-9, CHYVES_LAB_FAIL=f"zfs:{switch}:{fault}")
    lab.chyves("web1", "start", status=4)
    for words in (("web1", "set", "cpu=2"), ("dataset", "tank", "offline")):
        refused = lab.chyves(*words, status=4)
        assert "`chyves web1 move tank` " in refused.stderr
        assert refused.stderr.endswith("was interrupted\n        chyves doctor --fix\n")
    lab.chyves("web1", "move", "tank")
    assert guests(lab) == ["other", "web1"]
    assert own_properties(lab, MOVED)["chyves:chyves_guest_version"] == "1"
    assert not [name for name in lab.datasets() if "chyves-move" in name]
