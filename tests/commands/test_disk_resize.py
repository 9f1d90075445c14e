"""`disk resize`: growing is free, shrinking asks, and a size is exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.commands.disk_helpers import MIB, WEB1, make_web, native, node, read_mark

if TYPE_CHECKING:
    from tests.conftest import LabHost


@pytest.fixture
def web(lab: LabHost) -> LabHost:
    """A lab with the guest web1 and its disk0 of 1G, which boots."""
    return make_web(lab)


def size(lab: LabHost, disk: str = "disk0") -> int:
    """Return the exact size of a disk; its node has the same."""
    found = int(native(lab, disk, "volsize")["volsize"])
    assert node(lab, disk).stat().st_size == found
    return found


def test_a_disk_grows_to_a_size_or_by_one(web: LabHost) -> None:
    assert web.output("web1", "disk", "resize", "disk0", "2G") == (
        "web1: disk0 has 2G now, it had 1G"
    )
    assert size(web) == 2 << 30
    web.chyves("web1", "disk", "resize", "disk0", "+512M")
    assert size(web) == (2 << 30) + 512 * MIB
    assert read_mark(web, "disk0", 14) == b"#chyves-guest\n"


def test_sizes_are_exact_and_rounded_up_to_whole_blocks_only(web: LabHost) -> None:
    block = int(native(web, "disk0", "volblocksize")["volblocksize"])
    web.chyves("web1", "disk", "resize", "disk0", str((1 << 30) + block))
    assert size(web) == (1 << 30) + block
    said = web.output("web1", "disk", "resize", "disk0", str((1 << 30) + block + 1))
    assert size(web) == (1 << 30) + 2 * block
    assert f"({size(web)} bytes)" in said


def test_a_size_that_it_has_already_changes_nothing(web: LabHost) -> None:
    before = web.everything()
    assert web.output("web1", "disk", "resize", "disk0", "1024M") == "web1: disk0 has 1G already"
    assert web.everything() == before
    assert [argv for argv in web.commands("zfs") if argv[1] == "set"] == []


def test_shrinking_needs_force_and_a_yes(web: LabHost) -> None:
    before = web.everything()
    said = web.chyves("web1", "disk", "resize", "disk0", "512M", "-y", status=4).stderr
    assert said.splitlines()[1].strip() == "chyves web1 disk resize disk0 512M force"
    said = web.chyves("web1", "disk", "resize", "disk0", "512M", "force", status=4).stderr
    assert "from 1G to 512M, what lies behind is lost for good" in said
    assert web.everything() == before
    web.chyves("web1", "disk", "resize", "disk0", "512M", "force", "-y")
    assert size(web) == 512 * MIB


@pytest.mark.parametrize(("answer", "left"), [("y", 512 * MIB), ("n", 1 << 30)])
def test_at_a_terminal_shrinking_asks(web: LabHost, answer: str, left: int) -> None:
    words = ["web1", "disk", "resize", "disk0", "512M", "force"]
    child = pexpect.spawn(
        str(web.lab.bin / "chyves"), words, env=web.environment(), encoding="utf-8", timeout=60
    )
    child.expect_exact("[y/N]")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == (0 if answer == "y" else 4)
    assert size(web) == left


def test_a_running_guests_disk_grows_and_never_shrinks(web: LabHost) -> None:
    web.chyves("web1", "start")
    said = web.output("web1", "disk", "resize", "disk0", "2G")
    assert "when it starts the next time, or reboots at the latest" in said
    for words in (["1G"], ["1G", "force", "-y"]):
        said = web.chyves("web1", "disk", "resize", "disk0", *words, status=4).stderr
        assert said.startswith("chyves: web1: is running")
    assert size(web) == 2 << 30


def test_a_pool_without_room_is_told_and_nothing_changes(web: LabHost) -> None:
    web.chyves("web1", "disk", "add", "1G")
    before = web.everything()
    said = web.chyves("web1", "disk", "resize", "disk1", "900G", status=1).stderr
    assert said.startswith("chyves: web1: disk1 of 900G does not fit, there is ")
    assert web.everything() == before
    web.run("zfs", "set", "refreservation=none", f"{WEB1}/disk1")
    web.chyves("web1", "disk", "resize", "disk1", "900G")
    assert size(web, "disk1") == 900 << 30


def test_an_image_file_is_resized_too(web: LabHost) -> None:
    web.chyves("web1", "disk", "add", "--image", "data", "10M")
    file = web.root / "chyves/zroot/guests/web1/img/data"
    file.write_bytes(b"kept" + bytes(10 * MIB - 4))
    shown = web.output("web1", "disk", "resize", "img/data", "20M", "-n")
    assert shown == "truncate -s 20971520 /chyves/zroot/guests/web1/img/data"
    web.chyves("web1", "disk", "resize", "img/data", "20M")
    assert file.stat().st_size == 20 * MIB
    web.chyves("web1", "disk", "resize", "img/data", "5M", "-y", status=4)
    web.chyves("web1", "disk", "resize", "img/data", "5M", "force", "-y")
    assert file.stat().st_size == 5 * MIB
    assert file.read_bytes()[:4] == b"kept"


def test_what_is_wrong_resizes_nothing(web: LabHost) -> None:
    web.chyves("web1", "disk", "add", "1G")
    before = web.everything()
    for status, words in (
        (2, ["resize", "disk0"]),
        (2, ["resize", "disk0", "x"]),
        (2, ["resize", "disk0", "+0"]),
        (2, ["resize", "disk0", "1000"]),
        (2, ["resize", "disk0", "2G", "now"]),
        (3, ["resize", "disk", "2G"]),
        (3, ["resize", "disk01", "2G"]),
        (3, ["resize", "img/../disk0", "2G"]),
    ):
        done = web.chyves("web1", "disk", *words, status=status)
        assert 1 <= done.stderr.count("\n") <= 2, words
    assert web.everything() == before
