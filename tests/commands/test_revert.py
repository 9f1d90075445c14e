"""revert_to_snapshot: guests that go back whenever they boot, or do not boot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import ended, import_script, until
from tests.commands.whole_guests import (
    journal,
    make_bootable,
    make_whole_guests,
    own_properties,
    read_words,
    write_words,
)
from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"


@pytest.fixture
def kiosk(lab: LabHost) -> LabHost:
    """A lab with web1, whose second disk is `clean` in @clean and `dirty` now."""
    make_whole_guests(lab, ["web1"])
    lab.run("zfs", "create", "-V", "10m", f"{WEB1}/disk1")
    make_bootable(lab, "web1")
    write_words(lab, "web1", "clean", "disk1")
    lab.chyves("web1", "snapshot", "@clean")
    write_words(lab, "web1", "dirty", "disk1")
    return lab


def revert(lab: LabHost, method: str) -> None:
    """Let web1 go back to @clean."""
    words = ("revert_to_snapshot=@clean", f"revert_to_snapshot_method={method}")
    lab.chyves("web1", "set", *words, "notes=kept")


@pytest.mark.parametrize(
    ("method", "found"),
    [("off", "dirty"), ("start", "clean"), ("both", "clean"), ("reboot", "dirty")],
)
def test_at_its_start_a_guest_goes_back_where_it_is_to(
    kiosk: LabHost, method: str, found: str
) -> None:
    revert(kiosk, method)
    kiosk.chyves("web1", "start")
    assert read_words(kiosk, "web1", "disk1") == found
    assert own_properties(kiosk, WEB1)["chyves:notes"] == "kept"
    assert ("went back to @clean" in kiosk.output("web1", "log")) is (found == "clean")


@pytest.mark.parametrize(("method", "found"), [("reboot", "clean"), ("start", "dirty")])
def test_at_a_reboot_a_guest_goes_back_where_it_is_to(
    kiosk: LabHost, tmp_path: Path, method: str, found: str
) -> None:
    import_script(kiosk, tmp_path, "again.iso")
    revert(kiosk, method)
    kiosk.chyves("web1", "start", "again.iso")
    write_words(kiosk, "web1", "dirty", "disk1")
    kiosk.chyves("web1", "reload")
    until(lambda: "reboot 1" in kiosk.output("web1", "log"), 60)
    assert read_words(kiosk, "web1", "disk1") == found
    assert "ISO again.iso ejected" in kiosk.output("web1", "log")


def test_a_dry_run_of_start_shows_how_it_goes_back(kiosk: LabHost) -> None:
    revert(kiosk, "start")
    shown = kiosk.output("web1", "start", "-n").split("\n")
    assert f"zfs rollback {WEB1}/disk1@clean" in shown
    assert f"zfs rollback {WEB1}@clean" in shown
    assert read_words(kiosk, "web1", "disk1") == "dirty"


def test_a_guest_that_cannot_go_back_is_not_started(kiosk: LabHost) -> None:
    revert(kiosk, "start")
    kiosk.run("zfs", "snapshot", f"{WEB1}@newer")
    done = kiosk.chyves("web1", "start", status=4)
    assert "web1: can't go back to @clean, @newer is newer\n" in done.stderr
    kiosk.run("zfs", "destroy", f"{WEB1}@newer")
    kiosk.run("zfs", "create", "-V", "10m", f"{WEB1}/disk2")
    done = kiosk.chyves("web1", "start", status=4)
    assert "web1: can't go back to @clean, which disk2 does not have\n" in done.stderr
    kiosk.run("zfs", "destroy", f"{WEB1}/disk2")
    kiosk.run("zfs", "destroy", "-r", f"{WEB1}@clean")
    done = kiosk.chyves("web1", "start", status=3)
    assert "web1: there is no snapshot @clean\n" in done.stderr
    assert ended(kiosk, "web1")
    assert not kiosk.commands("bhyve")


def test_a_guest_that_cannot_go_back_at_a_reboot_stays_down_and_says_why(
    kiosk: LabHost, tmp_path: Path
) -> None:
    import_script(kiosk, tmp_path, "again.iso")
    revert(kiosk, "both")
    kiosk.chyves("web1", "start", "again.iso")
    kiosk.run("zfs", "snapshot", "-r", f"{WEB1}@newer")
    kiosk.chyves("web1", "reload", status=None)
    until(lambda: ended(kiosk, "web1"), 60)
    told = kiosk.output("web1", "log")
    assert "could not be started: web1: can't go back to @clean, @newer is newer" in told
    assert f"{WEB1}/disk1@newer" in kiosk.datasets()


def test_a_snapshot_that_would_stand_in_the_way_is_not_taken(kiosk: LabHost) -> None:
    revert(kiosk, "start")
    done = kiosk.chyves("web1", "snapshot", "@other", status=4)
    assert "chyves web1 set revert_to_snapshot_method=off" in done.stderr
    done = kiosk.chyves("all", "snapshot")
    assert done.stdout == "web1: left out, it goes back to @clean when it boots\n"
    assert not [name for name in kiosk.datasets("snapshot") if "@" in name and "clean" not in name]
    kiosk.chyves("web1", "set", "revert_to_snapshot_method=off")
    kiosk.chyves("web1", "snapshot", "@other")


def test_set_takes_only_a_snapshot_that_is_there(kiosk: LabHost) -> None:
    before = kiosk.everything()
    done = kiosk.chyves("web1", "set", "revert_to_snapshot=@clea", status=3)
    assert done.stderr == "chyves: web1: there is no snapshot @clea\n        did you mean @clean?\n"
    done = kiosk.chyves("web1", "set", "revert_to_snapshot_method=start", status=2)
    assert "web1: no snapshot is named that it could go back to\n" in done.stderr
    assert kiosk.everything() == before
    revert(kiosk, "start")
    kiosk.chyves("web1", "set", "revert_to_snapshot_method=reboot")
    kiosk.chyves("web1", "set", "revert_to_snapshot_method=off")
    kiosk.chyves("web1", "snapshot", "delete", "@clean", "-y")
    done = kiosk.chyves("web1", "set", "revert_to_snapshot_method=start", status=3)
    assert "web1: there is no snapshot @clean" in done.stderr
    done = kiosk.chyves("new", "create", "1G", "revert_to_snapshot=@clean", status=3)
    assert "new: there is no snapshot @clean" in done.stderr


def test_a_start_that_was_killed_while_going_back_is_ended_by_the_next(kiosk: LabHost) -> None:
    revert(kiosk, "start")
    kiosk.forget_commands()
    kiosk.chyves("web1", "start", "-n")
    # start itself looks once more under the guest's lock, then goes back disk by disk.
    for call in range(5, 12):
        write_words(kiosk, "web1", "dirty", "disk1")
        fault = f"zfs:{call}:kill-after"
        done = kiosk.chyves("web1", "start", status=None, CHYVES_LAB_FAIL=fault)
        if journal(kiosk):
            break
    assert done.returncode == -9
    assert journal(kiosk) == ["web1 start"]
    refused = kiosk.chyves("web1", "snapshot", "@x", status=4)
    assert "`chyves web1 start` was interrupted" in refused.stderr
    kiosk.chyves("web1", "start")
    assert journal(kiosk) == []
    assert read_words(kiosk, "web1", "disk1") == "clean"
