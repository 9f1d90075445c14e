"""Guests behind NAT: from the property to pf's rules and dnsmasq, and away again."""

from __future__ import annotations

import pytest

from chyves_core.errors import Refused, UsageError
from chyves_core.host import Host
from chyves_core.network.nat_use import nat_command
from tests.commands.conftest import ended, stop, until
from tests.conftest import LabHost


@pytest.fixture
def host(guest: LabHost, monkeypatch: pytest.MonkeyPatch) -> Host:
    """The host of the lab with web1 on bridge1, as a command sees it; pf looks into our rules."""
    for name in ("CHYVES_LAB", "PATH"):
        monkeypatch.setenv(name, guest.environment()[name])
    guest.chyves("web1", "set", "tap50_bridge=bridge1")
    conf = guest.root / "etc/pf.conf"
    conf.write_text('nat-anchor "chyves/*"\npass all\n')
    guest.run("pfctl", "-e", "-f", "/etc/pf.conf")
    return Host()


def rules(lab: LabHost) -> str:
    """Return the rules of bridge1's anchor."""
    return lab.run("pfctl", "-a", "chyves/bridge1", "-s", "nat").stdout


def dnsmasqs(lab: LabHost) -> list[str]:
    """Return the numbers of the running dnsmasqs."""
    return lab.run("pgrep", "-x", "dnsmasq", status=None).stdout.split()


def test_nat_comes_with_the_first_guest_and_goes_with_the_bridge(
    guest: LabHost, host: Host
) -> None:
    told = nat_command(host, ["bridge1", "nat", "10.0.0.1/24", "dhcp"])
    assert told == "bridge1: 10.0.0.0/24 behind NAT"
    assert guest.output("global", "get", "-H", "bridge1_nat") == "10.0.0.1/24,dhcp"
    assert rules(guest) == ""
    preview = guest.output("web1", "start", "-n", "os.iso")
    assert "sysctl net.inet.ip.forwarding=1" in preview
    assert "nat on em0 inet from 10.0.0.0/24 to any -> (em0)" in preview
    guest.chyves("web1", "start", "os.iso")
    assert rules(guest) == "nat on em0 inet from 10.0.0.0/24 to any -> (em0) round-robin\n"
    assert "inet 10.0.0.1 netmask 0xffffff00" in guest.run("ifconfig", "bridge1").stdout
    assert guest.run("sysctl", "-n", "net.inet.ip.forwarding").stdout == "1\n"
    assert len(dnsmasqs(guest)) == 1
    stop(guest, "web1", "stop", "force")
    until(lambda: ended(guest, "web1"))
    assert rules(guest) == ""
    until(lambda: not dnsmasqs(guest))
    assert list((guest.root / "var/run/chyves/nat").iterdir()) == []
    assert (guest.root / "var/db/chyves.bridge1.leases").exists(), "guests keep their addresses"


def test_a_bridge_that_is_there_changes_at_once(guest: LabHost, host: Host) -> None:
    guest.chyves("web1", "start", "os.iso")
    nat_command(host, ["bridge1", "nat", "10.0.0.1/24", "dhcp"])
    first = dnsmasqs(guest)
    assert "from 10.0.0.0/24" in rules(guest) and len(first) == 1
    nat_command(host, ["bridge1", "nat", "10.7.0.1/16"])
    shown = guest.run("ifconfig", "bridge1").stdout
    assert "inet 10.7.0.1 " in shown and "10.0.0.1" not in shown
    assert "from 10.7.0.0/16" in rules(guest)
    until(lambda: not dnsmasqs(guest))
    nat_command(host, ["bridge1", "nat", "off"])
    assert rules(guest) == "" and "inet " not in guest.run("ifconfig", "bridge1").stdout
    assert "bridge1_nat" not in guest.output("list", "global", "-H")
    assert nat_command(host, ["bridge1", "nat", "off"]) == "bridge1: is not behind NAT"


def test_nothing_starts_where_nat_cannot_be(guest: LabHost, host: Host) -> None:
    nat_command(host, ["bridge1", "nat", "10.0.0.1/24"])
    guest.run("pfctl", "-d")
    done = guest.chyves("web1", "start", "os.iso", status=4)
    assert "bridge1: NAT needs pf, which is not enabled" in done.stderr
    assert 'nat-anchor "chyves/*" in /etc/pf.conf' in done.stderr
    assert "bridge1" not in guest.run("ifconfig", "-l").stdout
    guest.run("pfctl", "-e")
    done = guest.chyves("global", "set", "bridge1_phy_attach=em1", status=4)
    assert "bridge1: is behind NAT, which is for private bridges" in done.stderr
    assert "is behind NAT" in guest.chyves("network", "bridge1", "attach", "em1", status=4).stderr
    guest.run("zfs", "set", "chyves.global:bridge1_phy_attach=em0", "zroot/chyves")
    done = guest.chyves("web1", "start", "os.iso", status=4)
    assert "bridge1: is attached to em0, NAT is for private bridges" in done.stderr


def test_what_cannot_be_is_not_set(guest: LabHost, host: Host) -> None:
    before = guest.everything()
    (guest.lab.bin / "dnsmasq").unlink()
    with pytest.raises(Refused, match="dhcp needs dnsmasq") as refused:
        nat_command(host, ["bridge1", "nat", "10.0.0.1/24", "dhcp"])
    assert refused.value.hint == "pkg install dnsmasq"
    with pytest.raises(Refused, match=r"em0 has 192\.0\.2\.10, in the same network"):
        nat_command(host, ["bridge1", "nat", "192.0.2.1/24"])
    for words in (["bridge1"], ["bridge1", "nat"], ["web1", "nat", "off"], ["bridge1", "nat", "x"]):
        with pytest.raises(UsageError):
            nat_command(host, words)
    nat_command(Host(dry_run=True), ["bridge1", "nat", "10.0.0.1/24"])
    assert guest.everything() == before
    assert guest.chyves("global", "set", "bridge1_nat=10.0.0.0/24", status=2).stderr


def test_nat_that_fails_half_way_leaves_nothing(guest: LabHost, host: Host) -> None:
    nat_command(host, ["bridge1", "nat", "10.0.0.1/24", "dhcp"])
    done = guest.chyves("web1", "start", "os.iso", status=1, CHYVES_LAB_FAIL="dnsmasq:1:fail")
    assert "dnsmasq" in done.stderr
    assert rules(guest) == "" and "bridge1" not in guest.run("ifconfig", "-l").stdout


@pytest.mark.parametrize("when", ["kill", "kill-after"])
def test_a_start_that_was_killed_in_it_is_made_good_by_the_next(
    guest: LabHost, host: Host, when: str
) -> None:
    nat_command(host, ["bridge1", "nat", "10.0.0.1/24"])
    guest.forget_commands()
    # Twice two calls look, and two more, before the rules are loaded.
    guest.chyves("web1", "start", "os.iso", status=-9, CHYVES_LAB_FAIL=f"pfctl:7:{when}")
    loaded = [argv for argv in guest.commands("pfctl") if "-f" in argv]
    assert len(loaded) == (when == "kill-after")
    guest.chyves("web1", "start", "os.iso")
    assert "from 10.0.0.0/24" in rules(guest)
    stop(guest, "web1", "stop", "force")
    until(lambda: ended(guest, "web1"))
    assert rules(guest) == ""
