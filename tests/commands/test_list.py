"""`chyves list`: the guests, with one look at the host however many there are."""

from __future__ import annotations

import json

import pytest
from bulk_guests import make_guests

NAMES = ("pfSense", "pfSense2", "pfSense-gold")


@pytest.fixture
def guests(lab):
    make_guests(lab, {name: {"description": "Wächter 東京", "rcboot": "2"} for name in NAMES})
    make_guests(lab, {"web1": {"description": "web"}}, pool="tank")
    lab.forget_commands()
    return lab


def test_the_list_has_the_columns_of_chyves_02_and_lines_up_wide_characters(guests):
    guests.chyves("global", "set", "default_list_flags=-skdpn")
    make_guests(guests, {"tokyo": {"description": "東京", "notes": "x"}})
    make_guests(guests, {"vienna": {"description": "Wien", "notes": "y"}})
    assert guests.output("list").split("\n") == [
        "NAME          VMM  RUNNING  RCBOOT  POOL   DESCRIPTION   NOTES",
        "pfSense       no   no       2       zroot  Wächter 東京  -",
        "pfSense-gold  no   no       2       zroot  Wächter 東京  -",
        "pfSense2      no   no       2       zroot  Wächter 東京  -",
        "tokyo         no   no       0       zroot  東京          x",
        "vienna        no   no       0       zroot  Wien          y",
        "web1          no   no       0       tank   web           -",
    ]


def test_scripts_get_tabs_and_no_header(guests):
    assert guests.output("list", "-H").split("\n")[0] == "pfSense\tno\tno\t2\tzroot\tWächter 東京"


def test_columns_can_be_any_property_and_numbers_exact(guests):
    assert guests.output("list", "-Hpo", "name,ram,size,uefi_vnc_ip").split("\n")[3] == (
        "web1\t268435456\t1073741824\t127.0.0.1"
    )


def test_json_is_a_list_of_guests(guests):
    told = json.loads(guests.output("list", "--json"))
    assert [each["name"] for each in told] == ["pfSense", "pfSense-gold", "pfSense2", "web1"]
    assert {each["running"] for each in told} == {False}


def test_no_guests_are_said_on_standard_error_only_to_people(lab):
    done = lab.chyves("list")
    assert (done.stdout, done.stderr) == ("", "no guests\n")
    for words in (("-H",), ("-q",)):
        done = lab.chyves("list", *words)
        assert (done.stdout, done.stderr) == ("", "")
    done = lab.chyves("list", "--json")
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_host_without_chyves_says_how_to_begin(empty_lab):
    done = empty_lab.chyves("list", status=3)
    assert done.stderr == (
        "chyves: no pool of this host has chyves on it\n        chyves dataset POOL install\n"
    )


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("info", "-a"), ("list", "ram")])
def test_five_hundred_guests_cost_one_zfs_and_one_zpool_call(lab, words):
    make_guests(lab, {f"guest{number}": {} for number in range(500)})
    lab.forget_commands()
    told = lab.output(*words)
    assert "guest499" in told
    assert [argv[0] for argv in lab.commands()] == ["zpool", "zfs"]


@pytest.mark.parametrize("word", ["pools", "disks", "groups", "clones", "defaults", "global"])
def test_every_list_costs_one_look(guests, word):
    guests.chyves("list", word)
    assert [argv[0] for argv in guests.commands()] == ["zpool", "zfs"]


def test_guests_of_an_offline_pool_are_not_listed(guests):
    guests.run("zfs", "set", "chyves.pool:role=offline", "tank/chyves")
    assert "web1" not in guests.output("list")


def test_a_copied_pool_is_not_listed(guests):
    guests.run("zfs", "set", "chyves.pool:guid=12345", "tank/chyves")
    assert "web1" not in guests.output("list")


@pytest.mark.parametrize("word", [(), ("ram",), ("disks",), ("snapshots",)])
def test_a_name_on_two_pools_is_reported_and_the_others_are_listed(guests, word):
    make_guests(guests, {"pfSense": {}}, pool="tank")
    guests.run("zfs", "snapshot", "-r", "tank/chyves/guests/web1@one")
    done = guests.chyves("list", "-H", *word, status=4)
    assert "web1\t" in done.stdout
    assert "pfSense\t" not in done.stdout
    assert done.stderr.startswith(
        "chyves: pfSense: there are 2 guests of this name, "
        "zroot/chyves/guests/pfSense and tank/chyves/guests/pfSense\n"
    )
    assert guests.chyves("info", "-H", "pfSense", status=4).stdout == ""
    assert guests.chyves("info", "-Hk", "web1").stderr == ""


def test_a_closed_pipe_ends_it_quietly(guests):
    done = guests.run("sh", "-c", f"{guests.lab.bin / 'chyves'} list | head -n 1")
    assert done.stderr == ""
    assert done.stdout.startswith("NAME")


def test_where_all_guests_are_there_twice_it_does_not_say_that_there_are_none(lab):
    make_guests(lab, {"web1": {}})
    make_guests(lab, {"web1": {}}, pool="tank")
    done = lab.chyves("list", status=4)
    assert done.stderr.startswith("chyves: web1: there are 2 guests of this name, ")
    assert "no guests" not in done.stderr
