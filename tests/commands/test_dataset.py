"""`dataset POOL install`: a layout is made whole, once, and never over somebody else's data."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.commands.whole_guests import guests, make_whole_guests, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost


def test_the_first_pool_becomes_primary_and_the_next_secondary(empty_lab: LabHost) -> None:
    empty_lab.chyves("web1", "create", status=3)
    empty_lab.chyves("dataset", "tank", "install")
    empty_lab.chyves("dataset", "zroot", "install")
    assert own_properties(empty_lab, "tank/chyves")["chyves.pool:role"] == "primary"
    assert own_properties(empty_lab, "zroot/chyves")["chyves.pool:role"] == "secondary"
    assert "tank/chyves/ISO" in empty_lab.datasets()
    before = empty_lab.everything()
    for status, words in (
        (4, ["tank", "install"]),
        (3, ["nosuch", "install"]),
        (3, ["zroot/chyves", "install"]),
        (2, ["tank", "nosuch"]),
        (2, ["tank"]),
        (2, []),
    ):
        done = empty_lab.chyves("dataset", *words, status=status)
        assert 1 <= done.stderr.count("\n") <= 2, words
    assert empty_lab.everything() == before


def test_a_dataset_of_somebody_else_is_not_taken_over(empty_lab: LabHost) -> None:
    empty_lab.run("zfs", "create", "zroot/chyves")
    empty_lab.run("zfs", "create", "-V", "1M", "tank/chyves")
    before = empty_lab.everything()
    for pool in ("zroot", "tank"):
        done = empty_lab.chyves("dataset", pool, "install", status=4)
        assert f"{pool}/chyves" in done.stderr
    assert empty_lab.everything() == before


def test_an_interrupted_install_is_ended_by_the_same_command(empty_lab: LabHost) -> None:
    for call in range(1, 9):
        for fault in ("kill", "kill-after", "fail"):
            done = empty_lab.chyves(
                "dataset", "zroot", "install", status=None, CHYVES_LAB_FAIL=f"zfs:{call}:{fault}"
            )
            assert "Traceback" not in done.stderr
            if done.returncode == 0 or (call, fault) == (7, "kill-after"):
                break
    own = own_properties(empty_lab, "zroot/chyves")
    assert own["chyves.pool:role"] == "primary"
    for child in ("guests", "ISO", "Firmware", "logs"):
        assert f"zroot/chyves/{child}" in empty_lab.datasets()


def test_a_dry_run_of_install_changes_nothing_and_can_be_pasted(empty_lab: LabHost) -> None:
    before = empty_lab.everything()
    printed = empty_lab.output("dataset", "zroot", "install", "-n")
    assert empty_lab.everything() == before
    assert all(shlex.split(line)[0] == "zfs" for line in printed.split("\n"))
    empty_lab.run("sh", "-ec", printed)
    empty_lab.chyves("web1", "create", "1G")
    assert guests(empty_lab) == ["web1"]


def test_a_guest_on_two_pools_is_refused_with_both_its_places(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"])
    make_whole_guests(lab, ["web1"], pool="tank", first=9)
    before = lab.everything()
    for words in (
        ("web1", "set", "cpu=2"),
        ("web1", "delete", "--yes"),
        ("web1", "delete", "--yes", "force"),
        ("web1", "rename", "new"),
        ("web1", "snapshot"),
        ("web1", "get", "cpu"),
        ("web1", "create"),
        ("web2", "rename", "web1"),
    ):
        done = lab.chyves(*words, status=4)
        assert "zroot/chyves/guests/web1" in done.stderr, words
        assert done.stderr.count("\n") <= 2
    for words in (("web1", "set", "cpu=2"), ("web1", "delete", "--yes")):
        assert "tank/chyves/guests/web1" in lab.chyves(*words, status=4).stderr
    assert lab.everything() == before
    assert lab.output("web2", "get", "-H", "cpu") == "1"


@pytest.mark.parametrize("target", ["tank/chyves", "tank/backup/chyves"])
def test_a_replica_of_the_whole_layout_is_never_taken_for_the_real_one(
    empty_lab: LabHost, target: str
) -> None:
    lab = empty_lab
    lab.chyves("dataset", "zroot", "install")
    make_whole_guests(lab, ["web1"])
    lab.run("zfs", "snapshot", "-r", "zroot/chyves@x")
    if "backup" in target:
        lab.run("zfs", "create", "tank/backup")
    lab.run("sh", "-c", f"zfs send -R zroot/chyves@x | zfs receive -u {target}")
    assert f"{target}/guests/web1/disk0" in lab.datasets()
    copies = [line for line in lab.everything().split("\n") if line.startswith("tank/")]
    lab.chyves("web1", "set", "cpu=3")
    assert lab.output("all", "get", "-H", "cpu") == "3"
    if target == "tank/chyves":
        lab.chyves("dataset", "tank", "install", status=4)
        lab.chyves("web2", "create", "tank", status=3)
    lab.chyves("web1", "delete", "--yes")
    assert [line for line in lab.everything().split("\n") if line.startswith("tank/")] == copies
