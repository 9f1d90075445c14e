"""Words that name no command: two lines that help, and status 2."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from checkout import REPOSITORY, Chyves

HINT = "  chyves help lists all commands\n"


@pytest.mark.parametrize(
    "words", ["frob", "web1 frob", "guest web1 frob", "a,b frob", "all frob x"]
)
def test_an_unknown_command_is_named(chyves: Chyves, words: str) -> None:
    said = chyves(*words.split())
    assert (said.status, said.out) == (2, "")
    assert said.err == f"chyves: unknown command 'frob'\n{HINT}"


@pytest.mark.parametrize(
    ("words", "typed", "meant"),
    [
        ("strat", "strat", "start"),
        ("web1 strat", "strat", "start"),
        ("sart web1", "sart", "start"),
        ("netwrok", "netwrok", "network"),
        ("hlep", "hlep", "help"),
        ("web1 starts", "starts", "start"),
        ("START web1", "START", "start"),
    ],
)
def test_a_slip_is_told_what_was_meant(chyves: Chyves, words: str, typed: str, meant: str) -> None:
    said = chyves(*words.split())
    assert said.status == 2
    assert said.err == f"chyves: unknown command '{typed}'; did you mean '{meant}'?\n{HINT}"


def test_a_guest_alone_is_told_what_can_be_done_with_it(
    chyves: Chyves, host: Callable[..., None]
) -> None:
    host("filesystem tank/chyves/guests/web1 -")
    said = chyves("web1")
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("chyves web1: say what to do with it")
    assert "  start      Start guests\n" in said.err
    assert "network" not in said.err
    assert chyves("web2").err == f"chyves: unknown command 'web2'\n{HINT}"
    assert chyves("web").err == f"chyves: unknown command 'web'\n{HINT}"


def test_a_guest_is_helped_in_all_ways_of_asking(chyves: Chyves, host: Callable[..., None]) -> None:
    host("filesystem tank/chyves/guests/web1 -")
    assert chyves("web1", "--help").status == 0
    assert "Start guests" in chyves("web1", "--help").out
    assert "Start guests" in chyves("guest", "start").err
    assert chyves("guest").status == 2
    assert "chyves guest NAME start" in chyves("guest").err


def test_a_scope_is_told_what_goes_behind_it(chyves: Chyves) -> None:
    chyves.add("get", "chyves <guest>|global|defaults get <property>", summary="Show properties")
    said = chyves("global")
    assert said.status == 2
    assert "for example: chyves global get all\n" in said.err
    assert "Show properties" in said.err
    assert "Start guests" not in said.err
    assert "Start guests" in chyves("all").err


def test_the_verb_is_blamed_where_the_guest_stands_second(
    chyves: Chyves, host: Callable[..., None]
) -> None:
    host("filesystem tank/chyves/guests/web1 -")
    assert chyves("frob", "web1").err == f"chyves: unknown command 'frob'\n{HINT}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("forcekill web", "chyves web stop force"),
        ("snaplist", "chyves list snapshots"),
        ("snap web@monday", "chyves web snapshot @monday"),
        ("roll web@monday", "chyves web snapshot rollback @monday"),
        ("rmsnap web monday", "chyves web snapshot delete @monday"),
        ("install web debian.iso", "chyves web start debian.iso"),
        ("load", "chyves GUEST start"),
        ("destroy web", "chyves web reclaim"),
        ("scram", "chyves all stop"),
        ("conreset", "chyves all console reset"),
        ("getall web", "chyves web get all"),
        ("rmpci -f web pcidev:2", "chyves web unset pcidev_2"),
        ("add web 10G", "chyves web disk add 10G"),
        ("remove web disk1", "chyves web disk delete disk1"),
        ("resize web disk0 20G", "chyves web disk resize disk0 20G"),
        ("disks web", "chyves web disk list"),
        ("fetchiso http://x/y.iso", "chyves iso import http://x/y.iso"),
        ("renamefw a b", "chyves firmware rename a b"),
        ("activetaps", "chyves list tap active"),
        ("setup pool=tank", "chyves dataset tank install"),
        ("setup net=em0", "chyves network bridge0 attach em0"),
    ],
)
def test_iohyves_words_are_told_their_new_form(chyves: Chyves, old: str, new: str) -> None:
    said = chyves(*old.split())
    assert said.status == 2
    first, *forms = said.err.splitlines()
    assert re.match(
        f"chyves: '{old.split()[0]}' is what iohyve (calls|and vm-bhyve call) it;", first
    )
    assert forms[0] == f"  {new}"
    assert all("vm-bhyve" in line for line in forms[1:2])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("init", "chyves dataset POOL install"),
        ("poweroff web", "chyves web stop force"),
        ("add -d disk -s 10G web", "chyves web disk add 10G"),
        ("add -d network -s public web", "chyves network web add tap"),
        ("switch list", "chyves list bridges"),
        ("switch vlan public 12", "chyves network bridge0 attach --vlan 12 INTERFACE"),
        ("image provision -d fast a1b2 web", "chyves a1b2 clone web"),
        ("datastore list", "chyves list pools"),
        ("rollback -r web@monday", "chyves web snapshot rollback @monday"),
    ],
)
def test_vm_bhyves_words_are_told_their_new_form(chyves: Chyves, old: str, new: str) -> None:
    chyves.add("list", "chyves list bridges|pools")
    said = chyves(*old.split())
    assert said.status == 2
    first, *forms = said.err.splitlines()
    assert first == f"chyves: '{old.split()[0]}' is what vm-bhyve calls it; here it is:"
    assert forms == [f"  {new}"]


def test_a_word_that_means_different_things_is_told_for_both(chyves: Chyves) -> None:
    assert chyves("destroy", "web").err.splitlines() == [
        "chyves: 'destroy' is what iohyve calls it; here it is:",
        "  chyves web reclaim",
        "chyves: 'destroy' is what vm-bhyve calls it; here it is:",
        "  chyves web delete",
    ]


def test_a_guest_may_be_called_like_a_word_of_vm_bhyve(
    chyves: Chyves, host: Callable[..., None]
) -> None:
    host("filesystem tank/chyves/guests/switch -")
    chyves.add("list", "chyves list <guest>")
    assert chyves("switch", "list").out == "chyves-list [switch]\n"
    assert chyves("guest", "image", "list").out == "chyves-list [image]\n"


def test_setup_is_taken_apart_into_its_settings(chyves: Chyves) -> None:
    forms = chyves("setup", "pool=tank", "kmod=1", "net=em0").err.splitlines()[1:]
    assert forms == [
        "  chyves dataset tank install",
        "  kernel modules are loaded when they are needed",
        "  chyves network bridge0 attach em0",
    ]
    assert len(chyves("setup").err.splitlines()) == 4


def test_the_users_words_come_back_quoted(chyves: Chyves) -> None:
    said = chyves("fetchiso", "a b's.iso")
    assert said.err.splitlines()[1] == "  chyves iso import 'a b'\\''s.iso'"


def test_no_old_word_is_hidden_by_a_command() -> None:
    table = (REPOSITORY / "libexec" / "lib" / "old-words").read_text()
    rows = re.findall(r"^([a-z/+ ]+)(?:[(].*)?: ", table, re.MULTILINE)
    old = {re.split("[/+]", word)[0] for row in rows for word in row.split()}
    commands = {file.name.removeprefix("chyves-") for file in (REPOSITORY / "libexec").iterdir()}
    assert len(old) > 30
    assert old & commands == set()


def test_a_value_without_its_verb_is_not_said_again(chyves: Chyves) -> None:
    for words in (("a,b", "uefi_vnc_password=s3cret"), ("uefi_vnc_password=s3cret",)):
        said = chyves(*words)
        assert said.status == 2
        assert "chyves GUEST set uefi_vnc_password=VALUE" in said.err
        assert "s3cret" not in said.err
