"""Layouts and guests of older and newer versions, and those of chyves 0.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chyves_core import pool_upgrade, pools
from chyves_core.lab.zfs.bulk import NewDataset, make_datasets
from chyves_core.plan import Plan
from chyves_core.pools import Pool, Storage
from chyves_core.zfs import Dataset, create_filesystem
from tests.commands.layouts import names, states
from tests.commands.whole_guests import make_whole_guests, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost


def test_a_layout_of_a_newer_chyves_is_read_and_not_changed(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"], snapshots=["a"])
    lab.run("zfs", "set", "chyves.pool:version=2", "tank/chyves")
    before = lab.everything()
    for words in (
        ("web1", "set", "cpu=2"), ("web1", "delete", "-y"), ("web1", "rename", "new"),
        ("web1", "snapshot"), ("web1", "move", "tank"), ("new", "create"), ("web1", "start"),
        ("global", "set", "tap_start_offset=60"), ("dataset", "tank", "promote"),
        ("dataset", "tank", "upgrade"), ("iso", "delete", "x"), ("doctor", "--fix", "-y"),
    ):  # fmt: skip
        done = lab.chyves(*words, status=4)
        assert "tank: its layout has version 2, this chyves knows version 1" in done.stderr, words
        assert done.stderr.count("\n") == 2
    assert lab.everything() == before
    assert names(lab) == ["web1", "web2"]
    assert "version 2" in lab.chyves("doctor", status=1).stdout
    lab.run("zfs", "set", "chyves.pool:version=1", "tank/chyves")
    lab.run("zfs", "set", "chyves:chyves_guest_version=2", "zroot/chyves/guests/web1")
    done = lab.chyves("web1", "set", "cpu=2", status=4)
    assert "web1: has version 2, this chyves knows version 1" in done.stderr
    lab.chyves("web2", "set", "cpu=2")
    assert lab.output("web1", "get", "-H", "cpu") == "1"


def test_a_layout_without_a_version_is_made_whole(lab: LabHost) -> None:
    lab.run("zfs", "inherit", "chyves.pool:version", "zroot/chyves")
    lab.run("zfs", "destroy", "zroot/chyves/Firmware")
    printed = lab.output("dataset", "zroot", "upgrade", "-n").split("\n")
    assert printed == [
        "zfs create zroot/chyves/Firmware",
        "zfs set chyves.pool:version=1 zroot/chyves",
    ]
    assert "is now of version 1" in lab.output("dataset", "zroot", "upgrade")
    assert own_properties(lab, "zroot/chyves")["chyves.pool:version"] == "1"
    assert "was of version 1" in lab.output("dataset", "zroot", "upgrade")


def test_what_chyves_0_2_made_is_recognised_and_left_alone(empty_lab: LabHost) -> None:
    lab = empty_lab
    lab.run("zfs", "create", "-o", "mountpoint=/chyves/zroot", "zroot/chyves")
    for name in (".config", "guests", "guests/web1", "ISO", "Firmware", "logs"):
        lab.run("zfs", "create", f"zroot/chyves/{name}")
    (lab.root / "chyves/zroot/.config/pool.cfg").write_text('dataset_version="0003"\n')
    before = lab.everything()
    for verb in ("install", "upgrade", "promote", "offline", "online", "uninstall"):
        done = lab.chyves("dataset", "zroot", verb, status=4)
        assert "chyves 0.2, the shell program, is on this pool" in done.stderr, verb
        assert done.stderr.count("\n") == 2
    assert "version 0003" in lab.chyves("dataset", "zroot", "upgrade", status=4).stderr
    assert lab.everything() == before
    assert states(lab)["zroot"] == "chyves-sh"
    lab.chyves("dataset", "tank", "install")
    assert names(lab) == []


def test_an_older_guest_gets_what_it_lacks_and_keeps_what_it_has(lab: LabHost) -> None:
    guest = "zroot/chyves/guests/web1"
    made = {"chyves:chyves_guest_version": "1", "chyves:cpu": "2", "chyves:net_ifaces": "tap77"}
    make_datasets(lab.lab, [NewDataset(guest, made), NewDataset(f"{guest}/disk0", {}, 1 << 30)])
    make_whole_guests(lab, ["web2"])
    before = own_properties(lab, "zroot/chyves/guests/web2")
    lab.chyves("web1,web2", "upgrade", "-n")
    assert own_properties(lab, guest) == made
    lab.chyves("web1", "upgrade")
    own = own_properties(lab, guest)
    assert own.items() >= made.items()
    assert own["chyves:pci_slots"] == "disk0=4,tap77=16"
    assert own["chyves:serial"] != before["chyves:serial"]
    assert own["chyves:tap77_bridge"] == "bridge0"
    for name in ("uuid", "tap77_mac", "uefi_vnc_port"):
        assert own[f"chyves:{name}"]
    assert own_properties(lab, f"{guest}/disk0")["chyves:disk_serial"].startswith("CHY")
    assert "was whole" in lab.output("web1", "upgrade")
    assert own_properties(lab, guest) == own
    assert own_properties(lab, "zroot/chyves/guests/web2") == before


def test_an_upgrade_goes_through_every_version_between() -> None:
    properties = {"chyves.pool:version": ("2", "local"), "chyves.pool:role": ("primary", "local")}
    layout = Dataset("tank/chyves", properties)
    pool = Pool("tank", "1", "ONLINE", "1", "1", "primary", layout)

    def adds(name: str) -> pool_upgrade.Upgrade:
        def step(storage: Storage, each: Pool) -> Plan:
            return (create_filesystem(f"{each.root}/{name}", {}),)

        return step

    steps = {version: adds(f"new{version}") for version in range(5)}
    plan = pool_upgrade.plan_upgrade(Storage((pool,), {}), pool, steps, 4)
    assert [str(step) for step in plan] == [
        "zfs create tank/chyves/new2",
        "zfs set chyves.pool:version=3 tank/chyves",
        "zfs create tank/chyves/new3",
        "zfs set chyves.pool:version=4 tank/chyves",
    ]
    assert pool_upgrade.plan_upgrade(Storage((pool,), {}), pool, steps, 2) == ()


def test_every_older_layout_can_be_upgraded() -> None:
    assert sorted(pool_upgrade.UPGRADES) == list(range(pools.DATASET_VERSION))


def test_a_pool_that_has_failed_is_not_asked_for_its_datasets() -> None:
    row = ["tank", "7", "SUSPENDED", "-", "-", "-"]
    datasets = {"tank/chyves": Dataset("tank/chyves", {})}
    assert pools.make_pool(row, datasets).state == "unreadable"
    failed = Storage((pools.make_pool(row, {}),), {})
    error = failed.no_primary()
    assert str(error) == "there is no primary pool, tank is unreadable"
    assert error.hint == "zpool status tank"
