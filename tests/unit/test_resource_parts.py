"""The parts of resources that need no host: checksums, names, sources, finding, pouring."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chyves_core import resources
from chyves_core.checksums import Checksum, read_checksum
from chyves_core.errors import ChyvesError, HostError, NotFound, UsageError
from chyves_core.pools import Pool, Storage
from chyves_core.progress import progress_text
from chyves_core.resource_changes import names_path
from chyves_core.resource_sources import LONGEST_VALUE, read_source, resource_name
from chyves_core.unpacking import pour
from chyves_core.zfs import Dataset


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("form", ["{0}:{1}", "{1}", " {1}\n", "{2}:{3}", "{3}"])
def test_a_checksum_is_read_in_each_form(algorithm: str, form: str) -> None:
    digits = hashlib.new(algorithm, b"x").hexdigest()
    words = form.format(algorithm, digits, algorithm.upper(), digits.upper())
    assert read_checksum(words) == Checksum(algorithm, digits)


@pytest.mark.parametrize(
    "words", ["", ":", "sha256:", "sha256:abc", "abc", "z" * 64, "crc32:" + "0" * 8, "０" * 64]
)
def test_what_is_no_checksum(words: str) -> None:
    with pytest.raises(UsageError, match="is not a checksum"):
        read_checksum(words)


@given(st.text())
def test_whatever_a_file_is_called_its_name_is_a_good_one_or_refused(file_name: str) -> None:
    try:
        source = read_source("/tmp/" + file_name)
        name = resource_name(source, None, 120)
    except ChyvesError:
        return
    resources.check_name(name)
    assert len(source.shown.encode()) <= LONGEST_VALUE
    assert source.shown.isprintable()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://host/a/b/disc.iso", "disc.iso"),
        ("https://host/disc.iso.XZ?x=/y.iso#z", "disc.iso"),
        ("ftp://host/disc%2Diso", "disc-iso"),
        ("HTTP://host/a%2Fb.iso", "a_b.iso"),
    ],
)
def test_the_name_of_a_url_is_its_last_part(url: str, name: str) -> None:
    assert resource_name(read_source(url), None, 120) == name


@pytest.mark.parametrize(
    "url", ["http://host", "http://host/", "http://host?a.iso", "http://h/%2e%2e"]
)
def test_a_url_without_a_file_makes_no_name(url: str) -> None:
    with pytest.raises(UsageError):
        resource_name(read_source(url), None, 120)


def test_user_and_password_are_not_kept() -> None:
    assert read_source("ftp://me:pass@host/a@b.iso").shown == "ftp://host/a@b.iso"


def test_a_path_is_only_named_where_it_stands_whole() -> None:
    path = "/chyves/zroot/ISO/a.iso/a.iso"
    assert names_path(f"-s 3,ahci-cd,{path} -s 4,x", path)
    assert names_path(f"pci.0.3.0.path={path}\n", path)
    assert names_path(f"'{path}'", path)
    assert not names_path(f"{path}2", path)
    assert not names_path(f"/mnt{path}", path)
    assert not names_path(f"{path}/x", path)
    assert not names_path("/chyves/zroot/ISO/aXiso/aXiso", path)


def storage(*datasets: Dataset) -> Storage:
    """A primary pool zroot with these datasets."""
    layout = Dataset("zroot/chyves", {})
    pool = Pool("zroot", "1", "ONLINE", "1", "1", "primary", layout)
    return Storage((pool,), {each.name: each for each in datasets})


def dataset(name: str, source: str = "local", **more: str) -> Dataset:
    """A filesystem that looks like a resource."""
    values = {"sha256": "00", "size": "5", **more}
    own = {f"chyves.resource:{key}": (values[key], source) for key in values}
    return Dataset(name, {"type": ("filesystem", "-"), "used": ("9", "-"), **own})


def test_a_resource_is_found_by_its_whole_name() -> None:
    held = storage(dataset("zroot/chyves/ISO/a"), dataset("zroot/chyves/ISO/ab"))
    found = resources.find(held, resources.ISO, "a")
    assert (found.name, found.path, found.size) == ("a", "/chyves/zroot/ISO/a/a", 5)
    for name in ("", "abc", "A", "b"):
        with pytest.raises(NotFound):
            resources.find(held, resources.ISO, name)


@pytest.mark.parametrize(
    "other",
    [
        dataset("zroot/chyves/ISO/a", source="inherited from zroot"),
        dataset("zroot/chyves/ISO/x/a"),
        dataset("zroot/chyves/Firmware/a"),
        dataset("tank/chyves/ISO/a"),
        dataset("zroot/chyves_offline/ISO/a"),
        Dataset("zroot/chyves/ISO/a", {"type": ("filesystem", "-")}),
    ],
)
def test_what_only_looks_like_a_resource_is_none(other: Dataset) -> None:
    assert resources.all(storage(other), resources.ISO) == {}


def test_a_received_resource_counts() -> None:
    held = storage(dataset("zroot/chyves/ISO/a", source="received"))
    assert list(resources.all(held, resources.ISO)) == ["a"]


def test_the_old_name_of_an_unfinished_rename_finds_it_unless_another_one_has_it() -> None:
    renamed = dataset("zroot/chyves/Firmware/new", former_name="old")
    assert resources.find(storage(renamed), resources.FIRMWARE, "old").name == "new"
    both = storage(renamed, dataset("zroot/chyves/Firmware/old"))
    assert resources.find(both, resources.FIRMWARE, "old").name == "old"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_pool_is_called_full(tmp_path: Path) -> None:
    source = tmp_path / "a.iso"
    source.write_bytes(b"x" * (2 << 20))
    with pytest.raises(HostError, match=r"a\.iso: does not fit, the primary pool is full"):
        pour(source, Path("/dev/full"), shown="a.iso", algorithms=("sha256",))


def test_progress_is_bytes_per_cent_and_rate() -> None:
    assert progress_text(512 << 20, 2 << 30, 100 << 20) == " 25%  512M of 2G  100M/s"
    assert progress_text(0, 0, 0) == "100%  0B of 0B  0B/s"
