"""Which names a guest can have, and which guests a word means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chyves_core import names
from chyves_core.errors import NotFound, UsageError

PROJECT = Path(__file__).resolve().parents[2]
GOOD = st.from_regex(names.GUEST_NAME, fullmatch=True).filter(lambda name: len(name) <= 100)


def test_each_command_that_chyves_has_is_a_name_that_no_guest_can_have() -> None:
    commands = {
        file.name.removeprefix("chyves-") for file in (PROJECT / "libexec").glob("chyves-*")
    }
    assert commands
    assert commands <= names.VERBS | names.SCOPES


def test_no_name_is_refused_but_those_of_commands_verbs_and_what_is_documented() -> None:
    words = {"check", "dev", "group", "import"}
    for file in (PROJECT / "libexec").glob("chyves-*"):
        words.add(file.name.removeprefix("chyves-"))
        for line in file.read_text().splitlines():
            if line.startswith("# Usage:"):
                words |= set(re.findall(r"(?<=[ \[|])[a-z][a-z-]+(?=[ \]|]|$)", line))
    assert words >= names.VERBS


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "a/b",
            "..",
            ".a",
            "-a",
            "_a",
            "a b",
            "a;b",
            "$(a)",
            "`a`",
            "a@b",
            "a#b",
            "a%b",
            "a:b",
        ),
        *(
            "ä",
            "٣",
            "a\n",
            "\na",
            "a\tb",
            "a*",
            "a?",
            "[a]",
            "a'b",
            'a"b',
            "a\\b",
            "a,b",
            ":a",
            "a=b",
        ),
        *("all", "global", "defaults", "start", "delete", "x" * 101, "\udcff"),
    ],
)
def test_a_name_that_could_mean_something_else_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        names.check_new_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "0",
        "web1",
        "screen",
        "boot",
        "notes",
        "pool",
        "pfSense-gold",
        "a.b_c-d",
        "ALL",
        "x" * 100,
    ],
)
def test_other_names_are_taken(name: str) -> None:
    names.check_new_name(name)


@given(st.lists(GOOD, min_size=1, max_size=6, unique=True), GOOD)
def test_a_word_means_exactly_the_guest_of_that_name(known: list[str], word: str) -> None:
    if word == "all":
        assert names.select(word, known) == sorted(known)
    elif word in known:
        assert names.select(word, known) == [word]
    else:
        with pytest.raises(NotFound):
            names.select(word, known)


def test_lists_groups_and_all_mean_each_guest_once() -> None:
    known, groups = ["b", "a", "c"], {"g": ["b", "c"]}
    assert names.select("all", known, groups) == ["a", "b", "c"]
    assert names.select("c,:g,a,c", known, groups) == ["c", "b", "a"]
    for words in (":nosuch", "a,:nosuch", "g", "a,d"):
        with pytest.raises(NotFound):
            names.select(words, known, groups)
    for words in ("", ",", "a,", ",a", "a,,b"):
        with pytest.raises(UsageError):
            names.select(words, known, groups)


def test_the_vm_of_a_guest_has_chy_in_front() -> None:
    assert names.vm_name("web1") == "chy-web1"
