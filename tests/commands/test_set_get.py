"""`set` and `get`: what goes in comes out unharmed, and a change is whole or none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands.whole_guests import make_whole_guests, outside, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1, WEB2 = "zroot/chyves/guests/web1", "zroot/chyves/guests/web2"

HARD_VALUES = (
    "two  blanks ",
    " ",
    "'single' \"double\" \\back\\slash",
    "a=b==c",
    "$(touch pwned) `touch pwned` ${HOME} $HOME ; touch pwned & | > pwned",
    "100% %s %(var)s %%",
    "Größe – 名前 🐡 e\u0301",
    "-",
    "--dry-run",
    "*",
    "~",
    "",
    "ü" * 4095 + "x",
)


@pytest.fixture
def two(lab: LabHost) -> LabHost:
    """A lab with the guests web1 and web2."""
    make_whole_guests(lab, ["web1", "web2"])
    return lab


@pytest.mark.parametrize("number", [1, 500])
def test_all_guests_are_set_with_two_zfs_processes_and_read_with_one(
    lab: LabHost, number: int
) -> None:
    make_whole_guests(lab, [f"g{n}" for n in range(number)])
    lab.chyves("all", "set", "cpu=2")
    assert len(lab.commands("zfs")) == 2
    lab.forget_commands()
    shown = lab.output("all", "get", "-H", "-o", "value", "cpu")
    assert shown.split("\n") == ["2"] * number
    assert len(lab.commands("zfs")) == 1


def test_hard_values_come_back_as_they_were_and_reach_no_shell(two: LabHost) -> None:
    for value in HARD_VALUES:
        two.chyves("web1", "set", f"notes={value}")
        done = two.chyves("web1", "get", "-H", "notes")
        assert done.stdout == value + "\n"
        (row,) = json.loads(two.output("web1", "get", "--json", "notes"))
        assert row["value"] == value
        assert own_properties(two, WEB1)["chyves:notes"] == value
    assert not list(two.folder.rglob("pwned"))
    # As in a locale such as en_US.ISO8859-1, where Python would neither read nor print it.
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    two.chyves("web1", "set", "notes=☃", **locale)
    assert two.chyves("web1", "get", "-H", "notes", **locale).stdout == "☃\n"


def test_a_value_of_8191_bytes_is_kept_and_one_more_refused(two: LabHost) -> None:
    two.chyves("web1", "set", f"notes={'x' * 8191}")
    before = two.everything()
    done = two.chyves("web1", "set", f"notes={'x' * 8192}", status=2)
    assert done.stderr.startswith("chyves: web1: notes: the value has 8192 bytes")
    two.chyves("web1", "set", f"notes={'ü' * 4096}", status=2)
    assert two.everything() == before


def test_control_characters_and_what_is_not_utf8_are_refused(two: LabHost) -> None:
    before = two.everything()
    for value in ("a\nb", "a\tb", "\x1b[2J", "\x7f", "\x85", "\x9b1m", "\udcff\udcfe", "a\r"):
        done = two.chyves("web1", "set", "cpu=2", f"notes={value}", status=2)
        assert done.stderr.count("\n") <= 2
        assert done.stdout == ""
    assert two.everything() == before


REFUSED = (
    (2, ["web1", "set", "cpu=2", "ram=bad"]),
    (2, ["web1", "set", "cpu=2", "nosuch=1"]),
    (2, ["web1", "set", "cpu=2", "cpu=3"]),
    (2, ["web1", "set", "cpu=2", "web1", "cpu=3"]),
    (2, ["web1", "set", "cpu=2", "all", "cpu=3"]),
    (2, ["web1", "set", "cpu=2", "web2", "cpu=0"]),
    (2, ["web1", "set", "cpu=2", "web2"]),
    (2, ["web1", "set"]),
    (2, ["set"]),
    (2, ["web1", "set", "cpu"]),
    (2, ["web1", "set", "=2"]),
    (2, ["web1", "set", "cpu=2", "--nosuch"]),
    (2, ["web1,", "set", "cpu=2"]),
    (2, ["web1", "set", "cpu=2", "Notes=x"]),
    (3, ["web1", "set", "cpu=2", "nosuch", "cpu=2"]),
    (3, ["web", "set", "cpu=2"]),
    (3, ["web1,nosuch", "set", "cpu=2"]),
    (3, ["WEB1", "set", "cpu=2"]),
    (3, [":nosuch", "set", "cpu=2"]),
    (4, ["web1", "set", "cpu=2", "net_ifaces=tap9"]),
    (4, ["web1", "set", "cpu=2", "chyves_guest_version=9"]),
    (4, ["web1", "set", "cpu=2", "pci_slots=disk0:3"]),
    (4, ["web1", "set", "cpu=2", "serial=nmdm51"]),
    (4, ["all", "set", "cpu=2", "serial=nmdm99"]),
    (4, ["web1", "set", "tap50_mac=58:9C:FD:00:00:01"]),
    (4, ["web1", "set", "uuid=00000000-0000-0000-0000-000000000002"]),
    (4, ["web1", "set", "uefi_vnc_port=99", "web2", "uefi_vnc_port=99"]),
)


def test_a_set_that_is_wrong_anywhere_changes_nothing_at_all(two: LabHost) -> None:
    before = two.everything()
    for status, words in REFUSED:
        done = two.chyves(*words, status=status)
        assert done.stderr.startswith("chyves: "), words
        assert 1 <= done.stderr.count("\n") <= 2, words
        assert done.stdout == ""
    assert two.everything() == before


def test_when_a_zfs_call_fails_the_values_from_before_are_back(two: LabHost) -> None:
    two.chyves("web1", "set", "notes=old", "description=mine")
    before = two.everything()
    changes = ("web1", "set", "notes=new", "cpu=4", "web2", "notes=other", "ram=2G")
    for call in (2, 3):
        done = two.chyves(*changes, status=1, CHYVES_LAB_FAIL=f"zfs:{call}:fail")
        assert done.stderr.count("\n") <= 2
        assert two.everything() == before
    two.chyves(*changes)
    assert own_properties(two, WEB2)["chyves:ram"] == "2G"


def test_when_the_way_back_fails_too_it_is_said_which_guest_is_half_changed(two: LabHost) -> None:
    changes = ("web1", "set", "notes=new", "web2", "notes=other")
    fault = "zfs:3:fail,zfs:4:fail,zfs:5:fail,zfs:6:fail"
    done = two.chyves(*changes, status=1, CHYVES_LAB_FAIL=fault)
    assert "web1" in done.stderr
    assert done.stderr.count("\n") <= 2


def test_readonly_is_back_as_it_was_when_making_a_template_fails(two: LabHost) -> None:
    before = two.everything()
    words = ("web1", "set", "template=yes", "web2", "cpu=2")
    two.chyves(*words, status=1, CHYVES_LAB_FAIL="zfs:3:fail")
    assert two.everything() == before


def test_a_template_is_read_only_until_it_is_none(two: LabHost) -> None:
    def readonly() -> str:
        return two.run("zfs", "get", "-H", "-o", "value", "readonly", f"{WEB1}/disk0").stdout

    two.chyves("web1", "set", "template=yes")
    assert readonly() == "on\n"
    two.chyves("web1", "set", "template=no")
    assert readonly() == "off\n"


def test_several_guests_get_values_of_their_own_in_one_command(two: LabHost) -> None:
    others = outside(two, "web1", "web2")
    two.chyves("set", "web1", "cpu=2", "ram=1g", "web2", "ram=512")
    assert two.output("web1", "get", "-H", "ram") == "1G"
    assert two.output("web2", "get", "-H", "ram") == "512M"
    assert two.output("web2", "get", "-H", "cpu") == "1"
    assert outside(two, "web1", "web2") == others


def test_unique_values_can_change_hands_between_two_guests(two: LabHost) -> None:
    two.chyves("web1", "set", "serial=nmdm51", "web2", "serial=nmdm50")
    assert two.output("web1,web2", "get", "-H", "-o", "value", "serial") == "nmdm51\nnmdm50"


def test_what_children_inherit_does_not_count_and_what_was_received_does(two: LabHost) -> None:
    two.run("zfs", "set", "chyves:cpu=9", "chyves:chyves_guest_version=1", "zroot")
    two.run("zfs", "inherit", "chyves:cpu", WEB1)
    two.run("zfs", "create", "zroot/chyves/guests/foreign")
    assert two.output("web1", "get", "-H", "cpu") == "1"
    two.chyves("foreign", "get", "cpu", status=3)
    two.run("zfs", "snapshot", f"{WEB2}@x")
    copy = "zroot/chyves/guests/copy"
    two.run("sh", "-c", f"zfs send -p {WEB2}@x | zfs receive -u {copy}")
    sources = two.run("zfs", "get", "-H", "-o", "source", "chyves:cpu", copy).stdout
    assert sources == "received\n"
    assert two.output("copy", "get", "-H", "cpu") == "1"


def test_defaults_and_global_properties_are_set_read_and_unset(two: LabHost) -> None:
    before = two.everything()
    two.chyves("defaults", "set", "ram=2G", "size=20G")
    two.chyves("global", "set", "tap_start_offset=100", "dev_mode=on")
    assert two.output("defaults", "get", "-H", "ram") == "2G"
    assert two.output("global", "get", "-H", "tap_start_offset") == "100"
    assert own_properties(two, "zroot/chyves")["chyves.default:size"] == "20G"
    for words in (
        ("defaults", "set", "serial=nmdm9"),
        ("defaults", "set", "nosuch=1"),
        ("global", "set", "dev_mode=maybe"),
        ("global", "set", "cpu=2"),
    ):
        two.chyves(*words, status=2)
    for target, name in (
        ("defaults", "ram"),
        ("defaults", "size"),
        ("global", "tap_start_offset"),
        ("global", "dev_mode"),
    ):
        two.chyves(target, "unset", name)
    assert two.output("defaults", "get", "-H", "ram") == "256M"
    assert two.everything() == before


def test_new_property_names_are_taken_once_they_are_not_restricted(two: LabHost) -> None:
    two.chyves("web1", "set", "rack=12", status=2)
    two.chyves("global", "set", "restrict_new_property_names=off")
    two.chyves("web1", "set", "rack=12 b", "site:room=cellar")
    assert two.output("web1", "get", "-H", "rack") == "12 b"
    before = two.everything()
    for word in ("Rack=1", "rack=a\nb", f"{'x' * 300}=1"):
        two.chyves("web1", "set", word, status=2)
    two.chyves("web1", "set", "net_ifaces=tap1", status=4)
    assert two.everything() == before
    two.chyves("web1", "unset", "rack")
    two.chyves("web1", "get", "rack", status=2)


def test_a_password_is_shown_only_where_it_is_asked_for(two: LabHost) -> None:
    two.chyves("web1", "set", "uefi_vnc_password=Tr0ub4dor")
    for words in (("get", "all"), ("get", "-H", "all"), ("get", "--json", "all")):
        done = two.chyves("web1", *words)
        assert "Tr0ub4dor" not in done.stdout + done.stderr
        assert "***" in done.stdout
    assert two.output("web1", "get", "-H", "uefi_vnc_password") == "Tr0ub4dor"
    assert "Tr0ub4dor" in two.output("web1", "get", "-s", "all")


def test_no_error_shows_a_password(two: LabHost) -> None:
    for words, status, fault in (
        (["web1", "set", "uefi_vnc_password=Tr0ub 4dor"], 2, ""),
        (["web1", "set", "uefi_vnc_password=Tr0ub,4dor"], 2, ""),
        (["web1", "set", "uefi_vnc_password=Tr0ub4dor\n"], 2, ""),
        (["web1", "set", "uefi_vnc_password=Tr0ub4dor", "uefi_vnc_password=x"], 2, ""),
        (["web1", "set", "uefi_vnc_password=Tr0ub4dor", "cpu=x"], 2, ""),
        (["web1", "set", "-v", "uefi_vnc_password=Tr0ub4dor"], 1, "zfs:2:fail"),
        (["web3", "create", "-v", "uefi_vnc_password=Tr0ub4dor"], 1, "zfs:2:fail"),
        (["web3", "create", "uefi_vnc_password=Tr0ub4dor", "99999T", "x", "y"], 2, ""),
        (["set", "uefi_vnc_password=Tr0ub4dor"], 2, ""),
    ):
        done = two.chyves(*words, status=status, CHYVES_LAB_FAIL=fault)
        assert "Tr0ub" not in done.stdout + done.stderr, words


def test_the_name_of_what_is_not_there_comes_with_a_hint(two: LabHost) -> None:
    assert "did you mean web1, web2" in two.chyves("web", "get", "cpu", status=3).stderr
    assert "did you mean cpu" in two.chyves("web1", "get", "cpus", status=2).stderr
    assert "did you mean cpu" in two.chyves("web1", "set", "cpus=2", status=2).stderr


def test_what_other_managers_call_it_is_told_in_our_words(two: LabHost) -> None:
    before = two.everything()
    for words, hint in (
        ("get ram web1", "chyves web1 get ram"),
        ("get all web2", "chyves web2 get all"),
        ("web1 set boot=1", "it is called rcboot here"),
        ("web1 set pcidev:2=passthru,1/0/0", "it is called pcidev_2 here"),
        ("web1 set memory=1G", "it is called ram here"),
        ("web1 set tap=tap0", "chyves network GUEST add tap"),
    ):
        assert two.chyves(*words.split(), status=2).stderr.splitlines()[1].strip() == hint
    done = two.chyves("snapshot", "web1@monday", status=3)
    assert done.stderr.endswith("chyves web1 snapshot @monday\n")
    assert two.everything() == before


def test_devices_and_flags_that_the_hosts_bhyve_does_not_have_are_refused(two: LabHost) -> None:
    before = two.everything()
    for words in (
        ("web1", "set", "cpu=2", "pcidev_1=nonsense,1"),
        ("web1", "set", "bargs=-H -s 8,nonsense"),
        ("web3", "create", "1G", "pcidev_1=nonsense"),
    ):
        said = two.chyves(*words, status=4).stderr
        assert (
            "this host's bhyve has no device nonsense\n        bhyve -s help names them: ahci,"
            in said
        )
    assert "-n needs FreeBSD 16.0" in two.chyves("web1", "set", "bargs=-n 0", status=4).stderr
    assert two.everything() == before
    # A bhyve that is newer than chyves has what it says it has.
    bhyve = two.lab.bin / "bhyve"
    bhyve.write_text('#!/bin/sh\n[ "$*" != "-s help" ] || echo "ahci nonsense"\n')
    two.chyves("web1", "set", "pcidev_1=nonsense,1", "bargs=-H -s 8,nonsense")
    bhyve.unlink()
    two.chyves("web1", "set", "pcidev_1=virtio-future")
