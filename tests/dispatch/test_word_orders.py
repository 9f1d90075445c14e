"""chyves NOUN, GUEST VERB, VERB GUEST and guest NAME VERB: which command runs, with which words."""

from __future__ import annotations

import pytest
from checkout import Chyves


@pytest.mark.parametrize(
    ("typed", "runs"),
    [
        ("network web1 add tap50", "chyves-network [web1] [add] [tap50]"),
        ("web1 start", "chyves-start [web1]"),
        ("start web1", "chyves-start [web1]"),
        ("web1 start debian.iso -n", "chyves-start [web1] [debian.iso] [-n]"),
        ("start web1 debian.iso -n", "chyves-start [web1] [debian.iso] [-n]"),
        ("guest web1 start", "chyves-start [web1]"),
        ("all start", "chyves-start [all]"),
        ("global start a=b", "chyves-start [global] [a=b]"),
        ("defaults start all", "chyves-start [defaults] [all]"),
        ("a,b,c start", "chyves-start [a,b,c]"),
        (":web start", "chyves-start [:web]"),
        ("start", "chyves-start"),
        ("start -q web1", "chyves-start [-q] [web1]"),
    ],
)
def test_the_words_choose_the_command(chyves: Chyves, typed: str, runs: str) -> None:
    said = chyves(*typed.split())
    assert (said.out, said.err, said.status) == (f"{runs}\n", "", 0)


def test_a_guest_called_like_a_command_is_reached_by_the_long_form(chyves: Chyves) -> None:
    assert chyves("network", "start").out == "chyves-network [start]\n"
    assert chyves("guest", "network", "start", "-n").out == "chyves-start [network] [-n]\n"
    assert chyves("guest", "start", "start").out == "chyves-start [start]\n"


def test_words_arrive_as_they_were_typed(chyves: Chyves) -> None:
    words = ["web1", "two words", "", "*", "a'b\"c", "$HOME", "\\n", "--", "--help", "ä"]
    expected = "".join(f" [{word}]" for word in words)
    assert chyves("start", *words).out == f"chyves-start{expected}\n"
    assert chyves("web1", "start", *words[1:]).out == f"chyves-start{expected}\n"


def test_the_status_of_the_command_is_the_status_of_chyves(chyves: Chyves) -> None:
    chyves.add("fail", body="exit 3")
    assert chyves("fail").status == 3


def test_variables_of_the_caller_do_not_get_in_the_way(chyves: Chyves) -> None:
    names = "guest_first word guest found target bin own host refused folder file lib python"
    more = dict.fromkeys(names.split(), "yes")
    assert chyves("network", "start", **more).out == "chyves-network [start]\n"
    assert chyves("frob", **more).err.startswith("chyves: unknown command 'frob'\n")


def test_a_word_with_a_slash_or_a_dot_is_never_a_command(chyves: Chyves) -> None:
    chyves.add("x.y")
    for word in ("../libexec/chyves-start", "x.y", "", "-"):
        assert chyves(word).status == 2


def test_switches_before_the_command_are_refused_with_the_reason(chyves: Chyves) -> None:
    said = chyves("-q", "start", "web1")
    assert said.status == 2
    assert said.err.startswith("chyves: unknown option '-q'; options stand behind the command\n")


def test_a_command_is_told_where_chyves_is_and_how_it_was_called(chyves: Chyves) -> None:
    chyves.add("tell", body='echo "$CHYVES_ROOT|$CHYVES_COMMAND|${CHYVES_DEBUG-}|$CHYVES_PATH"')
    root, command, debug, path = chyves("tell", CHYVES_DEBUG="1").out.strip().split("|")
    assert (root, command, debug) == (str(chyves.root), "tell", "1")
    assert path.split(":")[:3] == [
        str(chyves.libexec),
        "/usr/local/libexec/chyves",
        "/usr/local/etc/chyves/libexec",
    ]
