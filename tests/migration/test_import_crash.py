"""A kill -9 at every host command of an import: nothing is lost, and the next run ends it."""

from __future__ import annotations

import pytest

from tests.commands.whole_guests import journal
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


def look_at(lab: LabHost, before: dict[str, str]) -> None:
    """Check that each guest is in one place, with all its disks."""
    assert {name.replace("kept-", ""): guid for name, guid in disks(lab).items()} == before
    places = [name.rpartition("/")[2] for name in lab.datasets("filesystem")]
    assert sorted(name for name in places if name in NAMES) == NAMES


def test_an_import_that_is_killed_behind_every_host_command_goes_on(lab: LabHost) -> None:
    five(lab)
    before, runs, last = disks(lab), 0, ""
    # The calls that only read come first; each run is killed behind its first change.
    call = 5
    status = -9
    while status == -9:
        words = ("import", "iohyve", "-yq")
        done = lab.chyves(*words, status=None, CHYVES_LAB_FAIL=f"zfs:{call}:kill-after")
        status = done.returncode
        look_at(lab, before)
        now = lab.everything()
        call, runs, last = (call + 1 if now == last else 5), runs + 1, now
    assert status == 0, done.stderr
    assert runs > 15
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


def test_a_killed_copy_is_made_anew(lab: LabHost) -> None:
    io = Iohyve(lab.run, "zroot")
    io.create("a", "1M")
    io.snap("a", "s")
    before = disks(lab)
    words = ("import", "iohyve", "--copy", "-yq")
    status, call = -9, 5
    while status == -9:
        done = lab.chyves(*words, status=None, CHYVES_LAB_FAIL=f"zfs:{call}:kill-after")
        status, call = done.returncode, call + 3
        there = [name for name in lab.datasets() if name.startswith("zroot/iohyve/a")]
        kept = ["zroot/iohyve/a", "zroot/iohyve/a/disk0", "zroot/iohyve/a/disk0@s"]
        found = [name for name in there if "@chyves-import" not in name]
        assert found == [*kept, "zroot/iohyve/a@s"]
        assert disks(lab).items() >= before.items()
    assert status == 0, done.stderr
    lab.chyves(*words)
    assert lab.output("list", "-H", "-o", "name") == "a"
    assert not any("chyves-import" in name for name in lab.datasets())
    assert lab.output("doctor") == "nothing is wrong"
