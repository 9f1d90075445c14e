"""Guests of iohyve come here and go back, each snapshot by its guid the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.endtoend.hosts.base import FIRST, Host
from tests.endtoend.test_moving import snapshots
from tests.endtoend.volumes import read, write
from tests.migration.hosts.iohyve import Iohyve

WEB, NAMESAKE = "chyvest-web", "chyvest-web2"
HERE, THERE = f"{FIRST}/chyves/guests/{WEB}", f"{FIRST}/iohyve/{WEB}"
WORDS = ("import", "iohyve", "--pool", FIRST, WEB, "--yes")


@pytest.fixture
def iohyve(host: Host) -> Iterator[Iohyve]:
    """iohyve on the first pool, whose guests are not mounted, as on a pool that was received."""
    io = Iohyve(host.run, FIRST, "none")
    io.taps = 950
    io.create(WEB)
    io.set(WEB, description="it's 100% = 'ours' ü", boot="1")
    io.add(WEB, 1)
    io.create(NAMESAKE)
    write(host, f"{THERE}/disk0", "then")
    io.snap(WEB, "then")
    write(host, f"{THERE}/disk0", "now")
    yield io
    host.run("zfs", "destroy", "-r", f"{FIRST}/iohyve")


def below(host: Host, place: str) -> list[str]:
    """All that is set on datasets at and below a place."""
    return [line for line in host.everything().split("\n") if line.startswith(place)]


def test_a_guest_comes_goes_back_and_comes_again(host: Host, iohyve: Iohyve) -> None:
    there, before = below(host, f"{FIRST}/iohyve"), snapshots(host, THERE)
    host.chyves(*WORDS)
    here = below(host, HERE)
    assert snapshots(host, HERE) == before
    assert read(host, f"{HERE}/disk0") == "now"
    assert host.value(HERE, "mounted") == "yes"
    assert host.output(WEB, "get", "-H", "description") == "it's 100% = 'ours' ü"
    assert f"{THERE}2" in host.datasets()
    host.chyves(WEB, "snapshot", "rollback", "@then", "--yes")
    assert read(host, f"{HERE}/disk0") == "then"
    host.chyves("export", "--to", "iohyve", WEB, "--yes")
    assert (below(host, f"{FIRST}/iohyve"), snapshots(host, THERE)) == (there, before)
    host.chyves(*WORDS)
    assert below(host, HERE) == here


def test_a_copy_is_the_same_and_leaves_the_source(host: Host, iohyve: Iohyve) -> None:
    there, before = below(host, f"{FIRST}/iohyve"), snapshots(host, THERE)
    host.chyves(*WORDS, "--copy", "-q")
    assert (below(host, f"{FIRST}/iohyve"), snapshots(host, THERE)) == (there, before)
    assert snapshots(host, HERE) == before
    assert read(host, f"{HERE}/disk0") == "now"
    host.chyves(WEB, "delete", "--yes")
