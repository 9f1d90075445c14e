"""`create --image` that is killed at every call of a program: no guest, or a whole one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.cloud_images import MIB, cloud_folder, holds, image, key_file
from tests.commands.whole_guests import make_whole_guests, outside, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"
MOST_CALLS = 20


def is_guest(lab: LabHost) -> bool:
    """Return whether web1 counts as a guest."""
    there = WEB1 in lab.datasets()
    return there and "chyves:chyves_guest_version" in own_properties(lab, WEB1)


@pytest.mark.parametrize("end", ["again", "delete", "doctor"])
def test_a_killed_create_leaves_no_guest_or_a_whole_one(
    lab: LabHost, tmp_path: Path, end: str
) -> None:
    make_whole_guests(lab, ["web", "web10"])
    words = ("web1", "create", "16M", "--image", image(tmp_path), "--ssh-key", key_file(tmp_path))
    others = outside(lab, "web1")
    for call in range(1, MOST_CALLS):
        done = lab.chyves(*words, status=None, CHYVES_LAB_FAIL=f"zfs:{call}:kill-after")
        assert done.returncode in (0, -9), done.stderr
        assert outside(lab, "web1") == others
        if not is_guest(lab) and end == "again":
            lab.chyves("web1", "get", "cpu", status=3)
            lab.chyves(*words)
        if is_guest(lab):
            assert holds(lab, "web1", 16 * MIB)
            assert (cloud_folder(lab) / "user-data").exists()
            lab.chyves("web1", "delete", "-y")
        elif WEB1 in lab.datasets() and end == "delete":
            lab.chyves("web1", "delete", "-y")
        elif end == "doctor":
            lab.chyves("doctor", "--fix", "-y", status=None)
        assert outside(lab) == others
        if done.returncode == 0:
            return
    raise AssertionError("it never got to its end")
