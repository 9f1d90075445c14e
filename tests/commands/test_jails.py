"""`chyves network bridge{n} jail`: vnet jails in the bridges of guests."""

from __future__ import annotations

import json

import pytest

from tests.commands.conftest import interfaces
from tests.commands.whole_guests import own_properties
from tests.conftest import LabHost

ROOT = "zroot/chyves"


@pytest.fixture
def jailed(lab: LabHost) -> LabHost:
    """A lab with the vnet jails www and db, and the jail old, which shares the host's network."""
    for words in ("name=www vnet", "name=db vnet=new", "name=old"):
        lab.run("jail", "-c", *words.split(), "persist")
    return lab


def inside(lab: LabHost, jail: str) -> list[str]:
    """Return the interfaces of a jail."""
    state = json.loads((lab.lab.state / "host.json").read_text())
    return [
        each["name"] for one in state["jails"] if one["name"] == jail for each in one["interfaces"]
    ]


def names(lab: LabHost) -> list[str]:
    """Return the interfaces of the host."""
    return lab.run("ifconfig", "-l").stdout.split()


def test_a_jail_joins_a_bridge_and_leaves_it_with_all_that_was_made(jailed: LabHost) -> None:
    before = interfaces(jailed)
    words = ("network", "bridge1", "jail", "www")
    preview = jailed.output(*words, "-n")
    assert "ifconfig epair50 create description chyves:jail:www:bridge1 up\n" in preview
    assert preview.endswith("ifconfig epair50b vnet www\n# www: is in bridge1")
    assert interfaces(jailed) == before
    assert jailed.output(*words) == "www: is in bridge1"
    assert inside(jailed, "www") == ["epair50b"]
    jailed.chyves("network", "bridge1", "jail", "db")
    assert own_properties(jailed, ROOT)["chyves.global:bridge1_jails"] == "db,www"
    shown = jailed.output("list", "bridges", "-H", "-o", "bridge,member,guest,state")
    assert "bridge1\tepair50a\twww (jail)\tas designed" in shown
    assert "bridge1\tepair51a\tdb (jail)\tas designed" in shown
    calls = len(jailed.commands("ifconfig"))
    jailed.chyves(*words)
    assert {tuple(each[1:]) for each in jailed.commands("ifconfig")[calls:]} == {("-a",)}
    jailed.chyves("network", "bridge1", "unjail", "db")
    assert jailed.chyves("network", "bridge1", "unjail", "db", status=3)
    jailed.chyves("network", "bridge1", "unjail", "www")
    assert interfaces(jailed) == before
    assert "chyves.global:bridge1_jails" not in own_properties(jailed, ROOT)


def test_only_running_vnet_jails_are_taken(jailed: LabHost) -> None:
    before = jailed.everything(), interfaces(jailed)
    for jail, status, said in (
        ("old", 4, "old: is no vnet jail"),
        ("ww", 4, "ww: no jail of this name runs"),
        ("a b", 2, "no jail can have this name"),
    ):
        assert said in jailed.chyves("network", "bridge1", "jail", jail, status=status).stderr
    assert (jailed.everything(), interfaces(jailed)) == before


def test_a_jail_that_starts_again_gets_its_end_back_and_the_hosts_boot_brings_all(
    jailed: LabHost,
) -> None:
    jailed.run("ifconfig", "em1", "mtu", "9000", "up")
    jailed.chyves("network", "bridge1", "attach", "em1")
    for jail in ("www", "db"):
        jailed.chyves("network", "bridge1", "jail", jail)
    assert interfaces(jailed).count("mtu 9000") == 4, "em1, the bridge, and both epairs"
    jailed.run("jail", "-r", "www")
    assert "epair50b" in names(jailed)
    assert "www\tno jail of this name runs" in jailed.chyves("doctor", "-H", status=1).stdout
    done = jailed.chyves("host-boot", "jails", status=4)
    assert done.stderr.startswith("chyves: www: no jail of this name runs")
    jailed.run("jail", "-c", "name=www", "vnet", "persist")
    jailed.forget_commands()
    assert "www\tis not in bridge1 as designed" in jailed.chyves("doctor", "-H", status=1).stdout
    assert len(jailed.commands("ifconfig")) == 1
    jailed.chyves("host-boot", "jails")
    assert inside(jailed, "www") == ["epair50b"]
    # A host that has booted: no bridge, no epair.
    for name in ("epair50a", "epair51a", "bridge1"):
        jailed.run("ifconfig", name, "destroy")
    jailed.chyves("host-boot", "jails")
    assert (inside(jailed, "www"), inside(jailed, "db")) == (["epair51b"], ["epair50b"])
    # By other hands taken out of the design: found, and foreign epairs are left.
    jailed.run("ifconfig", "epair3", "create")
    jailed.chyves("global", "set", "bridge1_jails=db")
    assert "www\tepair51a was made for it" in jailed.chyves("doctor", "-H", status=1).stdout
    jailed.chyves("doctor", "--fix", "-y", status=None)
    assert [name for name in names(jailed) if "epair" in name] == ["epair50a", "epair3b", "epair3a"]


@pytest.mark.parametrize("call", ["ifconfig:3:kill", "ifconfig:3:kill-after", "ifconfig:5:kill"])
def test_what_a_killed_command_left_is_ended_by_the_same_one(jailed: LabHost, call: str) -> None:
    before = interfaces(jailed)
    words = ("network", "bridge1", "jail", "www")
    assert jailed.chyves(*words, status=None, CHYVES_LAB_FAIL=call).returncode
    jailed.chyves(*words)
    assert inside(jailed, "www") == ["epair50b"]
    gone = ("network", "bridge1", "unjail", "www")
    jailed.chyves(*gone, status=None, CHYVES_LAB_FAIL="zfs:2:kill-after")
    jailed.chyves(*gone, status=None)
    assert interfaces(jailed) == before
