"""Numbers that no two guests share, and the layout of a pool, planned from plain data."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chyves_core import layout, numbering
from chyves_core.create import read_size
from chyves_core.errors import NotFound, Refused, UsageError
from chyves_core.pools import Storage, make_pool
from chyves_core.sizes import parse_size
from chyves_core.zfs import Dataset


@given(st.sets(st.integers(50, 70)), st.integers(1, 10))
def test_numbers_are_the_first_free_ones_and_are_given_once(taken: set[int], count: int) -> None:
    numbers = numbering.Taken(taps=set(taken))
    given_out = [numbers.next_tap(50) for _ in range(count)]
    assert len(set(given_out)) == count
    expected = [number for number in range(50, 100) if number not in taken][:count]
    assert given_out == [f"tap{number}" for number in expected]


def test_when_no_number_is_left_it_is_said() -> None:
    numbers = numbering.Taken(ports={65535})
    with pytest.raises(Refused, match="no VNC port is free"):
        numbers.next_port(65535)


def test_addresses_are_bhyves_own_and_serials_fit_into_a_disk() -> None:
    taken = numbering.Taken()
    assert re.fullmatch(r"58:9c:fd(:[0-9a-f]{2}){3}", taken.new_mac())
    assert len(numbering.new_serial()) <= 20
    assert taken.new_uuid() in taken.uuids


def test_only_whole_names_count_as_numbers() -> None:
    names = ["tap5", "tap", "xtap6", "tap7x", "tap٣", "tap" + "9" * 5000, "tap08"]
    assert numbering.numbers("tap", names) == [5, 8]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8G", 8 << 30),
        ("1.5T", 3 << 39),
        ("512m", 512 << 20),
        ("1048576", 1 << 20),
        ("1GiB", 1 << 30),
        *((text, None) for text in ("", "G", "1.G", ".5G", "-1G", "1 G", "٣G", "1e3", "9" * 5000)),
    ],
)
def test_sizes_are_powers_of_1024(text: str, size: int | None) -> None:
    assert parse_size(text) == size


def test_the_size_of_a_disk_is_whole_mebibytes_and_never_less_than_asked() -> None:
    assert read_size("1.0001G") % (1 << 20) == 0
    assert read_size("1.0001G") > 1 << 30
    for text in ("0", "1K", "1", "x", ""):
        with pytest.raises(UsageError):
            read_size(text)


def storage(*datasets: Dataset) -> Storage:
    """Return the storage of a host with the pools zroot (guid 1) and tank (guid 2)."""
    found = {dataset.name: dataset for dataset in datasets}
    rows = [["zroot", "1", "ONLINE", "9", "9", "off"], ["tank", "2", "ONLINE", "9", "9", "off"]]
    return Storage(tuple(make_pool(row, found) for row in rows), found)


def root(pool: str, guid: str = "1", source: str = "local", **more: str) -> Dataset:
    """Return the root of a layout, its properties with one source."""
    own = {"chyves.pool:role": "primary", "chyves.pool:guid": guid, "mountpoint": f"/chyves/{pool}"}
    values = {name: (value, source) for name, value in {**own, **more}.items()}
    return Dataset(f"{pool}/chyves", {"type": ("filesystem", "-"), **values})


def test_the_part_of_a_pool_follows_from_its_own_role_and_guid_only() -> None:
    assert storage(root("zroot")).primary.name == "zroot"
    assert storage(root("zroot", source="received")).primary.name == "zroot"
    assert storage(root("tank", guid="1")).pool("tank").state == "replica"
    inherited = root("zroot", source="inherited from zroot")
    assert storage(inherited).pool("zroot").state == "none"
    for found in (storage(), storage(inherited), storage(root("tank", guid="1"))):
        with pytest.raises(NotFound):
            _ = found.primary


def test_a_layout_that_was_begun_is_finished_and_the_role_comes_last() -> None:
    begun = Dataset(
        "zroot/chyves", {"type": ("filesystem", "-"), "mountpoint": ("/chyves/zroot", "local")}
    )
    plan = layout.plan_install(storage(begun), "zroot")
    assert not any(step.argv[-1] == "zroot/chyves" for step in plan[:-1])
    assert "chyves.pool:role=primary" in plan[-1].argv
    whole = layout.plan_install(storage(), "zroot")
    assert whole[0].argv[-1] == "zroot/chyves"
    assert len(whole) == len(plan) + 1


@pytest.mark.parametrize(
    "found",
    [
        Dataset("zroot/chyves", {"type": ("volume", "-")}),
        Dataset("zroot/chyves", {"type": ("filesystem", "-"), "mountpoint": ("/x", "local")}),
        root("zroot"),
        root("zroot", guid="7"),
    ],
)
def test_what_stands_in_the_place_of_a_layout_is_left_alone(found: Dataset) -> None:
    with pytest.raises(Refused):
        layout.plan_install(storage(found), "zroot")
    with pytest.raises(NotFound):
        layout.plan_install(storage(found), "nosuch")
