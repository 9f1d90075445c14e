"""The plugins in examples/plugins, run in a lab as a user would; and completion in the lab."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from checkout import REPOSITORY

if TYPE_CHECKING:
    from tests.conftest import LabHost

SAME = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def plugins(lab: LabHost, monkeypatch: pytest.MonkeyPatch) -> LabHost:
    """A lab with three guests, two of which a careless copy has given the same UUID."""
    monkeypatch.setenv("CHYVES_LIBEXEC", str(REPOSITORY / "examples" / "plugins"))
    lab.chyves("web1,web2,db", "create")
    lab.run("zfs", "set", f"chyves:uuid={SAME}", guest(lab, "web1"), guest(lab, "db"))
    return lab


def guest(lab: LabHost, name: str) -> str:
    return f"zroot/chyves/guests/{name}"


def test_the_plugin_in_sh_counts_guests(plugins: LabHost) -> None:
    plugins.chyves("web2", "set", "loader=uefi")
    lines = plugins.output("count", "loader").splitlines()
    assert [line.split() for line in lines] == [["2", "bhyveload"], ["1", "uefi"]]
    assert plugins.chyves("count", status=2).stderr.startswith("chyves: count takes one property")


def test_the_plugin_in_python_finds_guests_with_one_uuid(plugins: LabHost) -> None:
    said = plugins.chyves("uuid-check", "-H", status=1)
    assert said.stdout == f"{SAME}\tdb,web1\n"
    said = plugins.chyves("uuid-check", "--json", status=1)
    assert json.loads(said.stdout) == [{"uuid": SAME, "guests": "db,web1"}]
    plugins.run(
        "zfs", "set", "chyves:uuid=22222222-2222-3333-4444-555555555555", guest(plugins, "db")
    )
    assert plugins.chyves("uuid-check", "-H").stdout == ""


def test_plugins_are_listed_explained_and_completed_like_commands(plugins: LabHost) -> None:
    listed = plugins.output("help").partition("\nPlugins\n")[2]
    assert "  count " in listed and "  backup " in listed
    assert plugins.output("help", "count").startswith("Usage: chyves count <property>\n")
    assert plugins.output("complete", "cou") == "count"
    assert plugins.output("complete", "count", "uefi_vnc_p").splitlines()[-1] == "uefi_vnc_port"
    assert plugins.output("complete", "uuid-check", "--j") == "--json"


def test_guests_of_a_lab_are_completed_with_one_zfs_call(plugins: LabHost) -> None:
    plugins.forget_commands()
    assert plugins.output("complete", "we").splitlines() == ["web1", "web2"]
    assert [argv[:2] for argv in plugins.commands()] == [["zfs", "list"]]


@pytest.mark.bench
def test_completing_a_guest_costs_little_more_than_the_zfs_list_it_needs(lab: LabHost) -> None:
    """At most one and a half times as much; the best of ten runs counts for each."""
    zfs_list = "zfs list -H -o name -t filesystem -d 1 tank/chyves/guests zroot/chyves/guests"

    def best_time(*argv: str) -> float:
        times = []
        for _ in range(10):
            started = time.monotonic()
            lab.run(*argv)
            times.append(time.monotonic() - started)
        return min(times)

    alone = best_time(*zfs_list.split())
    assert best_time(str(lab.lab.bin / "chyves"), "complete", "we") <= 1.5 * alone
