"""A kill -9 at every host command of what moves data between pools: nothing is ever lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.conftest import import_script
from tests.commands.whole_guests import guests, make_whole_guests
from tests.conftest import LabHost

# Labs are copied here with all their disks.
SMALL = 1 << 20
# What a kill before or after these leaves is what one at a call that only reads leaves.
CHANGING = "create destroy inherit mount receive rename send set snapshot".split()
# On a machine that has other things to do.
pytestmark = pytest.mark.timeout(1200)
EACH = pytest.mark.parametrize("fault", ["kill", "kill-after"])
Look = Callable[[LabHost], None]


def copy_of(lab: LabHost, folder: Path) -> LabHost:
    """A lab like another one."""
    place = folder / "copy" / "lab"
    shutil.rmtree(place.parent, ignore_errors=True)
    shutil.copytree(lab.folder, place, symlinks=True)
    return LabHost(place)


def killed(lab: LabHost, folder: Path, words: tuple[str, ...], fault: str) -> Iterator[LabHost]:
    """A copy of a lab for each zfs call of a command that changes something, killed there."""
    whole = copy_of(lab, folder)
    whole.forget_commands()
    whole.chyves(*words)
    calls = [argv[1] for argv in whole.commands("zfs")]
    places = [number for number, verb in enumerate(calls, 1) if verb in CHANGING]
    assert places
    for number in places:
        each = copy_of(lab, folder)
        each.chyves(*words, status=-9, CHYVES_LAB_FAIL=f"zfs:{number}:{fault}")
        yield each


def walk(lab: LabHost, folder: Path, words: tuple[str, ...], fault: str, look: Look) -> None:
    """Kill a command at each of its zfs calls; look then, and again when it was repeated."""
    for each in killed(lab, folder, words, fault):
        look(each)
        each.chyves(*words)
        look(each)
        assert not journal(each)


def journal(lab: LabHost) -> list[Path]:
    """The changes that were begun and not ended."""
    return list((lab.root / "chyves").glob("*/journal/*.json"))


def counting(lab: LabHost) -> list[str]:
    """The datasets in a guest's place that count as guests."""
    argv = ("zfs", "get", "-H", "-t", "filesystem", "-s", "local,received", "-o", "name")
    found = lab.run(*argv, "chyves:chyves_guest_version").stdout.split()
    return [name for name in found if name.split("/")[1:3] == ["chyves", "guests"]]


def snapshots(lab: LabHost, parent: str) -> set[str]:
    """Names and guids of the snapshots below the places where something may stand."""
    lines = lab.run("zfs", "list", "-H", "-t", "snapshot", "-o", "name,guid").stdout.splitlines()
    rows = (line.split("\t") for line in lines)
    found = {f"{name.partition(parent)[2]} {guid}" for name, guid in rows if parent in name}
    return {each for each in found if "@chyves-" not in each}


@EACH
def test_a_killed_move_loses_nothing(lab: LabHost, tmp_path: Path, fault: str) -> None:
    make_whole_guests(lab, ["web1", "web10"], size=SMALL, snapshots=["a"])
    lab.run("zfs", "create", "-o", "canmount=off", "tank/chyves/copies")
    whole = snapshots(lab, "chyves/guests/")

    def look(each: LabHost) -> None:
        assert snapshots(each, "chyves/guests/") >= whole
        places = counting(each)
        assert "zroot/chyves/guests/web10" in places
        ends = [name for name in places if name.endswith("/web1")]
        assert len(ends) == 1 or (len(ends) == 2 and journal(each))

    walk(lab, tmp_path, ("web1", "move", "tank"), fault, look)


@EACH
def test_the_doctor_ends_a_killed_move(lab: LabHost, tmp_path: Path, fault: str) -> None:
    make_whole_guests(lab, ["web1"], size=SMALL)
    lab.run("zfs", "create", "-o", "canmount=off", "tank/chyves/copies")
    for each in killed(lab, tmp_path, ("web1", "move", "tank"), fault):
        each.chyves("doctor", "--fix", "-y", "-q", status=None)
        (place,) = counting(each)
        assert f"{place}/disk0" in each.datasets()
        assert guests(each) == ["web1"]
        assert not journal(each)
        assert not [name for name in each.datasets() if "chyves/copies" in name]


@EACH
def test_a_killed_promotion_loses_nothing(lab: LabHost, tmp_path: Path, fault: str) -> None:
    import_script(lab, tmp_path, "os.iso")
    lab.run("zfs", "snapshot", "zroot/chyves/ISO/os.iso@old")
    lab.chyves("global", "set", "tap_start_offset=70")
    whole = snapshots(lab, "chyves/ISO/")

    def look(each: LabHost) -> None:
        assert snapshots(each, "chyves/ISO/") >= whole
        assert each.output("iso", "list", "-H", "-o", "name") == "os.iso"
        assert each.output("global", "get", "-H", "tap_start_offset") == "70"
        path = json.loads(each.output("list", "iso", "--json"))[0]["path"]
        assert Path(f"{each.root}{path}").is_file() or journal(each)

    walk(lab, tmp_path, ("dataset", "tank", "promote"), fault, look)


@EACH
@pytest.mark.parametrize("verb", ["offline", "online"])
def test_a_pool_is_in_use_or_not_after_a_kill(
    lab: LabHost, tmp_path: Path, verb: str, fault: str
) -> None:
    make_whole_guests(lab, ["mail"], size=SMALL, pool="tank")
    if verb == "online":
        lab.chyves("dataset", "tank", "offline")

    def look(each: LabHost) -> None:
        roots = {name for name in each.datasets() if name in ("tank/chyves", "tank/chyves_offline")}
        assert len(roots) == 1
        assert guests(each) == ["mail"]

    walk(lab, tmp_path, ("dataset", "tank", verb), fault, look)


@EACH
def test_a_killed_adoption_goes_on(lab: LabHost, tmp_path: Path, fault: str) -> None:
    make_whole_guests(lab, ["web1"], size=SMALL)
    lab.chyves("dataset", "tank", "uninstall", "-y")
    lab.run("zfs", "snapshot", "-r", "zroot/chyves@x")
    lab.run("sh", "-ec", "zfs send -R zroot/chyves@x | zfs receive -u tank/chyves")
    lab.run("zpool", "destroy", "-f", "zroot")

    def look(each: LabHost) -> None:
        assert guests(each) == ["web1"]

    walk(lab, tmp_path, ("dataset", "tank", "online", "--adopt"), fault, look)


@EACH
def test_a_killed_uninstall_is_ended_and_never_half_a_layout(
    lab: LabHost, tmp_path: Path, fault: str
) -> None:
    make_whole_guests(lab, ["web1"], size=SMALL, snapshots=["a"])
    make_whole_guests(lab, ["mail"], size=SMALL, pool="tank", first=3, snapshots=["b"])
    zroot = [name for name in lab.datasets() if name.startswith("zroot")]
    words = ("dataset", "tank", "uninstall", "force", "-y")
    for each in killed(lab, tmp_path, words, fault):
        assert each.output("list", "-H", "-o", "name").split() in (["mail", "web1"], ["web1"])
        again = each.chyves(*words, status=None)
        assert again.returncode == 0 or "not on this pool" in again.stderr
        left = each.datasets()
        assert [name for name in left if name.startswith("tank")] == ["tank"]
        assert [name for name in left if name.startswith("zroot")] == zroot
