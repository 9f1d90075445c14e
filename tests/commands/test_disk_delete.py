"""`disk delete`: exactly what was shown goes, and the others stay what and where they were."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.commands.disk_helpers import WEB1, below, devices, disks, make_web, slots_property
from tests.commands.whole_guests import own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost


@pytest.fixture
def web(lab: LabHost) -> LabHost:
    """A lab with the guest web1, its disk0 to disk1, and disk10."""
    make_web(lab)
    lab.chyves("web1", "disk", "add", "1G")
    lab.run("zfs", "create", "-V", "1G", f"{WEB1}/disk10")
    lab.forget_commands()
    return lab


def test_what_goes_is_shown_and_without_a_terminal_nothing_does(web: LabHost) -> None:
    web.chyves("web1", "snapshot", "@before")
    before = web.everything()
    done = web.chyves("web1", "disk", "delete", "disk1", status=4)
    assert done.stdout.startswith(f"web1: disk1: {WEB1}/disk1, 1G, ")
    assert done.stdout.endswith("with its part of the snapshots @before\n")
    assert "--yes" in done.stderr
    assert web.everything() == before


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 4), ("\x03", 130)])
def test_at_a_terminal_only_yes_destroys(web: LabHost, answer: str, status: int) -> None:
    words = ["web1", "disk", "remove", "disk1"]
    child = pexpect.spawn(
        str(web.lab.bin / "chyves"), words, env=web.environment(), encoding="utf-8", timeout=60
    )
    child.expect_exact("[y/N]")
    child.send(answer if answer == "\x03" else f"{answer}\r")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == status
    assert ("disk1" in disks(web)) == (status != 0)


def test_only_the_disk_of_exactly_that_name_goes(web: LabHost) -> None:
    web.chyves("web1", "snapshot", "@s")
    others = [name for name in below(web) if not name.startswith(("disk1@", "disk1/"))]
    before = devices(web)
    web.chyves("web1", "disk", "delete", "disk1", "-y")
    assert below(web) == [name for name in others if name != "disk1"]
    assert slots_property(web) == "disk0=4,tap50=16"
    after = devices(web)
    assert after["4"] == before["4"]
    assert after["16"] == before["16"]


def test_the_last_disk_can_go_too(web: LabHost) -> None:
    for disk in ("disk0", "disk10", "disk1"):
        web.chyves("web1", "disk", "delete", disk, "-y")
    assert below(web) == []
    assert web.output("list", "-H", "-o", "name,size") == "web1\t0B"
    web.chyves("web1", "disk", "add", "1G")
    assert disks(web) == ["disk0"]


def test_a_running_guest_keeps_its_disks(web: LabHost) -> None:
    web.chyves("web1", "start")
    before = web.everything()
    said = web.chyves("web1", "disk", "delete", "disk1", "-y", status=4).stderr
    assert said == "chyves: web1: is running\n        chyves web1 stop\n"
    assert web.everything() == before


def test_a_disk_that_a_clone_stands_on_stays(web: LabHost) -> None:
    web.run("zfs", "snapshot", f"{WEB1}/disk1@s")
    web.chyves("web2", "create", "1G")
    web.run("zfs", "clone", f"{WEB1}/disk1@s", "zroot/chyves/guests/web2/disk1")
    before = web.everything()
    said = web.chyves("web1", "disk", "delete", "disk1", "-y", status=4).stderr
    assert "disk1 was cloned, web2 (zroot/chyves/guests/web2/disk1) would lose it" in said
    assert web.everything() == before
    web.chyves("web2", "disk", "delete", "disk1", "-y")
    web.chyves("web1", "disk", "delete", "disk1", "-y")


def test_a_disk_that_a_property_names_stays(web: LabHost) -> None:
    web.chyves("web2", "create", "1G")
    for value in (
        f"virtio-blk,/dev/zvol/{WEB1}/disk1",
        f"ahci,hd:/dev/zvol/{WEB1}/disk1,cd:/tmp/x",
        f"virtio-blk,/dev/zvol/{WEB1}/disk1p2,ro",
    ):
        web.chyves("web2", "set", f"pcidev_1={value}")
        said = web.chyves("web1", "disk", "delete", "disk1", "-y", status=4).stderr
        assert said.startswith("chyves: web1: disk1 is named by pcidev_1 of web2\n")
    web.chyves("web2", "set", f"pcidev_1=virtio-blk,/dev/zvol/{WEB1}/disk10")
    web.chyves("web1", "disk", "delete", "disk1", "-y")


def test_a_disk_that_a_process_has_open_stays(web: LabHost) -> None:
    before = web.everything()
    with open(web.root / f"dev/zvol/{WEB1}/disk1", "rb"):
        said = web.chyves("web1", "disk", "delete", "disk1", "-y", status=4).stderr
    assert said.startswith("chyves: web1: disk1 is in use, it stays\n        fstat /dev/zvol/")
    assert web.everything() == before


def test_a_held_snapshot_keeps_the_disk(web: LabHost) -> None:
    web.run("zfs", "snapshot", f"{WEB1}/disk1@s")
    web.run("zfs", "hold", "keep", f"{WEB1}/disk1@s")
    before = web.everything()
    said = web.chyves("web1", "disk", "delete", "disk1", "-y", status=4).stderr
    assert said == (
        f"chyves: web1: disk1 stays, {WEB1}/disk1@s is held\n        zfs holds {WEB1}/disk1@s\n"
    )
    assert web.everything() == before


def test_a_dry_run_deletes_nothing_and_can_be_pasted(web: LabHost) -> None:
    web.chyves("web1", "set", "virtio_block_options_disk1=ro")
    before = web.everything()
    printed = web.output("web1", "disk", "delete", "disk1", "-n")
    assert web.everything() == before
    lines = [line for line in printed.split("\n") if not line.startswith("#")]
    assert [shlex.split(line)[:2] for line in lines] == [
        ["zfs", "destroy"], ["zfs", "inherit"], ["zfs", "set"],
    ]  # fmt: skip
    web.run("sh", "-c", "\n".join(lines))
    assert below(web) == ["disk0", "disk10"]
    assert "chyves:virtio_block_options_disk1" not in own_properties(web, WEB1)


def test_an_image_file_is_deleted_and_its_slot_is_free(web: LabHost) -> None:
    for name in ("data", "data2"):
        web.chyves("web1", "disk", "add", "--image", name, "10M")
    web.chyves("web1", "disk", "delete", "img/data", status=4)
    web.chyves("web1", "disk", "delete", "img/data", "-y")
    assert disks(web) == ["disk0", "disk1", "disk10", "img/data2"]
    assert slots_property(web) == "disk0=4,disk1=5,disk10=6,img/data2=8,tap50=16"


def test_what_is_wrong_deletes_nothing(web: LabHost) -> None:
    web.run("zfs", "create", f"{WEB1}/disk5")
    web.run("zfs", "create", "-V", "1G", f"{WEB1}/other")
    before = web.everything()
    for status, words in (
        (2, ["delete"]),
        (2, ["delete", "--sparse", "disk0"]),
        (3, ["delete", "disk"]),
        (3, ["delete", "disk5"]),
        (3, ["delete", "tap50"]),
        (3, ["delete", "disk01"]),
        (3, ["delete", "../web1/disk0"]),
        (3, ["delete", "img/../../web1"]),
    ):
        done = web.chyves("web1", "disk", *words, "-y", status=status)
        assert 1 <= done.stderr.count("\n") <= 2, words
    assert web.everything() == before
