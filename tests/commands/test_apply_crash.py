"""`chyves apply` that is killed or fails half-way: the next one ends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.definition_files import changes, own, size, write

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1, NEW = "zroot/chyves/guests/web1", "tank/chyves/guests/new"
LINES = (
    *("[web1]", "cpu = 2", "template = yes"),
    *("[[disk0]]", "size = 2G", "notes = x", "[[disk1]]", "size = 1G", "serial = S1"),
    *("[new]", "pool = tank", "uuid = 22222222-2222-4222-8222-222222222222"),
    *("[[disk0]]", "size = 1G", "[[disk1]]", "size = 1G"),
)
# The calls: the first is the look at the host, the others change it.
CALLS = 9


def all_is_there(host: LabHost, file: str) -> None:
    """Check that the host is as the file says, and nothing is left to do."""
    host.forget_commands()
    assert host.chyves("apply", file).stdout == ""
    assert changes(host) == []
    assert (own(host, WEB1, "cpu"), own(host, WEB1, "template")) == ("2", "yes")
    assert host.run("zfs", "get", "-H", "-o", "value", "readonly", WEB1).stdout == "on\n"
    assert own(host, WEB1, "pci_slots") == "disk0=4,disk1=5,tap50=16"
    assert (size(host, f"{WEB1}/disk0"), size(host, f"{WEB1}/disk1")) == (2 << 30, 1 << 30)
    assert own(host, f"{WEB1}/disk0", "notes") == "x"
    assert own(host, NEW, "uuid") == "22222222-2222-4222-8222-222222222222"
    assert own(host, NEW, "pci_slots").startswith("disk0=4,disk1=5,tap")
    assert host.output("list", "-H", "-o", "name").split() == ["new", "web1"]


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        *((call, fault) for call in range(2, CALLS + 1) for fault in ("kill", "fail")),
        (CALLS, "kill-after"),
    ],
)
def test_what_was_stopped_is_ended_by_the_next_apply(
    lab: LabHost, tmp_path: Path, call: int, fault: str
) -> None:
    lab.chyves("web1", "create", "1G")
    file = write(tmp_path, *LINES)
    lab.forget_commands()
    done = lab.chyves("apply", "-y", file, status=None, CHYVES_LAB_FAIL=f"zfs:{call}:{fault}")
    assert done.returncode in ((1,) if fault == "fail" else (-9,))
    assert "Traceback" not in done.stderr
    lab.chyves("apply", "-y", file, status=0)
    all_is_there(lab, file)


def test_the_calls_are_as_many_as_the_walk_has(lab: LabHost, tmp_path: Path) -> None:
    lab.chyves("web1", "create", "1G")
    lab.forget_commands()
    file = write(tmp_path, *LINES)
    lab.chyves("apply", "-y", file)
    assert len(lab.commands("zfs")) == CALLS
    all_is_there(lab, file)


def test_a_guest_that_fails_does_not_stop_the_others(lab: LabHost, tmp_path: Path) -> None:
    file = write(tmp_path, "[a]", "[b]")
    done = lab.chyves("apply", "-y", file, status=1, CHYVES_LAB_FAIL="zfs:3:fail")
    assert done.stderr.startswith("chyves: a: zfs: ")
    assert lab.output("list", "-H", "-o", "name") == "b"
    assert "zroot/chyves/guests/a" not in lab.datasets()
