"""`snapshot delete`: names and ranges; what goes is shown, and nothing else does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.commands.whole_guests import make_whole_guests, write_words

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"


@pytest.fixture
def many(lab: LabHost) -> LabHost:
    """A lab with web1 and web10, each with the snapshots @a to @e."""
    make_whole_guests(lab, ["web1", "web10"], snapshots="abcde")
    return lab


def left(lab: LabHost, guest: str = "web1") -> str:
    """Return the names of a guest's snapshots, those of its filesystem and disk being the same."""
    names = [
        re.split("[@]", name)[1]
        for name in lab.datasets("snapshot")
        if name.startswith((f"zroot/chyves/guests/{guest}@", f"zroot/chyves/guests/{guest}/"))
    ]
    return " ".join(sorted(set(names)))


@pytest.mark.parametrize(
    ("words", "stay"),
    [("@b", "a c d e"), ("@b%d", "a e"), ("@d%", "a b c"), ("%b", "c d e"), ("@a,@d%e", "b c")],
)
def test_exactly_what_the_words_mean_goes_with_one_call(
    many: LabHost, words: str, stay: str
) -> None:
    many.forget_commands()
    many.chyves("web1", "snapshot", "delete", words, "-y")
    assert (left(many), left(many, "web10")) == (stay, "a b c d e")
    destroyed = [argv for argv in many.commands("zfs") if argv[1:3] == ["destroy", "-r"]]
    assert len(destroyed) == 1


def test_each_snapshot_is_named_with_what_it_is_of_and_what_all_free(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    for name in "abc":
        write_words(lab, "web1", name * 4000)
        lab.chyves("web1", "snapshot", f"@{name}")
    write_words(lab, "web1", "later")
    lab.run("zfs", "create", "-V", "10m", f"{WEB1}/disk1")
    lab.run("zfs", "snapshot", "-r", f"{WEB1}@d")
    lab.run("zfs", "snapshot", f"{WEB1}/disk1@only")
    before = lab.everything()
    done = lab.chyves("web1", "snapshot", "delete", "@b%d,@only", status=4)
    assert done.stdout.split("\n")[:4] == [
        "web1: @b of the guest, disk0",
        "web1: @c of the guest, disk0",
        "web1: @d of the guest, disk0, disk1",
        "web1: @only of disk1",
    ]
    freed = lab.run("zfs", "destroy", "-nvpr", f"{WEB1}@b,c,d,only").stdout.split("\t")[-1]
    assert int(freed) > 0
    assert f"web1: 4 snapshots, {int(freed) // 1024}K are freed" in done.stdout
    assert "There is no terminal to ask on" in done.stderr
    assert lab.everything() == before
    lab.chyves("web1", "snapshot", "delete", "@b%d,@only", "-y")
    assert left(lab) == "a"


def test_a_clone_a_hold_or_the_guest_itself_keep_all_of_a_range(many: LabHost) -> None:
    many.run("zfs", "clone", f"{WEB1}/disk0@c", "zroot/precious")
    done = many.chyves("web1", "snapshot", "delete", "@b%d", "-y", status=4)
    assert "web1: @c can't be deleted, zroot/precious stands on it\n" in done.stderr
    many.run("zfs", "hold", "keep", f"{WEB1}/disk0@b")
    done = many.chyves("web1", "snapshot", "delete", "@b", "-y", status=4)
    assert f"it is held: {WEB1}/disk0@b\n        zfs holds {WEB1}/disk0@b\n" in done.stderr
    words = ("revert_to_snapshot=@e", "revert_to_snapshot_method=both")
    many.chyves("web1", "set", *words)
    done = many.chyves("web1", "snapshot", "delete", "@d%", "-y", status=4)
    assert "@e can't be deleted, the guest goes back to it whenever it boots\n" in done.stderr
    assert left(many) == "a b c d e"


def test_names_that_are_not_there_or_no_names_delete_nothing(many: LabHost) -> None:
    before = many.everything()
    for status, words in (
        (3, "@x"),
        (3, "@a,@x"),
        (3, "@a%x"),
        (3, "@A"),
        (2, "a"),
        (2, "@d%b"),
        (2, "@%"),
        (2, "@a*"),
        (2, "%"),
    ):
        done = many.chyves("web1", "snapshot", "delete", words, "-y", status=status)
        assert done.stderr.startswith("chyves: "), words
    assert many.everything() == before


def test_of_several_guests_those_that_can_lose_theirs(many: LabHost) -> None:
    many.run("zfs", "destroy", "-r", "zroot/chyves/guests/web10@c")
    done = many.chyves("web1,web10", "snapshot", "delete", "@c", "-y", status=3)
    assert "chyves: web10: there is no snapshot @c" in done.stderr
    assert left(many) == "a b d e"


def test_more_than_one_command_line_holds_go_in_several_calls(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=[f"s{n:04}" for n in range(1001)])
    lab.forget_commands()
    lab.chyves("web1", "snapshot", "delete", "%s0999", "-y")
    assert left(lab) == "s1000"
    assert [argv[1:3] for argv in lab.commands("zfs")].count(["destroy", "-r"]) == 3


def test_what_comes_in_while_the_question_is_open_is_not_destroyed(many: LabHost) -> None:
    command = pexpect.spawn(
        str(many.lab.bin / "chyves"),
        ["web1", "snapshot", "delete", "@c"],
        env=many.environment(),
        encoding="utf-8",
        timeout=60,
        dimensions=(24, 200),
    )
    command.expect_exact("[y/N] ")
    many.run("zfs", "create", "-V", "10m", f"{WEB1}/disk1")
    many.run("zfs", "snapshot", f"{WEB1}/disk1@c")
    command.sendline("y")
    command.expect_exact("has changed in the meantime, nothing was deleted")
    command.expect(pexpect.EOF)
    command.close()
    assert command.exitstatus == 1
    assert left(many) == "a b c d e"
