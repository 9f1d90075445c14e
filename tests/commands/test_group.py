"""Groups: guests by a name behind a colon, wherever a list of guests goes."""

from __future__ import annotations

import re

import pytest
from bulk_guests import make_guests


@pytest.fixture
def guests(lab):
    make_guests(lab, {"web1": {}, "web2": {"groups": "www"}, "web10": {}, "db": {}})
    lab.forget_commands()
    return lab


def groups(host) -> dict[str, str]:
    """Return the groups with their guests."""
    return dict(line.split("\t") for line in host.output("list", "-H", "groups").splitlines())


def test_a_group_is_there_as_long_as_a_guest_is_in_it(guests):
    assert guests.output("web1,web2", "group", "add", ":web,:x").split("\n") == [
        "web1: is in :web,:x",
        "web2: is in :web,:x",
    ]
    assert groups(guests) == {"web": "web1,web2", "www": "web2", "x": "web1,web2"}
    assert guests.output("web2", "get", "-H", "groups") == "web,www,x"
    guests.chyves("group", ":x", "remove", ":x", ":web")
    assert groups(guests) == {"www": "web2"}


def test_it_costs_one_zfs_set_for_guests_that_end_up_alike(guests):
    said = guests.output("web1,db", "group", "add", "-n", "web")
    assert said == ("zfs set chyves:groups=web zroot/chyves/guests/web1 zroot/chyves/guests/db")
    assert groups(guests) == {"www": "web2"}


def test_what_is_no_group_or_has_none_is_said_and_changes_nothing(guests):
    before = guests.everything()
    for words, status, said in (
        ("web1 group add :a=b", 2, "':a=b' can't be a group"),
        ("web1 group add :", 2, "':' can't be a group"),
        ("web1 group add", 2, "add: which group?"),
        ("web1 group join :x", 2, "join: nothing that can be done"),
        ("web group add :x", 3, "web: there is no such guest"),
        ("web1 group remove :www", 3, "web1: is not in :www"),
        (":ww start", 3, "there is no group :ww"),
        (":www rename web3", 2, "one guest"),
        (":new create", 2, "can't be the name of a guest"),
    ):
        assert said in guests.chyves(*words.split(), status=status).stderr
    assert guests.everything() == before


def test_an_interrupted_change_is_ended_by_the_same_command(guests):
    words = ("web1,web2", "group", "add", ":web")
    guests.chyves(*words, status=-9, CHYVES_LAB_FAIL="zfs:2:kill-after")
    assert guests.chyves("web2", "set", "cpu=2", status=4).stderr.splitlines() == [
        "chyves: `chyves web1,web2 group add :web` was interrupted",
        "        chyves doctor --fix",
    ]
    guests.chyves(*words)
    assert groups(guests) == {"web": "web1,web2", "www": "web2"}


def test_a_group_goes_wherever_a_list_goes(guests):
    guests.chyves("web2", "set", "com2=/dev/nmdm70A")
    for words in (
        ":www get -H -o guest ram",
        "info -H -o name :www",
        "list -H -o guest disks :www",
        ":www set -n cpu=2",
        ":www unset -n com2",
        ":www snapshot -n",
        ":www disk list -H -o guest",
        ":www upgrade -n",
        ":www export -",
        ":www delete -n",
        ":www move -n tank",
    ):
        done = guests.chyves(*words.split())
        said = re.findall(r"web[0-9]+|\bdb\b", done.stdout + done.stderr)
        assert set(said) == {"web2"}, words
