"""`snapshot prune`: rules say what stays, and only what chyves named itself ever goes."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from chyves_core.snapshots.naming import automatic_name
from tests.commands.whole_guests import make_whole_guests, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"
HOUR, DAY = 3600, 86400


def moments(count: int, apart: int) -> dict[str, int]:
    """Return names and moments of automatic snapshots, the oldest first."""
    from datetime import UTC, datetime

    now = int(time.time())
    found = [now - apart * back for back in reversed(range(count))]
    return {automatic_name(datetime.fromtimestamp(each, UTC)): each for each in found}


@pytest.fixture
def days(lab: LabHost) -> LabHost:
    """A lab with web1 and web2, with ten snapshots a day apart and one with a name each."""
    taken = {**moments(10, DAY), "gold": int(time.time())}
    make_whole_guests(lab, ["web1", "web2"], snapshots=taken)
    return lab


def left(lab: LabHost, guest: str = "web1") -> list[str]:
    """Return the snapshots of a guest's filesystem, the oldest first."""
    rows = json.loads(lab.output(guest, "snapshot", "list", "--json"))
    return [row["snapshot"] for row in rows]


def test_only_what_no_rule_keeps_goes_and_the_reasons_are_shown(days: LabHost) -> None:
    names = left(days)
    done = days.chyves("web1", "snapshot", "prune", "--keep", "last=2,daily=3", "-y")
    assert left(days) == names[-4:]
    assert left(days, "web2") == names
    lines = done.stdout.splitlines()
    assert [line.split()[-2] for line in lines[1:8]] == ["goes"] * 7
    assert lines[-2].endswith("stays  has a name")
    assert lines[-3].endswith("stays  last,daily")
    assert lines[-1].startswith("7 of 11 snapshots go, ")


def test_without_yes_and_in_a_dry_run_nothing_goes(days: LabHost) -> None:
    before = days.everything()
    words = ("web1", "snapshot", "prune", "--keep", "last=1")
    assert "no terminal to ask on" in days.chyves(*words, status=4).stderr
    shown = days.output(*words, "-n")
    assert days.everything() == before
    days.run("sh", "-ec", shown)
    assert len(left(days)) == 2


def test_the_guests_own_rules_last_and_all_means_those_that_have_some(days: LabHost) -> None:
    days.chyves("web1", "set", "snapshot_keep=daily=2")
    days.chyves("all", "snapshot", "prune", "-y", "-q")
    assert len(left(days)) == 3
    assert len(left(days, "web2")) == 11
    done = days.chyves("web2", "snapshot", "prune", "-y", status=2)
    assert "chyves: web2: no rule says what to keep\n        --keep last=3,daily=7" in done.stderr
    days.chyves("web1", "unset", "snapshot_keep")
    done = days.chyves("all", "snapshot", "prune", "-y", status=1)
    assert "no guest has rules for pruning" in done.stderr


def test_what_is_held_or_cloned_stays_and_says_why(days: LabHost) -> None:
    first, second, third, *_ = left(days)
    days.run("zfs", "hold", "keep", f"{WEB1}/disk0{first}")
    days.run("zfs", "clone", f"{WEB1}{second}", "zroot/precious")
    days.chyves("web1", "set", f"revert_to_snapshot={third}", "revert_to_snapshot_method=start")
    words = ("web1", "snapshot", "prune", "--keep", "last=1", "-y")
    rows = json.loads(days.output(*words, "--json"))
    reasons = {row["snapshot"]: row["reason"] for row in rows if row["prune"] == "stays"}
    assert reasons[first] == [f"it is held: {WEB1}/disk0{first}"]
    assert reasons[second] == ["zroot/precious stands on it"]
    assert reasons[third] == ["the guest goes back to it whenever it boots"]
    assert left(days)[:3] == [first, second, third]
    assert len(left(days)) == 5


def test_snapshots_with_a_name_go_only_where_all_are_judged(days: LabHost) -> None:
    days.chyves("web1", "snapshot", "prune", "--keep", "daily=1", "--all", "-y")
    assert left(days) == ["@gold"]


def test_rules_that_say_nothing_clear_prune_nothing(days: LabHost) -> None:
    before = days.everything()
    for rules in ("last=0", "last", "", "daily", "last=1,last=2", "keep=1"):
        words = ("web1", "snapshot", "prune", "--keep", rules, "-y")
        assert days.chyves(*words, status=2).stderr.startswith("chyves: "), rules
    for words in (("prune", "@gold"), ("--keep", "last=1"), ("--all", "@x"), ("delete", "--all")):
        assert days.chyves("web1", "snapshot", *words, status=2).stderr.startswith("chyves: ")
    done = days.chyves("web1", "set", "snapshot_keep=last=0", status=2)
    assert "snapshot_keep=last=0: last=0: must keep" in done.stderr
    assert days.everything() == before


def test_a_crontab_line_takes_and_prunes(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], snapshots=moments(3, HOUR), snapshot_keep="last=2")
    line = "chyves all snapshot && chyves all snapshot prune -y"
    lab.run("sh", "-c", line)
    newest = left(lab)[-1]
    assert len(left(lab)) == 2
    assert own_properties(lab, f"{WEB1}{newest}")["chyves:snapshot_keep"] == "last=2"
