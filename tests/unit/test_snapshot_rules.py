"""Which snapshots words mean, which ones rules keep, and what a guest gets back with one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chyves_core.errors import NotFound, UsageError, did_you_mean
from chyves_core.network.ifconfig import Interface
from chyves_core.numbering import Taken
from chyves_core.properties.schema import load_schema
from chyves_core.settings import Settings
from chyves_core.snapshots import identity, keeping, naming, restoring
from chyves_core.snapshots.reading import Piece, Snapshot, gather, parse_piece

WEB1 = "zroot/chyves/guests/web1"
GLOBAL = Settings(load_schema("global"), {})
UP = frozenset(("UP",))


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let days end when those of UTC do."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def snapshot(name: str, moment: datetime, txg: int = 1) -> Snapshot:
    """Return a snapshot of web1's filesystem."""
    piece = Piece(f"{WEB1}@{name}", txg, int(moment.timestamp()), 0, 0, 0, (), 0)
    return Snapshot("web1", WEB1, name, (piece,))


def hourly(count: int, end: datetime | None = None) -> list[Snapshot]:
    """Return automatic snapshots, one an hour, the oldest first."""
    last = end or datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
    moments = [last - timedelta(hours=hours) for hours in reversed(range(count))]
    return [snapshot(naming.automatic_name(each), each, n) for n, each in enumerate(moments, 1)]


def kept(snapshots: list[Snapshot], rules: str, *, named_too: bool = False) -> list[str]:
    """Return the names of the snapshots that rules keep."""
    fates = keeping.judge(snapshots, keeping.read_rules(rules), lambda _: None, named_too=named_too)
    return [each.snapshot.name for each in fates if not each.goes]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("@b", "b"),
        ("@b,@d", "b d"),
        ("@b,d", "b d"),
        ("@b%d", "b c d"),
        ("@b%@d", "b c d"),
        ("@d%", "d e"),
        ("%b", "a b"),
        ("@%b", "a b"),
        ("@c%c", "c"),
        ("@a%b,e", "a b e"),
        ("@disk only", "disk only"),
    ],
)
def test_names_and_ranges_mean_what_zfs_destroy_means_by_them(words: str, names: str) -> None:
    found = naming.choose("web1", naming.read_choice(words), list("abcde"), {"disk only"})
    assert found == ({names} if names == "disk only" else set(names.split()))


@pytest.mark.parametrize("words", ["b", "@", "%", "@%", "@a%b%c", "@a,,b", "@a/b", "@a@b", "@*"])
def test_what_is_no_choice_of_snapshots_is_refused(words: str) -> None:
    with pytest.raises(UsageError):
        naming.read_choice(words)


@pytest.mark.parametrize("words", ["@x", "@a%x", "@x%", "@a,x", "@ab", "@disk%"])
def test_a_name_that_is_not_there_is_never_passed_over(words: str) -> None:
    with pytest.raises(NotFound):
        naming.choose("web1", naming.read_choice(words), list("abcde"), {"disk"})


def test_a_range_from_the_newer_to_the_older_is_refused() -> None:
    with pytest.raises(UsageError, match="@b is older than @d"):
        naming.choose("web1", naming.read_choice("@d%b"), list("abcde"), set())


@pytest.mark.parametrize(
    ("name", "automatic"),
    [
        ("2026-11-22T21:31:27Z", True),
        ("2026-11-22T21:31:27Z-LIVE-SYSTEM", True),
        ("2026-11-22T21:31:27Z-keep", False),
        ("before-2026-11-22T21:31:27Z", False),
        ("2026-11-22", False),
    ],
)
def test_only_a_whole_moment_is_an_automatic_name(name: str, automatic: bool) -> None:
    assert naming.is_automatic(name) is automatic


def test_what_is_nearest_is_named_first_and_what_is_as_near_by_its_name() -> None:
    known = ["web10", "web2", "web1", "mail"]
    assert did_you_mean("web", known, "none") == "did you mean web1, web2, web10?"
    assert did_you_mean("RAM", ["cpu", "ram"], "none") == "did you mean ram?"
    assert did_you_mean("nothing", known, "chyves list") == "chyves list"


def test_a_name_without_its_live_suffix_is_told_with_it() -> None:
    error = naming.no_such_snapshot("web1", "s", ["s-LIVE-SYSTEM", "other"])
    assert error.hint == "did you mean @s-LIVE-SYSTEM?"


def test_the_pieces_of_a_snapshot_are_found_by_whole_names_of_guests() -> None:
    lines = [
        f"{WEB1}@a\t10\t1700000000\t100\t200\t0\t-\t-",
        f"{WEB1}/disk0@a\t10\t1700000000\t1\t2\t1\ttank/x,tank/y\t1048576",
        f"{WEB1}2@a\t10\t1700000000\t7\t7\t0\t-\t-",
        f"{WEB1}/disk1@b\t11\t1700000001\t5\t5\t0\t-\t1048576",
    ]
    found = {each.name: each for each in gather(map(parse_piece, lines), {WEB1: "web1"})}
    assert found.keys() == {"a", "b"}
    row = found["a"].row
    assert (row["used"], row["refer"], row["holds"]) == (101, 202, 1)
    assert row["clones"] == ("tank/x", "tank/y")
    assert found["b"].own is None
    assert found["b"].row["disks"] == ("disk1",)


def test_rules_keep_the_newest_of_each_period_and_are_added_up() -> None:
    all_of_them = hourly(24 * 40)
    assert kept(all_of_them, "last=2") == ["2026-11-22T20:30:00Z", "2026-11-22T21:30:00Z"]
    assert kept(all_of_them, "daily=3") == [
        "2026-11-20T23:30:00Z",
        "2026-11-21T23:30:00Z",
        "2026-11-22T21:30:00Z",
    ]
    # 2026-11-22 is a Sunday; weeks begin on Monday (ISO 8601).
    assert kept(all_of_them, "weekly=2") == ["2026-11-15T23:30:00Z", "2026-11-22T21:30:00Z"]
    assert kept(all_of_them, "monthly=12") == ["2026-10-31T23:30:00Z", "2026-11-22T21:30:00Z"]
    assert kept(all_of_them, "yearly=1,last=1") == ["2026-11-22T21:30:00Z"]
    assert set(kept(all_of_them, "last=2,weekly=2")) == {
        "2026-11-15T23:30:00Z",
        "2026-11-22T20:30:00Z",
        "2026-11-22T21:30:00Z",
    }


def test_periods_without_a_snapshot_do_not_count() -> None:
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 9, 20)]
    few = [snapshot(naming.automatic_name(day), day) for day in days]
    assert len(kept(few, "daily=3")) == 3


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 9))
def test_the_newest_always_stays_and_no_rule_keeps_more_than_it_says(
    count: int, last: int, daily: int
) -> None:
    all_of_them = hourly(count)
    found = kept(all_of_them, f"last={last},daily={daily}")
    assert all_of_them[-1].name in found
    assert min(count, last) <= len(found) <= last + daily


def test_snapshots_with_a_name_stay_and_count_in_no_rule() -> None:
    snapshots = [*hourly(3), snapshot("gold", datetime(2026, 11, 23, tzinfo=UTC), 9)]
    assert kept(snapshots, "last=1") == ["2026-11-22T21:30:00Z", "gold"]
    assert kept(snapshots, "last=1", named_too=True) == ["gold"]


def test_what_is_needed_stays_and_says_why() -> None:
    snapshots = hourly(3)
    needed = {snapshots[0].name: "it is held"}
    rules = keeping.read_rules("last=1")
    fates = keeping.judge(snapshots, rules, lambda each: needed.get(each.name), named_too=False)
    assert [(each.goes, each.reasons) for each in fates] == [
        (False, ("it is held",)),
        (True, ()),
        (False, ("last",)),
    ]


@pytest.mark.parametrize(
    "text",
    "|last|last=|last=0|last=-1|last=x|last=٣|lasts=1|last=1,|3|last=1,last=2|last=1 daily=2|"
    "last=9999999|LAST=1".split("|"),
)
def test_rules_that_say_nothing_clear_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        keeping.read_rules(text)


def test_rules_are_stored_in_one_order() -> None:
    schema = load_schema("guest")
    assert schema.check("snapshot_keep", "monthly=12,last=03") == "last=3,monthly=12"


def others(owners: dict[str, str], *interfaces: Interface) -> identity.Others:
    """Return what others have; numbers are free from those of the defaults on."""
    taken = Taken(taps={50, 51}, nmdms={50}, ports={5900})
    return identity.Others(owners, {each.name: each for each in interfaces}, taken)


THEN = {
    "net_ifaces": "tap50",
    "tap50_mac": "58:9c:fd:00:00:01",
    "tap50_bridge": "bridge0",
    "serial": "nmdm50",
    "uefi_vnc_port": "5900",
    "uuid": "b2c1a4de-0000-4000-8000-000000000001",
    "pci_slots": "disk0=4,tap50=16",
}


def test_what_nobody_has_got_since_comes_back_as_it_was() -> None:
    values = dict(THEN)
    assert identity.repair("web1", values, THEN, others({}), GLOBAL) == []
    assert values == THEN


def test_what_a_guest_has_stays_its_own_though_an_exact_copy_has_it_too() -> None:
    values = dict(THEN)
    owners = dict.fromkeys(("tap50", *(THEN[name] for name in THEN if name != "net_ifaces")), "c2")
    assert identity.repair("web1", values, THEN, others(owners), GLOBAL) == []
    assert values == THEN


def test_a_tap_that_another_guest_has_gives_way_and_all_that_names_it_follows() -> None:
    values = dict(THEN)
    notes = identity.repair("web1", values, {}, others({"tap50": "web2"}), GLOBAL)
    assert notes == ["tap50 is web2's now: it gets tap52"]
    assert values["net_ifaces"] == "tap52"
    assert values["tap52_mac"] == THEN["tap50_mac"]
    assert values["tap52_bridge"] == "bridge0"
    assert values["pci_slots"] == "disk0=4,tap52=16"
    assert not [name for name in values if name.startswith("tap50")]


def test_the_guests_present_tap_is_better_than_a_new_one() -> None:
    values = dict(THEN)
    identity.repair("web1", values, {"net_ifaces": "tap77"}, others({"tap50": "web2"}), GLOBAL)
    assert values["net_ifaces"] == "tap77"


def test_a_tap_of_the_host_that_is_not_the_guests_gives_way_too() -> None:
    foreign, own = Interface("tap50", UP, 1500), Interface("tap50", UP, 1500, "chyves:web1:tap50")
    for there, expected in ((foreign, "tap52"), (own, "tap50")):
        values = dict(THEN)
        identity.repair("web1", values, {}, others({}, there), GLOBAL)
        assert values["net_ifaces"] == expected


def test_ports_of_a_vale_switch_give_way_to_the_next_one() -> None:
    values = {"net_ifaces": "vale0:1,tap50"}
    owners = {"vale0:1": "web2", "vale0:2": "web3"}
    identity.repair("web1", values, {}, others(owners), GLOBAL)
    assert values["net_ifaces"] == "vale0:3,tap50"


def test_console_port_uuid_and_address_are_never_those_of_another_guest() -> None:
    values = dict(THEN)
    owners = {THEN[name]: "web2" for name in ("serial", "uefi_vnc_port", "uuid", "tap50_mac")}
    present = {"serial": "nmdm61", "uefi_vnc_port": ""}
    notes = identity.repair("web1", values, present, others(owners), GLOBAL)
    assert len(notes) == 4
    assert (values["serial"], values["uefi_vnc_port"]) == ("nmdm61", "5901")
    assert not {values["uuid"], values["tap50_mac"]} & owners.keys()


def test_devices_keep_their_slots_and_deleted_ones_lose_them() -> None:
    then, now = "disk0=4,disk1=5,tap50=16", "disk0=4,disk2=6,disk3=5,tap50=16"
    merged = restoring.merged_slots(then, now, ("disk2", "disk3"), ("disk1",))
    assert merged == "disk0=4,disk3=5,disk2=6,tap50=16"
    # What has its slot is a device of then; the kept one gets another when it boots.
    assert restoring.merged_slots(then, now, ("disk3",), ()) == then
