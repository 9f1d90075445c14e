"""Guests of iohyve come here as they were, and go back as they came."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.commands.whole_guests import make_whole_guests
from tests.conftest import LabHost
from tests.migration.hosts.iohyve import Iohyve
from tests.migration.hosts.iohyve_scenes import FIRMWARE, SCENES
from tests.migration.looking import below, planned
from tests.migration.seen import Seen, see

ROOTS = ("zroot/iohyve", "tank/iohyve")


@dataclass
class Journey:
    """One lab whose guests have come, gone back, and come again: what they were at each time."""

    lab: LabHost
    compared: dict[str, list[str]] = field(default_factory=dict)
    lines: dict[str, Seen] = field(default_factory=dict)
    there: list[list[str]] = field(default_factory=list)
    here: list[list[str]] = field(default_factory=list)
    planned: dict[str, str] = field(default_factory=dict)

    def look(self) -> list[str]:
        """Return all that is set on datasets of iohyve, and all guids."""
        return below(self.lab, "zroot/iohyve/", "tank/iohyve/")

    def come(self) -> None:
        """Import all guests."""
        self.lab.chyves("import", "iohyve", "--yes")
        self.here.append(below(self.lab, "zroot/chyves/guests/", "tank/chyves/guests/"))


@pytest.fixture(scope="module")
def journey(lab_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """All scenes on one host; their guests come, go back and come again."""
    folder = tmp_path_factory.mktemp("journey") / "lab"
    shutil.copytree(lab_template, folder, symlinks=True)
    lab = LabHost(folder)
    io = Iohyve(lab.run, "zroot")
    lab.run("zfs", "create", f"zroot/iohyve/Firmware/{FIRMWARE}")
    (lab.root / f"iohyve/Firmware/{FIRMWARE}/{FIRMWARE}").write_bytes(b"f" * 4096)
    found = Journey(lab)
    for name, scene in SCENES.items():
        found.compared[name] = scene(io)
    for name in (name for names in found.compared.values() for name in names):
        found.lines[name] = see(io.line(name))
    found.there.append(found.look())
    found.come()
    names = ",".join(lab.output("list", "-H", "-o", "name").split())
    lab.chyves("export", "--to", "iohyve", names, "--yes")
    found.there.append(found.look())
    found.come()
    found.planned = planned(lab, *found.lines)
    yield found
    lab.stop_everything()


@pytest.mark.parametrize("scene", SCENES)
def test_guests_see_the_same_machine(journey: Journey, scene: str) -> None:
    for name in journey.compared[scene]:
        old, new = journey.lines[name], see(journey.planned[name])
        assert new.devices == old.devices
        assert (new.cpu, new.ram, new.flags) == (old.cpu, old.ram, old.flags)
        assert (new.screen, new.has_firmware) == (old.screen, old.has_firmware)


def test_what_went_back_is_letter_for_letter_what_had_come(journey: Journey) -> None:
    before, after = journey.there
    assert any("@" in line for line in before)
    assert after == before


def test_what_comes_again_is_what_it_was_here(journey: Journey) -> None:
    first, second = journey.here
    assert second == first


def test_several_guests_leave_for_an_iohyve_that_is_on_no_pool_yet(lab: LabHost) -> None:
    make_whole_guests(lab, ["web", "web2"])
    make_whole_guests(lab, ["mail"], pool="tank", first=2)
    lab.chyves("export", "--to", "iohyve", "web,web2,mail", "--yes")
    places = ("zroot/iohyve/web", "zroot/iohyve/web2", "tank/iohyve/mail")
    names = lab.run("zfs", "get", "-H", "-o", "value", "iohyve:name", *places).stdout.split()
    assert sorted(names) == ["mail", "web", "web2"]
    roots = lab.run("zfs", "get", "-H", "-o", "value", "mountpoint", *ROOTS).stdout.split()
    assert sorted(roots) in (["/iohyve", "/iohyve/tank"], ["/iohyve", "/iohyve/zroot"])
