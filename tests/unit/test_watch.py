"""Counters and rates of `watch`, without a host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chyves_core.output import display_width
from chyves_core.watch import table
from chyves_core.watch.counters import (
    Counters,
    Sample,
    cpu_seconds,
    parse_kstats,
    parse_netstat,
)

CAPTURES = Path(__file__).parents[1] / "captures" / "ifconfig.jsonl"


def sample(moment: float, **counters: Counters) -> Sample:
    return Sample(moment, dict.fromkeys(counters, "running"), counters)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0:00.01", 0.01), ("12:03.45", 723.45), ("12:03,45", 723.45), ("1:02:03.00", 3723), ("-", 0)],
)
def test_computing_time_is_read_as_ps_writes_it(text: str, seconds: float) -> None:
    assert cpu_seconds(text) == pytest.approx(seconds)


def test_bytes_of_interfaces_are_read_whether_they_have_an_address_or_not() -> None:
    """Columns of netstat(1), FreeBSD 13; newer ones have one more, and lo0 has no address."""
    text = """\
Name    Mtu Network       Address              Ipkts Ierrs Idrop     Ibytes    Opkts Oerrs     Obytes  Coll
em0    1500 <Link#1>      58:9c:fc:00:ff:01     1000     1     2     123456      800     3     234567     4
em0       - 192.0.2.0/24  192.0.2.10             900     -     -      99999      700     -      88888     -
lo0   16384 <Link#2>                              32     0     0       2048       32     0       2049     0
tap50* 1500 <Link#3>      58:9c:fc:00:00:51        0     0     0         12        0     1         13     0
"""  # noqa: E501
    assert parse_netstat(text) == {
        "em0": (123456, 234567),
        "lo0": (2048, 2049),
        "tap50": (12, 13),
    }
    wider = text.replace("Coll\n", "Coll  Drop\n").replace("     4\nem0", "     4     0\nem0")
    assert parse_netstat(wider)["em0"] == (123456, 234567)
    assert parse_netstat("") == {}


def test_an_output_without_bytes_counts_nothing() -> None:
    """captures ifconfig `netstat -in`."""
    lines = [json.loads(line) for line in CAPTURES.read_text().splitlines()]
    (capture,) = [each["stdout"] for each in lines if each["cmd"] == "netstat -in"]
    assert parse_netstat(capture) == {}


def test_bytes_of_volumes_are_told_by_the_names_of_their_datasets() -> None:
    """A pool's name may hold what looks like the end of a node."""
    text = """\
kstat.zfs.my.pool.dataset.objset-0x84a1.nread: 28
kstat.zfs.my.pool.dataset.objset-0x84a1.reads: 2
kstat.zfs.my.pool.dataset.objset-0x84a1.nwritten: 52392378153
kstat.zfs.my.pool.dataset.objset-0x84a1.dataset_name: my.pool/chyves/guests/a/disk0
kstat.zfs.my.pool.dataset.objset-0x30b.nread: 1
"""
    assert parse_kstats(text) == {"my.pool/chyves/guests/a/disk0": (28, 52392378153)}


def test_rates_are_differences_over_time() -> None:
    before = sample(10.0, web1=Counters(7, 1.0, 100, 0, 1000, 500, 50))
    now = sample(12.0, web1=Counters(7, 2.0, 2048, 4096, 1000, 700, 60))
    (row,) = table.rows(["web1"], before, now)
    assert row == {
        "name": "web1",
        "state": "running",
        "cpu": 50.0,
        "memory": 2048,
        "read": 2048,
        "write": 0,
        "in": 100,
        "out": 5,
    }


def test_a_guest_that_was_booted_anew_has_no_rates_yet() -> None:
    before = sample(10.0, web1=Counters(7, 90.0, 100, 9, 9, 9, 9))
    now = sample(12.0, web1=Counters(8, 0.1, 100, 1, 1, 1, 1))
    (row,) = table.rows(["web1"], before, now)
    assert (row["memory"], row["cpu"], row["read"]) == (100, None, None)


def test_what_the_host_does_not_count_is_not_told_as_nothing() -> None:
    before = sample(10.0, web1=Counters(7, 1.0, 100, None, None, 5, 5))
    (row,) = table.rows(["web1"], before, sample(12.0, web1=before.counters["web1"]))
    assert (row["read"], row["in"]) == (None, 0)


def test_keys_sort_the_largest_first_and_equal_ones_by_name() -> None:
    rows = [
        {"name": "b", "cpu": 1.0, "read": None, "write": 2},
        {"name": "c", "cpu": 9.0, "read": 5, "write": 0},
        {"name": "a", "cpu": 1.0, "read": None, "write": None},
    ]
    assert [row["name"] for row in table.sorted_rows(rows, "n")] == ["a", "b", "c"]
    assert [row["name"] for row in table.sorted_rows(rows, "c")] == ["c", "a", "b"]
    assert [row["name"] for row in table.sorted_rows(rows, "d")] == ["c", "b", "a"]


@pytest.mark.parametrize(("height", "width"), [(24, 80), (5, 20), (2, 10), (1, 1)])
def test_a_screen_never_has_more_than_there_is_room_for(height: int, width: int) -> None:
    names = [f"guest-with-a-long-name-{number}" for number in range(50)]
    rows = table.rows(names, sample(0.0), sample(1.0))
    lines = table.screen(rows, "chyves  界界", height, width)
    assert len(lines) <= height
    assert all(display_width(line) <= width for line in lines)
    if height == 24:
        assert lines[-1] == "... 29 more"
        assert lines[0].endswith("q quits")
        scrolled = table.screen(rows, "", height, width, first=40)
        assert scrolled[2].startswith("guest-with-a-long-name-40 ") and len(scrolled) == 12
