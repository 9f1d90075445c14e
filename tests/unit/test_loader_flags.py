"""Flags for bhyveload, profiles for grub-bhyve, and what is told of a loader that failed."""

from __future__ import annotations

import pytest

from chyves_core.errors import ChyvesError, UsageError
from chyves_core.loaders.flags import read_flags
from chyves_core.loaders.profiles import parse_profiles, shipped_profiles
from chyves_core.properties.schema import choices, load_schema
from chyves_core.supervise.ending import Ending, explain

STEPS = "[[install]]\nroot = cd0\n[[run]]\nroot = 'hd0,gpt2'\nfolder = /grub\n"
ALL = (
    "openbsd57 openbsd58 openbsd59 openbsd60 openbsd netbsd debian d8lvm centos6 centos7 arch "
    "gentoo coreos coreossecure default custom ubuntu alpine rhel rocky alma opensuse tumbleweed "
    "void fedora netbsd10"
).split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("-e a=b -e 'c=d e'", ["-e", "a=b", "-e", "c=d e"]),
        ("-ea=b=c -C", ["-e", "a=b=c", "-C"]),
        ("-Ch/base", ["-C", "-h", "/base"]),
        (
            "-l /boot/userboot_lua.so -d '/dev/da 0'",
            ["-l", "/boot/userboot_lua.so", "-d", "/dev/da 0"],
        ),
    ],
)
def test_flags_for_bhyveload_keep_their_order(text: str, words: list[str]) -> None:
    assert [word for flag in read_flags(text) for word in flag.words] == words


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-c stdio", "-c is made from the property serial"),
        ("-m 1G", "-m is made from the property ram"),
        ("-S", "-S is taken from the property bargs"),
        ("-CS", "-S is taken from the property bargs"),
        ("vm", "vm is no flag; the name of the VM"),
        ("-e a=b -- vm", "the name of the VM"),
        ("-d disk.img", "must be a path from / on"),
        ("-l userboot.so", "must be a path from / on"),
        ("-l /a -l /b", "-l can only be given once"),
        ("-e name", "must be NAME=VALUE"),
        ("-e", "is not for bhyveload(8)"),
        ("-x", "is not for bhyveload(8)"),
        ("-e 'a=b", "cannot be split into words"),
    ],
)
def test_other_flags_are_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match="bhyveload_flags=") as caught:
        load_schema("guest").check("bhyveload_flags", text)
    assert reason in caught.value.message


def test_every_profile_that_is_promised_is_there_and_has_a_title() -> None:
    profiles = shipped_profiles()
    assert set(ALL) <= set(profiles)
    assert all(profile.title for profile in profiles.values())
    assert choices(load_schema("guest").get("os")) == tuple(profiles)


def test_a_profile_that_is_like_another_has_its_steps_and_its_own_title() -> None:
    text = f"[a]\ntitle = A\n{STEPS}[b]\ntitle = 'B, too'\nlike = a\n"
    found = parse_profiles("x.cfg", text)
    assert (found["b"].title, found["b"].run) == ("B, too", found["a"].run)
    assert (found["a"].run.root, found["a"].run.folder) == ("hd0,gpt2", "/grub")


def test_commands_are_a_list_or_lines() -> None:
    run = "[[run]]\ncommands = '''\n  linux (hd0)/a b, c\n\n  initrd (hd0)/d\n'''\n"
    profile = parse_profiles("x.cfg", f"[a]\n[[install]]\ncommands = one, two\n{run}")["a"]
    assert profile.install.commands == ("one", "two")
    assert profile.run.commands == ("linux (hd0)/a b, c", "initrd (hd0)/d")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"root = hd0\n[a]\n{STEPS}", "x.cfg: root stands in no section"),
        ("[a]\n[[install]]\nroot = cd0\n", "x.cfg: [a]: has no [[run]]"),
        (f"[a]\n{STEPS}comand = x\n", "x.cfg: [a] [[run]]: comand means nothing here"),
        (f"[a]\n{STEPS}[[update]]\n", "x.cfg: [a]: update means nothing here"),
        (f"[a]\nlike = b\n[[run]]\n[b]\n{STEPS}", "x.cfg: [a]: run means nothing here"),
        ("[a]\nlike = a\n", "x.cfg: [a]: there is no profile 'a' with steps in this file"),
        ("[a]\nlike = debian\n", "x.cfg: [a]: there is no profile 'debian'"),
        ("[a]\n[[install]]\nroot = hd0,gpt2\n[[run]]\n", "[[install]]: root has a comma"),
        (f"[a b]\n{STEPS}", "x.cfg: [a b]: letters, digits"),
        ("[a\n", "x.cfg: "),
    ],
)
def test_a_slip_in_a_file_of_profiles_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ChyvesError) as caught:
        parse_profiles("x.cfg", text)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("status", "log", "ending"),
    [
        ("loader-1", "", Ending(False, "its loader failed (status 1)")),
        (
            "loader-64",
            "one\ntwo\n\nthree\nbhyveload: Could not open '/x'\n",
            Ending(
                False, "its loader failed (status 64): two / three / bhyveload: Could not open '/x'"
            ),
        ),
        ("loader-134", "", Ending(False, "its loader was ended by signal 6")),
        ("loader-late", "x\n", Ending(False, "its loader took longer than loader_timeout: x")),
        ("loader-stopped", "x\n", Ending(True, "was stopped in its loader")),
    ],
)
def test_how_a_loader_ended_is_told(status: str, log: str, ending: Ending) -> None:
    assert explain(status, log) == ending
