"""A kill -9 at every host command of an import: nothing is lost, and the next run ends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.test_pools_crash import journal, walk
from tests.conftest import LabHost
from tests.migration.hosts.iohyve import Iohyve

pytestmark = pytest.mark.timeout(1200)
NAMES = ["a", "a1", "b", "c", "d"]


def disks(lab: LabHost) -> dict[str, str]:
    """The guid of each snapshot of a disk, wherever it is, by guest and disk."""
    lines = lab.run("zfs", "list", "-H", "-t", "snapshot", "-o", "name,guid").stdout.splitlines()
    rows = (line.split("\t") for line in lines)
    found = {
        name.partition("/guests/")[2] or name.partition("/iohyve/")[2]: guid for name, guid in rows
    }
    return {name: guid for name, guid in found.items() if "disk" in name and "@s" in name}


def five(lab: LabHost) -> Iohyve:
    """iohyve with five guests; one has a disk that it does not attach."""
    io = Iohyve(lab.run, "zroot")
    for name in NAMES:
        io.create(name, "1M")
    io.add("b", 1, size="1M")
    lab.run("zfs", "inherit", "iohyve:pcidev:1", "zroot/iohyve/b")
    for name in NAMES:
        io.snap(name, "s")
    return io


def test_a_killed_import_of_five_guests_loses_nothing(lab: LabHost, tmp_path: Path) -> None:
    five(lab)
    before = disks(lab)

    def look(each: LabHost) -> None:
        now = {name.replace("kept-", ""): guid for name, guid in disks(each).items()}
        assert now == before
        places = [name.split("/") for name in each.datasets("filesystem")]
        found = sorted(part[-1] for part in places if part[-1] in NAMES)
        assert found == NAMES

    walk(lab, tmp_path, ("import", "iohyve", "-y"), "kill-after", look)


def test_after_the_next_run_all_guests_are_here(lab: LabHost) -> None:
    five(lab)
    for call in range(9, 40, 6):
        lab.chyves("import", "iohyve", "-yq", status=None, CHYVES_LAB_FAIL=f"zfs:{call}:kill")
    lab.chyves("import", "iohyve", "-yq")
    assert lab.output("list", "-H", "-o", "name").split() == NAMES
    assert not journal(lab)
    assert "zroot/chyves/guests/b/kept-disk1" in lab.datasets()
    assert lab.output("doctor") == "nothing is wrong"


def test_doctor_ends_an_interrupted_import(lab: LabHost) -> None:
    io = Iohyve(lab.run, "zroot")
    io.create("a", "1M")
    io.add("a", 1, size="1M")
    lab.run("zfs", "inherit", "iohyve:pcidev:1", "zroot/iohyve/a")
    words = ("import", "iohyve", "-yq")
    calls = [argv[1] for argv in lab.commands("zfs")]
    assert calls
    lab.forget_commands()
    for call in range(4, 20):
        lab.chyves(*words, status=None, CHYVES_LAB_FAIL=f"zfs:{call}:kill-after")
        if journal(lab):
            break
    assert journal(lab)
    lab.chyves("a", "start", status=4) if "zroot/chyves/guests/a" in lab.datasets() else None
    lab.chyves("doctor", "--fix", "-y", status=None)
    assert lab.output("doctor") == "nothing is wrong"
    lab.chyves(*words)
    assert lab.output("list", "-H", "-o", "name") == "a"
    assert "zroot/chyves/guests/a/kept-disk1" in lab.datasets()


def test_a_killed_copy_is_made_anew(lab: LabHost, tmp_path: Path) -> None:
    io = Iohyve(lab.run, "zroot")
    io.create("a", "1M")
    io.snap("a", "s")
    before = disks(lab)

    def look(each: LabHost) -> None:
        there = [name for name in each.datasets() if name.startswith("zroot/iohyve/a")]
        assert {name for name in there if "@chyves-import" not in name} == {
            "zroot/iohyve/a",
            "zroot/iohyve/a@s",
            "zroot/iohyve/a/disk0",
            "zroot/iohyve/a/disk0@s",
        }
        assert disks(each).items() >= before.items()

    walk(lab, tmp_path, ("import", "iohyve", "--copy", "-y"), "kill-after", look)
