"""`disk add` and `disk list`: a new disk, and nothing else moves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands.bulk_guests import make_guests
from tests.commands.conftest import until
from tests.commands.disk_helpers import (
    WEB1,
    below,
    devices,
    disks,
    make_web,
    native,
    slot_of,
    slots_property,
)
from tests.commands.whole_guests import own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost


@pytest.fixture
def web(lab: LabHost) -> LabHost:
    """A lab with the guest web1 and its disk0 of 1G."""
    return make_web(lab)


def test_a_disk_is_added_with_a_serial_number_and_a_slot_of_its_own(web: LabHost) -> None:
    assert web.output("web1", "disk", "add", "2G") == "web1: disk1 added, 2G, PCI slot 5"
    assert native(web, "disk1", "volsize", "volmode") == {
        "volsize": str(2 << 30),
        "volmode": "dev",
    }
    serial = own_properties(web, f"{WEB1}/disk1")["chyves:disk_serial"]
    assert serial not in ("", own_properties(web, f"{WEB1}/disk0")["chyves:disk_serial"])
    assert slots_property(web) == "disk0=4,disk1=5,tap50=16"
    assert devices(web)["5"] == f"virtio-blk,/dev/zvol/{WEB1}/disk1,ser={serial}"


def test_the_defaults_make_the_disk(web: LabHost) -> None:
    wanted = ("disk_volblocksize=32K", "disk_compression=lz4", "disk_primarycache=metadata")
    web.chyves("defaults", "set", "size=3G", "disk_dedup=off", "disk_secondarycache=none", *wanted)
    web.chyves("web1", "disk", "add")
    names = ("volsize", "volblocksize", "compression", "primarycache", "secondarycache", "dedup")
    assert list(native(web, "disk1", *names).values()) == [
        str(3 << 30), "32768", "lz4", "metadata", "none", "off",
    ]  # fmt: skip


def test_the_network_interface_keeps_its_slot_when_disks_come_and_go(web: LabHost) -> None:
    before = devices(web)
    web.chyves("web1", "disk", "add", "1G")
    web.chyves("web1", "disk", "add", "1G")
    second = slot_of(web, "disk2,")
    web.chyves("web1", "disk", "delete", "disk1", "-y")
    assert disks(web) == ["disk0", "disk2"]
    assert slot_of(web, "disk2,") == second
    web.chyves("web1", "disk", "add", "1G")
    assert disks(web) == ["disk0", "disk1", "disk2"]
    after = devices(web)
    assert {slot: after[slot] for slot in before} == before
    assert slot_of(web, "disk2,") == second
    assert after["16"].startswith("virtio-net,tap50,")


def test_a_number_that_something_still_belongs_to_is_not_used(web: LabHost) -> None:
    web.run("zfs", "set", "chyves:pci_slots=disk0=4,disk1=7,tap50=16", WEB1)
    web.run("zfs", "set", "chyves:virtio_block_options_disk2=ro", WEB1)
    web.run("zfs", "create", f"{WEB1}/disk3")
    assert web.output("web1", "disk", "add", "1G").startswith("web1: disk4 added")
    assert slots_property(web) == "disk0=4,disk4=5,disk1=7,tap50=16"


def test_a_guest_that_never_kept_slots_gets_those_that_a_start_would_give(web: LabHost) -> None:
    web.run("zfs", "inherit", "chyves:pci_slots", WEB1)
    before = devices(web)
    web.chyves("web1", "disk", "add", "1G")
    after = devices(web)
    assert {slot: after[slot] for slot in before} == before


def test_a_full_machine_is_refused_and_gets_no_disk(web: LabHost) -> None:
    taken = ",".join(f"pcidev_{slot}={slot}" for slot in range(1, 29) if slot not in (3, 4, 16))
    web.run("zfs", "set", f"chyves:pci_slots=disk0=4,tap50=16,{taken}", WEB1)
    before = web.everything()
    said = web.chyves("web1", "disk", "add", "1G", status=4).stderr
    assert said.startswith("chyves: web1: no PCI slot is free for disk1")
    assert said.endswith("\n        chyves global set consolidate_bhyve_pci_devices=yes\n")
    assert web.everything() == before


def test_a_full_machine_whose_devices_share_slots_is_not_told_to_let_them(web: LabHost) -> None:
    slots = [slot for slot in range(1, 29) if slot != 3]
    every = [f"{slot}:{function}" for slot in slots for function in range(8)]
    places = zip((f"pcidev_{number}" for number in range(len(every))), every, strict=True)
    taken = ",".join(f"{name}={place}" for name, place in places)
    web.run("zfs", "set", f"chyves:pci_slots=disk0=1:0,{taken},tap50=28:7", WEB1)
    web.chyves("global", "set", "consolidate_bhyve_pci_devices=yes")
    said = web.chyves("web1", "disk", "add", "1G", status=4).stderr
    assert said.startswith("chyves: web1: no PCI slot is free for disk1")
    assert "consolidate" not in said


def test_a_disk_larger_than_the_pool_is_refused_unless_it_is_sparse(web: LabHost) -> None:
    before = web.everything()
    said = web.chyves("web1", "disk", "add", "500G", status=1).stderr
    assert said.startswith("chyves: web1: disk1 of 500G does not fit, there is ")
    assert said.endswith("nothing was changed\n        zfs list -o space -r zroot\n")
    assert web.everything() == before
    web.chyves("web1", "disk", "add", "--sparse", "500G")
    assert native(web, "disk1", "refreservation") == {"refreservation": "0"}


def test_a_dry_run_adds_nothing_and_shows_both_calls(web: LabHost) -> None:
    before = web.everything()
    first, second = web.output("web1", "disk", "add", "-n", "1G").split("\n")
    assert first.startswith("zfs create -o volmode=dev -o chyves:disk_serial=CHY")
    assert first.endswith(f" -V 1073741824 {WEB1}/disk1")
    assert second == f"zfs set chyves:pci_slots=disk0=4,disk1=5,tap50=16 {WEB1}"
    assert web.everything() == before


def test_what_is_wrong_adds_nothing(web: LabHost) -> None:
    web.chyves("web1", "set", "template=no")
    before = web.everything()
    for status, words in (
        (2, ["add", "x"]),
        (2, ["add", "1G", "2G"]),
        (2, ["add", "--hash", "md5:00", "1G"]),
        (2, ["add", "--image", "../x", "1G"]),
        (2, ["add", "--image", "a,ro", "1G"]),
        (2, ["add", "--image", "a", "--sparse", "1G"]),
        (2, []),
        (2, ["nosuch"]),
    ):
        done = web.chyves("web1", "disk", *words, status=status)
        assert 1 <= done.stderr.count("\n") <= 2, words
    web.chyves("web", "disk", "add", status=3)
    web.chyves("all", "disk", "add", status=2)
    assert web.everything() == before


def test_a_template_gets_no_disk(web: LabHost) -> None:
    web.chyves("web1", "set", "template=yes")
    before = web.everything()
    for words in (["add"], ["add", "--image", "a"], ["resize", "disk0", "2G"], ["delete", "disk0"]):
        said = web.chyves("web1", "disk", *words, "-y", status=4).stderr
        assert said.startswith("chyves: web1: is a template")
    assert web.everything() == before


def test_a_running_guest_is_told_when_it_sees_the_disk(web: LabHost) -> None:
    web.chyves("web1", "start")
    said = web.output("web1", "disk", "add", "1G").split("\n")
    assert said[1] == "web1: is running, it sees it when it starts the next time, or reboots"
    web.chyves("web1", "stop", "force")
    until(lambda: not (web.root / "var/run/chyves/guests/web1").exists())
    assert slot_of(web, "disk1,") == "5"


def test_an_image_file_is_a_disk_with_a_slot_of_its_own(web: LabHost) -> None:
    said = web.output("web1", "disk", "add", "--image", "data", "10M")
    assert said == "web1: img/data added, 10M, PCI slot 5"
    file = web.root / "chyves/zroot/guests/web1/img/data"
    assert file.stat().st_size == 10 << 20
    assert file.stat().st_blocks * 512 < 1 << 20
    assert [each.name for each in file.parent.iterdir()] == ["data"]
    assert devices(web)["5"] == "virtio-blk,/chyves/zroot/guests/web1/img/data"
    web.chyves("web1", "disk", "add", "--image", "data", "20M", status=4)
    assert file.stat().st_size == 10 << 20
    web.chyves("web1", "disk", "add", "1G")
    assert slot_of(web, "img/data") == "5"


def test_an_image_file_whose_name_bhyve_would_split_is_refused_at_the_start(web: LabHost) -> None:
    folder = web.root / "chyves/zroot/guests/web1/img"
    folder.mkdir()
    (folder / "a,ro").write_bytes(bytes(1024))
    said = web.chyves("web1", "start", status=4).stderr
    assert said.startswith("chyves: web1: /chyves/zroot/guests/web1/img/a,ro has a comma")
    (folder / "a,ro").rename(folder / ".hidden")
    assert not any("img" in rest for rest in devices(web).values())


def test_disk_list_shows_volumes_and_image_files(web: LabHost) -> None:
    web.chyves("web1", "disk", "add", "2G")
    web.chyves("web1", "disk", "add", "--image", "data", "10M")
    rows = json.loads(web.output("web1", "disk", "list", "--json"))
    assert [(row["disk"], row["size"], row["slot"]) for row in rows] == [
        ("disk0", 1 << 30, "4"),
        ("disk1", 2 << 30, "5"),
        ("img/data", 10 << 20, "6"),
    ]
    assert len({tuple(row) for row in map(sorted, rows)}) == 1
    text = web.output("web1", "disk", "list", "-Hp", "-o", "disk,size,path")
    assert text.split("\n")[2] == "img/data\t10485760\t/chyves/zroot/guests/web1/img/data"
    assert web.output("list", "disks", "web1") == web.output("web1", "disk", "list")
    web.chyves("web1", "disk", "list", "disk0", status=2)
    web.chyves("nosuch", "disk", "list", status=3)


def test_a_list_of_many_guests_disks_reads_zfs_once(lab: LabHost) -> None:
    make_guests(lab, {f"guest{number}": {} for number in range(500)})
    lab.forget_commands()
    assert len(lab.output("all", "disk", "list", "-H").split("\n")) == 500
    assert len(lab.commands("zfs")) == 1
    lab.forget_commands()
    lab.chyves("guest7", "disk", "add", "1G")
    assert len(lab.commands("zfs")) == 3


def test_a_disk_has_a_description_and_notes(web: LabHost) -> None:
    web.run("zfs", "set", "chyves:description=the guest", WEB1)
    assert web.output("web1", "disk", "disk0", "description") == "-"
    web.chyves("web1", "disk", "disk0", "description", "the", "system, =quoted'")
    web.chyves("web1", "disk", "disk0", "notes", "made today")
    assert web.output("web1", "disk", "disk0", "description") == "the system, =quoted'"
    assert web.output("web1", "disk", "list", "-H", "-o", "description,notes") == (
        "the system, =quoted'\tmade today"
    )
    for nothing in ("-", ""):
        web.chyves("web1", "disk", "disk0", "notes", nothing)
        assert "chyves:notes" not in own_properties(web, f"{WEB1}/disk0")
    web.chyves("web1", "disk", "disk1", "description", "x", status=3)
    web.chyves("web1", "disk", "disk", "description", "x", status=3)
    web.chyves("web1", "disk", "img/a", "description", "x", status=4)
    web.chyves("web1", "disk", "disk0", "description", "a\nb", status=2)
    shown = web.output("web1", "disk", "disk0", "description", "-n", "new")
    assert shown == f"zfs set chyves:description=new {WEB1}/disk0"
    assert web.output("web1", "disk", "disk0", "description") == "the system, =quoted'"


def test_everyone_may_look_and_only_root_may_change(web: LabHost) -> None:
    user = {"CHYVES_LAB_UID": "1001"}
    assert web.chyves("web1", "disk", "list", "-H", **user).stdout
    assert web.chyves("web1", "disk", "disk0", "description", **user).stdout == "-\n"
    said = web.chyves("web1", "disk", "add", status=1, **user).stderr
    assert said.startswith("chyves: must be root")
    assert below(web) == ["disk0"]


def test_block_options_reach_bhyve_and_go_with_their_disk(web: LabHost) -> None:
    web.chyves("web1", "disk", "add", "1G")
    wanted = "nocache,direct,ro,nodelete,sectorsize=512/4096"
    web.chyves("web1", "set", f"virtio_block_options_disk1={wanted}")
    assert f"/disk1,{wanted},ser=" in devices(web)["5"]
    web.chyves("web1", "disk", "delete", "disk1", "-y")
    web.chyves("web1", "disk", "add", "1G")
    assert "nocache" not in devices(web)["5"]


def test_block_options_of_a_disk_that_is_not_there_are_refused(web: LabHost) -> None:
    before = web.everything()
    for disk in ("disk1", "disk00"):
        said = web.chyves("web1", "set", f"virtio_block_options_{disk}=ro", status=3).stderr
        assert said.startswith(f"chyves: web1: virtio_block_options_{disk}: there is no {disk}\n")
    web.chyves("web2", "create", "1G", "virtio_block_options_disk1=ro", status=3)
    for value in ("ro,ro", "sectorsize=513", "sectorsize=4096/512", "ser=x", "rw", ""):
        web.chyves("web1", "set", f"virtio_block_options_disk0={value}", status=2)
    assert web.everything() == before
