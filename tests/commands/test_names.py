"""Names count whole: no command ever touches a guest that it was not told to touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chyves_core.names import SCOPES, VERBS, vm_name
from tests.commands.whole_guests import (
    guests,
    make_bootable,
    make_whole_guests,
    outside,
    own_properties,
)

if TYPE_CHECKING:
    from tests.conftest import LabHost

FAMILY = ("pfSense", "pfSense2", "pfSense-gold")
DATASET = "zroot/chyves/guests/pfSense"


@pytest.fixture
def family(lab: LabHost) -> LabHost:
    """A lab with pfSense, pfSense2 and pfSense-gold."""
    make_whole_guests(lab, FAMILY, snapshots=["before"])
    return lab


def test_delete_removes_exactly_the_guest_that_was_named(family: LabHost) -> None:
    others = outside(family, "pfSense")
    family.chyves("pfSense", "delete", "--yes")
    assert guests(family) == ["pfSense-gold", "pfSense2"]
    assert outside(family, "pfSense") == others


def test_rename_touches_exactly_the_guest_that_was_named(family: LabHost) -> None:
    others = outside(family, "pfSense")
    family.chyves("pfSense", "rename", "pfSense2-old")
    assert guests(family) == ["pfSense-gold", "pfSense2", "pfSense2-old"]
    assert outside(family, "pfSense", "pfSense2-old") == others


def test_set_and_unset_touch_exactly_the_guest_that_was_named(family: LabHost) -> None:
    others = outside(family, "pfSense")
    family.chyves("pfSense", "set", "cpu=2", "eject_iso_on_n_reboot=2")
    assert own_properties(family, DATASET)["chyves:cpu"] == "2"
    family.chyves("pfSense", "unset", "eject_iso_on_n_reboot")
    assert outside(family, "pfSense") == others


def test_snapshot_takes_and_deletes_those_of_the_named_guest_only(family: LabHost) -> None:
    before = family.datasets("snapshot")
    family.chyves("pfSense", "snapshot", "@now")
    own = [f"{DATASET}/disk0@now", f"{DATASET}@now"]
    assert sorted(set(family.datasets("snapshot")) - set(before)) == own
    family.chyves("pfSense", "snapshot", "delete", "@now", "--yes")
    assert family.datasets("snapshot") == before
    family.chyves("pfSense", "snapshot", "delete", "@before", "--yes")
    gone = set(before) - set(family.datasets("snapshot"))
    assert gone == {f"{DATASET}/disk0@before", f"{DATASET}@before"}


def test_get_shows_exactly_the_guest_that_was_named(family: LabHost) -> None:
    family.chyves("pfSense2", "set", "cpu=7")
    assert family.output("pfSense", "get", "-H", "cpu") == "1"
    assert family.output("pfSense2", "get", "-H", "cpu") == "7"
    lines = family.output("pfSense", "get", "-H", "all").split("\n")
    assert {line.partition("\t")[0] for line in lines} == {"pfSense"}


def test_reclaim_destroys_exactly_the_vm_that_was_named(family: LabHost) -> None:
    for name in FAMILY:
        family.run("bhyvectl", "--create", f"--vm={vm_name(name)}")
    family.chyves("pfSense", "reclaim")
    left = sorted(path.name for path in (family.root / "dev/vmm").iterdir())
    assert left == ["chy-pfSense-gold", "chy-pfSense2"]


def test_stop_ends_exactly_the_guest_that_was_named(family: LabHost) -> None:
    for name in FAMILY:
        make_bootable(family, name)
    family.chyves(",".join(FAMILY), "start")
    family.chyves("pfSense", "stop", "force")
    left = sorted(path.name for path in (family.root / "dev/vmm").iterdir())
    assert left == ["chy-pfSense-gold", "chy-pfSense2"]
    processes = family.run("ps", "-axww", "-o", "command=").stdout
    assert "bhyve: chy-pfSense2" in processes
    assert "bhyve: chy-pfSense-gold" in processes
    family.chyves("pfSense", "stop", status=1)


LETTERS = st.sampled_from("aB1_.-")
BASES = st.builds("".join, st.lists(LETTERS, min_size=0, max_size=4)).map(lambda tail: f"w{tail}")
RELATIVES = (
    lambda base: base,
    lambda base: base + "2",
    lambda base: base + "-gold",
    lambda base: base + ".",
    lambda base: base + "-",
    lambda base: base + "_disk0",
    lambda base: base.replace(".", "x") + "x",
    lambda base: base.upper() + "W",
    lambda base: base.swapcase(),
    lambda base: "1" + base,
    lambda base: "chy-" + base,
    lambda base: base * 2,
)


@st.composite
def families(draw: st.DrawFn) -> list[str]:
    """Names that differ in little: prefixes, suffixes, dots, dashes, case."""
    base = draw(BASES)
    relatives = draw(st.lists(st.sampled_from(RELATIVES[1:]), min_size=2, max_size=4, unique=True))
    names = [base, *(make(base) for make in relatives)]
    names = [name for name in dict.fromkeys(names) if name not in SCOPES | VERBS]
    return draw(st.permutations(names))


@given(family=families())
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_command_touches_only_the_one_of_a_family_that_it_was_told_to(
    lab: LabHost, family: list[str]
) -> None:
    lab.run("zfs", "destroy", "-r", "zroot/chyves/guests")
    lab.run("zfs", "create", "zroot/chyves/guests")
    make_whole_guests(lab, family, snapshots=["before"])
    target, new = family[0], f"{family[0]}3"
    others = outside(lab, target, new)
    lab.chyves(target, "set", "cpu=2", "ram=1G")
    lab.chyves(target, "snapshot", "@now")
    assert outside(lab, target, new) == others
    lab.chyves(target, "snapshot", "delete", "@before", "--yes")
    lab.chyves(target, "rename", new)
    assert outside(lab, target, new) == others
    assert lab.chyves(target, "get", "cpu", status=3).stdout == ""
    lab.chyves(target, "delete", "--yes", status=3)
    lab.chyves(new, "delete", "--yes")
    assert outside(lab, target, new) == others
    assert guests(lab) == sorted(family[1:])


def test_a_name_that_no_guest_can_have_is_refused_and_nothing_is_made(lab: LabHost) -> None:
    for name in ("a/b", "..", "a b", "a;b", "$(id)", "`id`", "a\nb", ":web", "a*", "ä", "x" * 101):
        done = lab.chyves("guest", name, "create", status=2)
        assert done.stderr.startswith("chyves: ")
        assert len(done.stderr.strip("\n").split("\n")) <= 2
    assert {argv[1] for argv in lab.commands("zfs")} <= {"get"}
    assert guests(lab) == []


def test_a_guest_cannot_be_renamed_to_what_is_no_name(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    before = lab.everything()
    for name in ("a/b", "..", "a b", "$(id)", "", "all", "start", "x" * 101):
        lab.chyves("web1", "rename", name, status=2)
    lab.chyves("web1", "rename", "web1", status=4)
    assert lab.everything() == before


def test_words_of_the_command_line_cannot_name_a_guest(lab: LabHost) -> None:
    for word in ("all", "defaults", "global", "delete", "start", "lab", "primary"):
        done = lab.chyves("guest", word, "create", status=2)
        assert done.stderr.startswith("chyves: ")
    assert guests(lab) == []


def test_no_command_of_this_host_can_name_a_guest(lab: LabHost) -> None:
    plugin = lab.root / "usr/local/libexec/chyves/chyves-backup"
    plugin.parent.mkdir(parents=True, exist_ok=True)
    plugin.write_text("#!/bin/sh\n# Summary: Back up\n# Usage: chyves <guest> backup\n")
    plugin.chmod(0o755)
    lab.chyves("guest", "backup", "create", status=2)
    make_whole_guests(lab, ["web1"])
    lab.chyves("web1", "rename", "backup", status=2)
    assert guests(lab) == ["web1"]


def test_the_guest_of_a_word_that_became_a_command_later_is_reached_by_the_long_form(
    lab: LabHost,
) -> None:
    make_whole_guests(lab, ["info", "info2"])
    lab.chyves("guest", "info", "set", "cpu=2")
    assert lab.output("guest", "info", "get", "-H", "cpu") == "2"
    lab.chyves("guest", "info", "delete", "--yes")
    assert guests(lab) == ["info2"]
