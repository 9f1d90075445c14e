"""Changes of several steps that are interrupted: they are ended or undone, never guessed at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands.whole_guests import guests, make_whole_guests, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost

NEW = "zroot/chyves/guests/new"
WEB2 = "zroot/chyves/guests/web2"
OLD_PATH, NEW_PATH = (
    f"ahci-hd,/dev/zvol/zroot/chyves/guests/{name}/disk0" for name in ("web1", "new")
)
# The zfs calls of this rename are: read, rename, set.
RENAME, SET = 2, 3


@pytest.fixture
def two(lab: LabHost) -> LabHost:
    """A lab with web1, and web2 that has a disk of web1 too."""
    make_whole_guests(lab, ["web1", "web2"])
    lab.chyves("web2", "set", f"pcidev_1={OLD_PATH}")
    return lab


def journal(lab: LabHost) -> list[str]:
    """The titles of the changes that were begun and not ended."""
    folder = lab.root / "chyves/zroot/journal"
    files = sorted(folder.glob("*.json")) if folder.exists() else []
    return [json.loads(file.read_text())["title"] for file in files]


def is_whole(lab: LabHost) -> bool:
    """Whether the rename is done, and nothing but it."""
    paths = own_properties(lab, WEB2)["chyves:pcidev_1"]
    return guests(lab) == ["new", "web2"] and paths == NEW_PATH and journal(lab) == []


@pytest.mark.parametrize("call", [RENAME, SET])
@pytest.mark.parametrize("fault", ["kill", "kill-after"])
def test_the_same_command_again_ends_what_was_interrupted(
    two: LabHost, call: int, fault: str
) -> None:
    two.chyves("web1", "rename", "new", status=-9, CHYVES_LAB_FAIL=f"zfs:{call}:{fault}")
    assert journal(two) == ["web1 rename new"]
    two.chyves("web1", "rename", "new")
    assert is_whole(two)


def test_other_commands_for_these_guests_are_refused_and_change_nothing(two: LabHost) -> None:
    two.chyves("web1", "rename", "new", status=-9, CHYVES_LAB_FAIL=f"zfs:{SET}:kill")
    before = two.everything()
    for words in (
        ("new", "snapshot", "@a"),
        ("new", "start"),
        ("new", "set", "cpu=2"),
        ("web2", "unset", "pcidev_1"),
        ("new", "delete", "-y"),
        ("new", "rename", "other"),
        ("web1", "create"),
    ):
        done = two.chyves(*words, status=4)
        assert (
            "`chyves web1 rename new` was interrupted\n        chyves doctor --fix" in done.stderr
        )
    assert two.everything() == before
    assert two.output("list", "-H", "-o", "name").split() == ["new", "web2"]


def test_a_step_that_fails_brings_the_old_state_back(two: LabHost) -> None:
    before = two.everything()
    two.chyves("web1", "rename", "new", status=1, CHYVES_LAB_FAIL=f"zfs:{SET}:fail")
    assert two.everything() == before
    assert journal(two) == []


def test_several_sets_of_one_command_are_ended_together(two: LabHost) -> None:
    words = ("web1", "set", "cpu=2", "web2", "cpu=3")
    two.chyves(*words, status=-9, CHYVES_LAB_FAIL="zfs:2:kill-after")
    assert journal(two) == ["web1,web2 set"]
    two.chyves(*words)
    assert [two.output(name, "get", "-H", "cpu") for name in ("web1", "web2")] == ["2", "3"]
    assert journal(two) == []
