"""kill -9 at every host command of `clone` and of `delete promote`: no guest is ever lost."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.whole_guests import clone_guest, make_whole_guests, outside

if TYPE_CHECKING:
    from tests.conftest import LabHost

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CLONE = ("gold", "clone", "web1,web2", "-cu")
COPY = ("gold", "clone", "web1,web2", "-iu", "tank")
PROMOTE = ("gold", "delete", "promote", "--yes")


def make_family(lab: LabHost) -> None:
    """gold, of which some are clones, and guests with names like its own."""
    make_whole_guests(lab, ["gold", "gold2", "web12"], snapshots=["a", "b"], size=1 << 20)
    clone_guest(lab, "gold", "kid1", "b")
    clone_guest(lab, "gold", "kid2", "a")


def names(lab: LabHost) -> list[str]:
    """All datasets and snapshots, the moments in their names left out."""
    return [MOMENT.sub("MOMENT", name) for name in lab.datasets()]


def new_lab(lab: LabHost, folder: Path) -> LabHost:
    """A copy of a lab as it is now."""
    shutil.copytree(lab.folder, folder, symlinks=True)
    return type(lab)(folder)


def killed_runs(
    lab: LabHost, folder: Path, words: tuple[str, ...]
) -> Iterator[tuple[str, LabHost]]:
    """Run a command in new labs, and kill it at each call of each program, before and after it."""
    for program in ("zpool", "ifconfig", "zfs"):
        for fault in ("kill", "kill-after"):
            for call in range(1, 100):
                killed = new_lab(lab, folder / f"{program}{call}{fault}")
                wanted = f"{program}:{call}:{fault}"
                done = killed.chyves(*words, status=None, CHYVES_LAB_FAIL=wanted)
                if done.returncode == 0:
                    break
                assert done.returncode == -9, done.stderr
                yield wanted, killed
                shutil.rmtree(killed.folder)


def walk(
    lab: LabHost, folder: Path, words: tuple[str, ...], others: Callable[[LabHost], object]
) -> None:
    """Check each killed run: `others` is as before, and the same command again ends it all."""
    make_family(lab)
    before = others(lab)
    whole = new_lab(lab, folder / "whole")
    whole.chyves(*words)
    count = 0
    for wanted, killed in killed_runs(lab, folder, words):
        count += 1
        assert others(killed) == before, wanted
        again = killed.chyves(*words, status=None)
        assert again.returncode == 0, (wanted, again.stderr)
        assert names(killed) == names(whole), wanted
        assert others(killed) == before, wanted
        listed = killed.output("list", "-H", "-o", "name")
        assert listed == whole.output("list", "-H", "-o", "name"), wanted
        assert not list(killed.root.glob("chyves/*/journal/*.json"))
    assert count > 10


def around_clones(lab: LabHost) -> list[str]:
    """Everything but the new guests, and the snapshot that clone takes of gold."""
    lines = outside(lab, "web1", "web2")
    return [line for line in lines if "@clone-web1-" not in line]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("words", [CLONE, COPY], ids=["clone", "copy"])
def test_a_killed_clone_hurts_no_one_and_the_same_command_again_makes_it(
    lab: LabHost, tmp_path: Path, words: tuple[str, ...]
) -> None:
    walk(lab, tmp_path, words, around_clones)


def around_promotions(lab: LabHost) -> list[str]:
    """Everything but gold, and what its clones had: they get its snapshots, and lose nothing."""
    lines = outside(lab, "gold", "kid1", "kid2")
    kids = [line for line in lab.everything().split("\n") if re.search(r"/kid\d[/\t]", line)]
    return [*lines, *(line for line in kids if "@" not in line)]


@pytest.mark.timeout(1800)
def test_a_killed_delete_promote_hurts_no_one_and_the_same_command_again_ends_it(
    lab: LabHost, tmp_path: Path
) -> None:
    walk(lab, tmp_path, PROMOTE, around_promotions)
