"""A rollback that is killed at any host command is ended by the next one, and loses no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands.whole_guests import (
    journal,
    make_whole_guests,
    outside,
    own_properties,
    read_words,
    write_words,
)

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"
ROLLBACK = ("web1", "snapshot", "rollback", "@then", "-y")


@pytest.fixture
def later(lab: LabHost) -> LabHost:
    """A lab with web1, @then and two newer snapshots, of two disks, one of them thick."""
    make_whole_guests(lab, ["web1", "web10"], notes="before")
    lab.run("zfs", "create", "-V", "10m", "-o", "chyves:disk_serial=CHYX", f"{WEB1}/disk1")
    for disk in ("disk0", "disk1"):
        write_words(lab, "web1", "old", disk)
    lab.chyves("web1", "snapshot", "@then")
    for disk in ("disk0", "disk1"):
        write_words(lab, "web1", "new", disk)
    lab.run("zfs", "set", "volsize=20m", f"{WEB1}/disk1")
    for name in ("@b", "@c"):
        lab.chyves("web1", "snapshot", name)
    lab.chyves("web1", "set", "cpu=4", "notes=after", "eject_iso_on_n_reboot=3")
    lab.run("zfs", "set", "chyves:description=x", f"{WEB1}/disk1")
    lab.forget_commands()
    return lab


def state(lab: LabHost) -> dict[str, object]:
    """Return all that a rollback changes."""
    argv = ("zfs", "get", "-Hpo", "value", "volsize,refreservation", f"{WEB1}/disk1")
    return {
        "data": [read_words(lab, "web1", disk) for disk in ("disk0", "disk1")],
        "snapshots": [name for name in lab.datasets("snapshot") if name.startswith(WEB1)],
        "properties": own_properties(lab, WEB1),
        "disk": own_properties(lab, f"{WEB1}/disk1"),
        "room": lab.run(*argv).stdout,
    }


@pytest.mark.parametrize(
    ("fault", "end"), [("kill", ROLLBACK), ("kill-after", ("doctor", "--fix", "-y"))]
)
def test_every_crash_leaves_the_old_state_or_one_that_the_next_command_ends(
    later: LabHost, fault: str, end: tuple[str, ...]
) -> None:
    before, others = state(later), outside(later, "web1")
    finished = None
    for call in range(1, 60):
        done = later.chyves(*ROLLBACK, status=None, CHYVES_LAB_FAIL=f"zfs:{call}:{fault}")
        if not journal(later):
            found = state(later)
            if done.returncode == 0:
                finished = found
                break
            assert found == before or found["data"] == ["old", "old"], call
            continue
        assert done.returncode == -9
        refused = later.chyves("web1", "start", status=4)
        assert "rollback @then` was interrupted" in refused.stderr
        later.chyves(*end)
        assert journal(later) == []
        found = state(later)
        assert found["data"] == ["old", "old"]
        assert found["snapshots"] == [f"{WEB1}/disk0@then", f"{WEB1}/disk1@then", f"{WEB1}@then"]
        assert outside(later, "web1") == others
        renew(later)
    assert call > 12
    assert finished is not None
    assert finished["properties"]["chyves:cpu"] == "1"  # type: ignore[index]


def renew(lab: LabHost) -> None:
    """Make what the rollback has undone anew, so that it can be killed at its next call."""
    for disk in ("disk0", "disk1"):
        write_words(lab, "web1", "new", disk)
    lab.run("zfs", "set", "volsize=20m", f"{WEB1}/disk1")
    lab.run("zfs", "snapshot", "-r", f"{WEB1}@b")
    lab.run("zfs", "snapshot", "-r", f"{WEB1}@c")
    lab.run("zfs", "set", "chyves:cpu=4", "chyves:notes=after", WEB1)
    lab.run("zfs", "set", "chyves:eject_iso_on_n_reboot=3", WEB1)
    lab.run("zfs", "set", "chyves:description=x", f"{WEB1}/disk1")


def test_what_was_saved_after_the_crash_is_not_destroyed_by_ending_it(later: LabHost) -> None:
    for call in range(5, 20):
        later.chyves(*ROLLBACK, status=None, CHYVES_LAB_FAIL=f"zfs:{call}:kill-after")
        if journal(later):
            break
    later.run("zfs", "snapshot", f"{WEB1}@rescue")
    done = later.chyves(*ROLLBACK, status=1)
    assert "more recent snapshots or bookmarks exist" in done.stderr
    assert f"{WEB1}@rescue" in later.datasets()
    later.run("zfs", "destroy", f"{WEB1}@rescue")
    later.chyves(*ROLLBACK)
    assert state(later)["data"] == ["old", "old"]
