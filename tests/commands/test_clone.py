"""`clone`: which guests come of it, what of them is new, and that it is all or nothing."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
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

GUESTS = "zroot/chyves/guests"
IDENTITY = {"net_ifaces", "pci_slots", "serial", "uefi_vnc_port", "uuid"}
ALL_KINDS = ["-cu", "-ce", "-iu", "-ie"]


@pytest.fixture
def gold(lab: LabHost) -> LabHost:
    """A lab with gold, its namesakes gold2 and gold-old, and a snapshot of each."""
    properties = {"rcboot": "7", "groups": "web", "description": "ein Ü = 'x'"}
    slots = {"pci_slots": "disk0=4,tap50=17"}
    make_whole_guests(lab, ["gold"], snapshots=["s"], **properties, **slots)
    make_whole_guests(lab, ["gold2", "gold-old"], first=1, snapshots=["s"])
    lab.run("zfs", "set", "volmode=dev", "compression=lz4", f"{GUESTS}/gold/disk0")
    lab.run("zfs", "set", "chyves:description=system", f"{GUESTS}/gold/disk0")
    lab.run("zfs", "set", "com.sun:auto-snapshot=false", f"{GUESTS}/gold/disk0")
    return lab


def snapshots(lab: LabHost, name: str = "gold") -> list[str]:
    """The names of the snapshots of a guest's filesystem."""
    argv = ("zfs", "list", "-H", "-d", "1", "-t", "snapshot", "-o", "name", f"{GUESTS}/{name}")
    return [line.partition("@")[2] for line in lab.run(*argv).stdout.split()]


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
    (_, made) = snapshots(gold)
    assert re.fullmatch(r"clone-web1-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made)
    rows = gold.output("list", "-H", "clones").split("\n")
    assert rows == [f"{name}\tgold\t@{made}\tzroot\tdisk0" for name in ("web1", "web2")]
    shown = gold.output("web1", "delete", "--yes")
    assert "@" not in shown
    assert made in snapshots(gold)
    shown = gold.output("web2", "delete", "--yes")
    assert f"gold@{made}" in shown
    assert gold.everything() == before


def test_copies_leave_no_snapshot_and_no_origin(gold: LabHost) -> None:
    before = gold.everything()
    gold.chyves("gold", "clone", "web1,web2", "-ie")
    assert snapshots(gold) == ["s"]
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


def test_a_zfs_clone_can_not_leave_its_pool(gold: LabHost) -> None:
    before = gold.everything()
    done = gold.chyves("gold", "clone", "web1", "-cu", "tank", status=4)
    assert "chyves gold clone web1 -iu tank\n" in done.stderr
    assert gold.everything() == before


@pytest.mark.parametrize("flags", [["-c", "-e"], ["-ec"], ["-e"]])
def test_letters_can_stand_apart_and_the_global_property_fills_in(
    gold: LabHost, flags: list[str]
) -> None:
    gold.chyves("global", "set", "default_clone_flag=-cu")
    gold.chyves("gold", "clone", *flags, "web1")
    assert own_properties(gold, f"{GUESTS}/web1") == own_properties(gold, f"{GUESTS}/gold")
    assert gold.output("list", "-Ho", "guest", "clones") == "web1"


def test_a_clone_that_is_wrong_changes_nothing(gold: LabHost) -> None:
    gold.run("zfs", "create", f"{GUESTS}/foreign")
    before = gold.everything()
    for status, words in (
        (2, ["gold", "clone"]),
        (2, ["gold", "clone", "a", "-ci"]),
        (2, ["gold", "clone", "a", "-eu"]),
        (2, ["gold", "clone", "a", "-x"]),
        (2, ["gold", "clone", "a,"]),
        (2, ["gold", "clone", "a/b"]),
        (2, ["gold", "clone", "a@s"]),
        (2, ["gold", "clone", "a b"]),
        (2, ["gold", "clone", "all"]),
        (2, ["gold", "clone", "start"]),
        (2, ["gold", "clone", "a", "tank", "zroot"]),
        (2, ["gold", "clone", "x" * 120]),
        (3, ["gol", "clone", "a"]),
        (3, ["gold,gold2", "clone", "a"]),
        (3, [":web", "clone", "a"]),
        (3, ["all", "clone", "a"]),
        (3, ["gold", "clone", "a", "nosuch"]),
        (4, ["gold", "clone", "gold"]),
        (4, ["gold", "clone", "a,gold2"]),
        (4, ["gold", "clone", "a,foreign"]),
    ):
        done = gold.chyves(*words, status=status)
        assert 1 <= done.stderr.count("\n") <= 2, words
        assert done.stdout == ""
    assert gold.everything() == before


@pytest.mark.parametrize("flags", ["-cu", "-ie"])
def test_a_dry_run_changes_nothing_and_can_be_pasted(gold: LabHost, flags: str) -> None:
    before = gold.everything()
    printed = gold.output("gold", "clone", "web1,web2", flags, "-n").split("\n")
    assert gold.everything() == before
    assert {shlex.split(line)[0] for line in printed} <= {"zfs", "rm"}
    gold.run("sh", "-ec", "\n".join(line for line in printed if line.startswith("zfs")))
    assert guests(gold) == ["gold", "gold-old", "gold2", "web1", "web2"]
    assert "web2" in gold.output("list", "-H", "-o", "name").split()


def test_where_one_of_several_fails_the_others_are_made(gold: LabHost) -> None:
    # The calls: read, snapshot, two clones for each guest.
    fault = "zfs:6:fail"
    done = gold.chyves("gold", "clone", "a,b,c", "-cu", status=1, CHYVES_LAB_FAIL=fault)
    assert done.stderr.startswith("chyves: b: zfs: failed")
    assert guests(gold) == ["a", "c", "gold", "gold-old", "gold2"]
    assert len(snapshots(gold)) == 2


@pytest.mark.parametrize("flags", ["-cu", "-iu"])
def test_whatever_call_fails_nothing_is_left(gold: LabHost, flags: str) -> None:
    before = gold.everything()
    for call in range(1, 5):
        fault = f"zfs:{call}:fail"
        done = gold.chyves("gold", "clone", "a", flags, status=1, CHYVES_LAB_FAIL=fault)
        assert done.stderr.count("\n") <= 2
        assert gold.everything() == before, call
    gold.chyves("gold", "clone", "a", flags)


def test_a_full_pool_takes_no_copy_and_keeps_nothing_of_it(gold: LabHost) -> None:
    write(gold, "gold", b"\xa5" * (4 << 20))
    gold.run("zfs", "set", "quota=1M", "tank/chyves/guests")
    before = gold.everything()
    done = gold.chyves("gold", "clone", "web1", "-iu", "tank", status=1)
    assert done.stderr == "chyves: web1: zfs: cannot receive new filesystem stream: out of space\n"
    assert gold.everything() == before


def write(lab: LabHost, name: str, content: bytes) -> None:
    """Write onto a guest's first disk."""
    with open(disk(lab, name), "r+b") as file:
        file.write(content)


def disk(lab: LabHost, name: str) -> Path:
    """The device of a guest's first disk."""
    return lab.root / f"dev/zvol/{GUESTS}/{name}/disk0"


@pytest.mark.parametrize("flags", ["-cu", "-ie"])
def test_disks_and_uefi_variables_follow_and_logs_begin_anew(gold: LabHost, flags: str) -> None:
    write(gold, "gold", b"moment")
    folder = gold.root / "chyves/zroot/guests"
    (folder / "gold/uefi_vars.fd").write_bytes(b"variables")
    (folder / "gold/logs").mkdir()
    (folder / "gold/logs/2026-01.log").write_text("old\n")
    gold.chyves("gold", "clone", "web1", flags)
    write(gold, "gold", b"later!")
    assert disk(gold, "web1").read_bytes()[:6] == b"moment"
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
    gold.chyves("gold", "clone", "web1", "-ce")
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


def test_a_guest_that_runs_is_cloned_as_it_is_and_that_is_said(gold: LabHost) -> None:
    make_bootable(gold, "gold")
    gold.chyves("gold", "start")
    done = gold.chyves("gold", "clone", "web1", "-cu")
    assert done.stdout.startswith("gold: runs, clones see its disks as after a power failure\n")
    assert snapshots(gold)[-1].endswith("-LIVE-SYSTEM")
    gold.chyves("gold", "clone", "web2", "-ce")
    done = gold.chyves("web2,web1", "start", status=4)
    assert "web2: tap50 is an interface of gold, which runs" in done.stderr
    make_bootable(gold, "web1")
    gold.chyves("web1", "start")


def test_two_that_are_alike_are_not_started_together(gold: LabHost) -> None:
    gold.chyves("gold", "clone", "web1", "-ce")
    done = gold.chyves("gold,web1", "start", status=4)
    assert "web1: tap50 is an interface of gold, which is started too" in done.stderr


def test_on_a_terminal_a_copy_tells_how_far_it_is(gold: LabHost) -> None:
    write(gold, "gold", b"\xa5" * (1 << 20))
    child = pexpect.spawn(
        str(gold.lab.bin / "chyves"),
        ["gold", "clone", "web1", "-iu"],
        env=gold.environment(),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(r"web1 +\d+% +[\d.]+[KMG] of [\d.]+[KMG]")
    child.expect_exact("web1: copied from gold")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_vale_ports_are_new_ones_of_the_same_switch(gold: LabHost) -> None:
    slots = "chyves:pci_slots=disk0=4,vale1:0=16,tap50=17"
    address = "chyves:vale1:0_mac=58:9c:fd:00:00:99"
    gold.run("zfs", "set", "chyves:net_ifaces=vale1:0,tap50", address, slots, f"{GUESTS}/gold")
    gold.chyves("gold", "clone", "web1", "-cu")
    found = own_properties(gold, f"{GUESTS}/web1")
    assert found["chyves:net_ifaces"] == "vale1:1,tap53"
    assert found["chyves:pci_slots"] == "disk0=4,vale1:1=16,tap53=17"
    assert found["chyves:vale1:1_mac"] != "58:9c:fd:00:00:99"
