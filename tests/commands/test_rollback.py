"""`snapshot rollback`: a guest goes back whole, and what that costs is said before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.commands.whole_guests import (
    journal,
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


def test_disks_files_and_properties_go_back_and_other_guests_see_nothing(later: LabHost) -> None:
    other = own_properties(later, "zroot/chyves/guests/web10")
    assert later.output("web1", "snapshot", "rollback", "@then", "-y").endswith("is back at @then")
    assert read_words(later, "web1") == "old"
    assert (later.root / FOLDER / "uefi_vars.fd").read_text() == "old"
    assert values(later, "cpu", "notes", "eject_iso_on_n_reboot") == ["1", "before", None]
    assert later.datasets("snapshot")[1:] == [f"{WEB1}/disk0@then", f"{WEB1}@then"]
    assert own_properties(later, "zroot/chyves/guests/web10") == other
    assert journal(later) == []


def test_what_is_lost_is_shown_and_without_a_terminal_nothing_happens(later: LabHost) -> None:
    before = later.everything()
    done = later.chyves("web1", "snapshot", "rollback", "@then", status=4)
    for words in (
        "web1: goes back to @then of ",
        "web1: lost is what was written since: ",
        "K on disk0",
        "web1: lost are newer snapshots: @since\n",
        "web1: property cpu=1 (now 4)\n",
        "web1: property eject_iso_on_n_reboot=unset (now 3)\n",
        "web1: property notes=before (now after)\n",
    ):
        assert words in done.stdout
    assert "There is no terminal to ask on\n        the same with --yes" in done.stderr
    assert later.everything() == before
    assert read_words(later, "web1") == "new"


def test_a_dry_run_shows_the_very_commands_and_they_can_be_pasted(later: LabHost) -> None:
    before = later.everything()
    shown = later.output("web1", "snapshot", "rollback", "-n", "@then")
    assert later.everything() == before
    steps = [line for line in shown.split("\n") if not line.startswith("#")]
    assert steps[:4] == [
        f"zfs destroy {WEB1}/disk0@since",
        f"zfs rollback {WEB1}/disk0@then",
        f"zfs destroy {WEB1}@since",
        f"zfs rollback {WEB1}@then",
    ]
    later.run("sh", "-ec", shown)
    assert read_words(later, "web1") == "old"
    assert values(later, "cpu", "notes", "eject_iso_on_n_reboot") == ["1", "before", None]


def test_without_a_name_it_goes_to_the_newest(later: LabHost) -> None:
    write_words(later, "web1", "newer still")
    later.chyves("web1", "snapshot", "rollback", "-y")
    assert read_words(later, "web1") == "new"
    assert len(later.datasets("snapshot")[1:]) == 4


def test_a_bookmark_that_is_newer_is_named_and_goes(later: LabHost) -> None:
    later.run("zfs", "bookmark", f"{WEB1}@since", f"{WEB1}#sent")
    later.run("zfs", "bookmark", f"{WEB1}@then", f"{WEB1}#kept")
    done = later.chyves("web1", "snapshot", "rollback", "@then", "-y")
    assert "newer snapshots: @since, bookmark #sent of its filesystem\n" in done.stdout
    marks = later.run("zfs", "list", "-H", "-o", "name", "-t", "bookmark", WEB1).stdout
    assert marks == f"{WEB1}#kept\n"


def test_a_disk_that_came_later_stays_and_keeps_its_slot_and_options(later: LabHost) -> None:
    later.run("zfs", "create", "-V", "10m", "-o", "chyves:disk_serial=CHYNEW", f"{WEB1}/disk1")
    later.chyves("web1", "set", "virtio_block_options_disk1=nocache")
    later.run("zfs", "set", "chyves:pci_slots=disk0=4,disk1=9,tap50=16", WEB1)
    write_words(later, "web1", "precious", "disk1")
    done = later.chyves("web1", "snapshot", "rollback", "@then", "-y")
    assert "web1: disk1 is not in the snapshot, it stays as it is\n" in done.stdout
    assert read_words(later, "web1", "disk1") == "precious"
    assert read_words(later, "web1") == "old"
    assert values(later, "virtio_block_options_disk1") == ["nocache"]
    assert "disk1=9" in str(values(later, "pci_slots"))


def test_a_disk_that_was_deleted_since_is_said_to_be_gone(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], pci_slots="disk0=4,disk1=5,tap50=16")
    lab.run("zfs", "create", "-V", "10m", "-o", "chyves:disk_serial=CHYX", f"{WEB1}/disk1")
    lab.chyves("web1", "snapshot", "@then")
    lab.run("zfs", "destroy", "-r", f"{WEB1}/disk1")
    lab.chyves("web1", "set", "cpu=2")
    done = lab.chyves("web1", "snapshot", "rollback", "@then", "-y")
    assert "web1: disk1 was deleted since and can't come back\n" in done.stdout
    assert values(lab, "cpu", "pci_slots") == ["1", "disk0=4,tap50=16"]


def test_an_image_file_that_is_newer_is_named_before_it_is_lost(later: LabHost) -> None:
    (later.root / FOLDER / "img").mkdir()
    (later.root / FOLDER / "img/data.img").write_text("data")
    done = later.chyves("web1", "snapshot", "rollback", "@then", status=4)
    assert "web1: lost are newer image files: data.img\n" in done.stdout
    assert (later.root / FOLDER / "img/data.img").exists()


def test_properties_of_disks_go_back_too(later: LabHost) -> None:
    later.run("zfs", "set", "chyves:description=changed", f"{WEB1}/disk0")
    serial = own_properties(later, f"{WEB1}/disk0")["chyves:disk_serial"]
    done = later.chyves("web1", "snapshot", "rollback", "@since", "-y")
    assert "web1: property disk0 description=unset (now changed)\n" in done.stdout
    assert own_properties(later, f"{WEB1}/disk0") == {"chyves:disk_serial": serial}


def test_a_password_is_in_no_snapshot_and_stays(later: LabHost) -> None:
    later.chyves("web1", "set", "uefi_vnc_password=Tr0ub4dor")
    shown = later.output("web1", "snapshot", "rollback", "@then", "-y")
    assert "Tr0ub4dor" not in shown
    assert values(later, "uefi_vnc_password", "cpu") == ["Tr0ub4dor", "1"]


def test_a_snapshot_by_other_hands_brings_data_back_and_leaves_the_properties(
    lab: LabHost,
) -> None:
    make_whole_guests(lab, ["web1"])
    write_words(lab, "web1", "old")
    lab.run("zfs", "snapshot", "-r", f"{WEB1}@byhand")
    write_words(lab, "web1", "new")
    lab.chyves("web1", "set", "cpu=4")
    done = lab.chyves("web1", "snapshot", "rollback", "@byhand", "-y")
    assert "web1: the properties stay as they are, chyves did not take" in done.stdout
    assert read_words(lab, "web1") == "old"
    assert values(lab, "cpu") == ["4"]


def test_a_snapshot_of_one_disk_alone_brings_only_that_back(later: LabHost) -> None:
    later.run("zfs", "snapshot", f"{WEB1}/disk0@disk only")
    write_words(later, "web1", "newest")
    done = later.chyves("web1", "snapshot", "rollback", "@disk only", "-y")
    assert "goes back to @disk only of " in done.stdout.split("\n")[0]
    assert done.stdout.split("\n")[0].endswith(": disk0")
    assert read_words(later, "web1") == "new"
    assert values(later, "cpu") == ["4"]


def test_what_other_guests_have_got_since_is_replaced_and_said(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], pci_slots="disk0=4,tap50=16")
    lab.chyves("web1", "snapshot", "@then")
    taken = {"net_ifaces": "tap51", "serial": "nmdm51", "uefi_vnc_port": "5901"}
    taken["uuid"] = "00000000-0000-0000-0000-000000000009"
    lab.run("zfs", "set", *(f"chyves:{name}={value}" for name, value in taken.items()), WEB1)
    make_whole_guests(lab, ["web2"])
    lab.run("zfs", "set", "chyves:pci_slots=disk0=4", "zroot/chyves/guests/web2")
    done = lab.chyves("web1", "snapshot", "rollback", "@then", "-y")
    assert "web1: tap50 is web2's now: it gets tap51\n" in done.stdout
    assert "web1: serial=nmdm50 is web2's now: it gets nmdm51\n" in done.stdout
    assert values(lab, "net_ifaces", "serial", "uefi_vnc_port") == ["tap51", "nmdm51", "5901"]
    assert values(lab, "pci_slots", "tap51_bridge") == ["disk0=4,tap51=16", "bridge0"]
    uuids = [
        own_properties(lab, f"zroot/chyves/guests/{name}")["chyves:uuid"]
        for name in ("web1", "web2")
    ]
    assert len(set(uuids)) == 2
    assert lab.chyves("doctor", status=None).stdout.count(" is that of ") == 0


def test_a_thick_disk_that_was_resized_has_its_size_and_its_room_again(lab: LabHost) -> None:
    lab.chyves("web1", "create", "10M")
    room = lab.run("zfs", "get", "-Hpo", "value", "refreservation", f"{WEB1}/disk0").stdout
    lab.chyves("web1", "snapshot", "@then")
    lab.run("zfs", "set", "volsize=30m", f"{WEB1}/disk0")
    done = lab.chyves("web1", "snapshot", "rollback", "@then", "-y")
    assert "web1: disk0 has 10M again, now 30M\n" in done.stdout
    argv = ("zfs", "get", "-Hpo", "value", "volsize,refreservation", f"{WEB1}/disk0")
    assert lab.run(*argv).stdout == f"{10 << 20}\n{room}"


def test_a_disk_for_which_there_is_no_room_any_more_comes_back_and_is_named(lab: LabHost) -> None:
    lab.chyves("web1", "create", "40M")
    lab.chyves("web1", "snapshot", "@then")
    lab.run("zfs", "set", "volsize=10m", f"{WEB1}/disk0")
    lab.run("zfs", "set", "quota=60m", WEB1)
    lab.run("zfs", "create", "-V", "30m", f"{WEB1}/disk1")
    done = lab.chyves("web1", "snapshot", "rollback", "@then", "-y")
    assert "web1: the pool has no room to reserve for all of disk0\n" in done.stdout
    assert lab.run("zfs", "get", "-Hpo", "value", "volsize", f"{WEB1}/disk0").stdout == "41943040\n"
    assert journal(lab) == []


def test_the_log_goes_on_and_tells_of_it(later: LabHost) -> None:
    later.run("sh", "-c", f"mkdir {later.root / FOLDER}/logs")
    log = next((later.root / "chyves/zroot/guests/web1").glob("logs"))
    month = log / "2099-01.log"
    month.write_text("2099-01-01T00:00:00Z - [info] - boots\n")
    later.chyves("web1", "snapshot", "rollback", "@then", "-y")
    assert month.read_text() == "2099-01-01T00:00:00Z - [info] - boots\n"
    assert "went back to @then; @since are gone" in later.output("web1", "log")
    assert "web1: went back to @then" in later.output("host", "log")


def test_a_template_can_go_back_to_what_it_was_before(later: LabHost) -> None:
    later.chyves("web1", "set", "template=yes")
    later.chyves("web1", "snapshot", "rollback", "@then", "-y")
    shown = later.run("zfs", "get", "-Ho", "value", "chyves:template,readonly", WEB1).stdout
    assert shown == "no\noff\n" or shown == "-\noff\n"


def test_of_several_guests_each_is_tried(later: LabHost) -> None:
    done = later.chyves("web10,web1", "snapshot", "rollback", "@then", "-y", status=3)
    assert "chyves: web10: there is no snapshot @then" in done.stderr
    assert read_words(later, "web1") == "old"


def test_the_number_of_zfs_calls_does_not_grow_with_the_snapshots(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=[f"s{n}" for n in range(30)])
    lab.chyves("web1", "snapshot", "@mine")
    lab.forget_commands()
    lab.chyves("web1", "snapshot", "rollback", "-n", "@s3")
    assert [argv[1] for argv in lab.commands("zfs")] == ["get", "list", "list", "get"]
    rows = json.loads(lab.output("web1", "snapshot", "list", "--json"))
    assert len(rows) == 31
