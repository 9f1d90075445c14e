"""Hosts of FreeBSD 10, whose zfs takes one property at a time (from its source, not run)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import LabHost, make_lab


@pytest.fixture
def old(tmp_path: Path) -> Iterator[LabHost]:
    """A lab of FreeBSD 10.3 with chyves on zroot."""
    host = make_lab(tmp_path / "lab", freebsd="10.3")
    host.chyves("dataset", "zroot", "install")
    yield host
    host.stop_everything()


def test_several_properties_are_set_one_after_another(old: LabHost) -> None:
    old.chyves("web1,web2", "create", "1G")
    old.chyves("all", "set", "cpu=2", "ram=1G", "uefi_vnc_password=secret")
    for name in ("web1", "web2"):
        assert [old.output(name, "get", "-H", prop) for prop in ("cpu", "ram")] == ["2", "1G"]
    wrong = old.chyves("web1", "set", "cpu=3", "ram=2G", status=1, CHYVES_LAB_FAIL="zfs:2:fail")
    assert "secret" not in wrong.stderr
    assert old.output("web1", "get", "-H", "cpu") == "2"
