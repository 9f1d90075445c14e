"""`clone`: which guests come of it, and what of them is new."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.commands.whole_guests import (
    first_disk,
    guests,
    make_gold,
    outside,
    own_properties,
    snapshots,
    write_disk,
)

if TYPE_CHECKING:
    from tests.conftest import LabHost

GUESTS = "zroot/chyves/guests"
IDENTITY = {"net_ifaces", "pci_slots", "serial", "uefi_vnc_port", "uuid"}
ALL_KINDS = ["-cu", "-ce", "-iu", "-ie"]


@pytest.fixture
def gold(lab: LabHost) -> LabHost:
    """A lab with gold, its namesakes gold2 and gold-old, and a snapshot of each."""
    make_gold(lab)
    return lab


def local(lab: LabHost, dataset: str) -> dict[str, str]:
    """All that is set on a dataset itself, native properties too."""
    argv = ("zfs", "get", "-Hp", "-s", "local,received", "-o", "property,value,source", "all")
    rows = [line.split("\t") for line in lab.run(*argv, dataset).stdout.splitlines()]
    assert {row[2] for row in rows} <= {"local"}
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize("flags", ALL_KINDS)
def test_a_clone_has_all_properties_and_only_its_identity_is_new(gold: LabHost, flags: str) -> None:
    others = outside(gold, "gold", "web1")
    gold.chyves("gold", "clone", "web1", flags)
    old, new = (local(gold, f"{GUESTS}/{name}") for name in ("gold", "web1"))
    changed = {name.removeprefix("chyves:") for name in old if old[name] != new.get(name)}
    added = {name.removeprefix("chyves:") for name in new.keys() - old.keys()}
    if flags.endswith("e"):
        assert (changed, added) == (set(), set())
    else:
        assert changed == {*IDENTITY, "rcboot", "tap50_mac", "tap50_bridge"}
        assert added == {"tap53_mac", "tap53_bridge"}
        assert new["chyves:net_ifaces"] == "tap53"
        assert new["chyves:tap53_bridge"] == "bridge0"
        assert new["chyves:pci_slots"] == "disk0=4,tap53=17"
        assert (new["chyves:serial"], new["chyves:uefi_vnc_port"]) == ("nmdm53", "5903")
        assert new["chyves:rcboot"] == "0"
    assert outside(gold, "gold", "web1") == others


@pytest.mark.parametrize("flags", ALL_KINDS)
def test_a_disk_of_a_clone_is_like_the_one_it_comes_from(gold: LabHost, flags: str) -> None:
    gold.chyves("gold", "clone", "web1", flags)
    old, new = (local(gold, f"{GUESTS}/{name}/disk0") for name in ("gold", "web1"))
    del old["com.sun:auto-snapshot"]
    if flags.endswith("u"):
        assert new.pop("chyves:disk_serial") != old.pop("chyves:disk_serial")
    assert new == old


def test_zfs_clones_stand_on_one_snapshot_that_goes_with_the_last_of_them(gold: LabHost) -> None:
    before = gold.everything()
    gold.chyves("gold", "clone", "web1,web2", "-cu")
    (_, made) = snapshots(gold, "gold")
    assert re.fullmatch(r"clone-web1-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made)
    rows = gold.output("list", "-H", "clones").split("\n")
    assert rows == [f"{name}\tgold\t@{made}\tzroot\tdisk0" for name in ("web1", "web2")]
    shown = gold.output("web1", "delete", "--yes")
    assert "@" not in shown
    assert made in snapshots(gold, "gold")
    shown = gold.output("web2", "delete", "--yes")
    assert f"gold@{made}" in shown
    assert gold.everything() == before


def test_copies_leave_no_snapshot_and_no_origin(gold: LabHost) -> None:
    before = gold.everything()
    gold.chyves("gold", "clone", "web1,web2", "-ie")
    assert snapshots(gold, "gold") == ["s"]
    assert snapshots(gold, "web1") == []
    assert gold.output("list", "--json", "clones") == "[]"
    gold.chyves("gold,gold2,gold-old", "delete", "--yes")
    assert guests(gold) == ["web1", "web2"]
    gold.chyves("web1", "info")
    assert f"{GUESTS}/gold" in before


def test_a_copy_goes_to_the_pool_that_is_named_and_reserves_its_space(lab: LabHost) -> None:
    lab.chyves("gold", "create", "1G")
    lab.chyves("gold", "clone", "web1", "tank")
    dataset = "tank/chyves/guests/web1"
    for name in (f"{GUESTS}/gold", dataset):
        argv = ("zfs", "get", "-Hp", "-o", "value", "refreservation", f"{name}/disk0")
        assert int(lab.run(*argv).stdout) > 1 << 30
    assert own_properties(lab, dataset)["chyves:net_ifaces"] == "tap51"
    assert (lab.root / "chyves/tank/guests/web1/logs").is_dir()


@pytest.mark.parametrize("flags", [["-c", "-e"], ["-ec"], ["-e"]])
def test_letters_can_stand_apart_and_the_global_property_fills_in(
    gold: LabHost, flags: list[str]
) -> None:
    gold.chyves("global", "set", "default_clone_flag=-cu")
    gold.chyves("gold", "clone", *flags, "web1")
    assert own_properties(gold, f"{GUESTS}/web1") == own_properties(gold, f"{GUESTS}/gold")
    assert gold.output("list", "-Ho", "guest", "clones") == "web1"


@pytest.mark.parametrize("flags", ["-cu", "-ie"])
def test_disks_and_uefi_variables_follow_and_logs_begin_anew(gold: LabHost, flags: str) -> None:
    write_disk(gold, "gold", b"moment")
    folder = gold.root / "chyves/zroot/guests"
    (folder / "gold/uefi_vars.fd").write_bytes(b"variables")
    (folder / "gold/logs").mkdir()
    (folder / "gold/logs/2026-01.log").write_text("old\n")
    gold.chyves("gold", "clone", "web1", flags)
    write_disk(gold, "gold", b"later!")
    assert first_disk(gold, "web1").read_bytes()[:6] == b"moment"
    assert (folder / "web1/uefi_vars.fd").read_bytes() == b"variables"
    (line,) = gold.output("web1", "log").split("\n")
    assert re.search(r"\[info\] - (cloned from gold@clone-web1-|copied from gold$)", line)
    assert (folder / "gold/logs/2026-01.log").read_text() == "old\n"


def test_the_clone_of_a_template_is_none(gold: LabHost) -> None:
    gold.chyves("gold", "set", "template=yes")
    for flags, name in (("-cu", "web1"), ("-ie", "web2")):
        gold.chyves("gold", "clone", name, flags)
        assert own_properties(gold, f"{GUESTS}/{name}")["chyves:template"] == "no"
        argv = ("zfs", "get", "-H", "-r", "-o", "value", "readonly", f"{GUESTS}/{name}")
        assert set(gold.run(*argv).stdout.split()) <= {"off", "-"}
    done = gold.chyves("gold", "start", status=4)
    assert "is a template, it is never started" in done.stderr


def test_what_names_the_guests_own_disks_and_snapshots_is_put_right(gold: LabHost) -> None:
    own, other = (f"ahci-hd,/dev/zvol/{GUESTS}/{name}/disk0" for name in ("gold", "gold2"))
    gold.chyves("gold", "set", f"pcidev_1={own}", f"pcidev_2={other}", "pcidev_3=passthru,2/0/0")
    gold.chyves("gold", "set", "revert_to_snapshot=@s", "revert_to_snapshot_method=start")
    done = gold.chyves("gold", "clone", "web1", "-ce", status=4)
    assert "goes back to @s whenever it boots" in done.stderr
    gold.chyves("gold", "clone", "web1", "-ie")
    found = own_properties(gold, f"{GUESTS}/web1")
    assert found["chyves:pcidev_1"] == f"ahci-hd,/dev/zvol/{GUESTS}/web1/disk0"
    assert found["chyves:pcidev_2"] == other
    assert found["chyves:pcidev_3"] == "passthru,2/0/0"
    assert "chyves:revert_to_snapshot" not in found
    assert found["chyves:revert_to_snapshot_method"] == "off"


def test_a_password_goes_with_the_clone_and_is_never_shown(gold: LabHost) -> None:
    gold.chyves("gold", "set", "uefi_vnc_password=Tr0ub4dr")
    for flags in ALL_KINDS:
        assert "Tr0ub" not in gold.output("gold", "clone", "web1", flags, "-n")
    done = gold.chyves("gold", "clone", "web1", "-cu", "-v")
    assert "Tr0ub" not in done.stdout + done.stderr
    assert own_properties(gold, f"{GUESTS}/web1")["chyves:uefi_vnc_password"] == "Tr0ub4dr"


def test_vale_ports_are_new_ones_of_the_same_switch(gold: LabHost) -> None:
    slots = "chyves:pci_slots=disk0=4,vale1:0=16,tap50=17"
    address = "chyves:vale1:0_mac=58:9c:fd:00:00:99"
    gold.run("zfs", "set", "chyves:net_ifaces=vale1:0,tap50", address, slots, f"{GUESTS}/gold")
    gold.chyves("gold", "clone", "web1", "-cu")
    found = own_properties(gold, f"{GUESTS}/web1")
    assert found["chyves:net_ifaces"] == "vale1:1,tap53"
    assert found["chyves:pci_slots"] == "disk0=4,vale1:1=16,tap53=17"
    assert found["chyves:vale1:1_mac"] != "58:9c:fd:00:00:99"
