"""What differs from release to release: from the manual pages and from reference captures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import LabHost, make_lab


@pytest.fixture
def old_host(tmp_path: Path) -> LabHost:
    return make_lab(tmp_path / "old", freebsd="12.4", pools=())


@pytest.fixture
def new_host(tmp_path: Path) -> LabHost:
    return make_lab(tmp_path / "new", freebsd="15.0", pools=())


def test_uname_and_osreldate_follow_the_release(old_host: LabHost, new_host: LabHost) -> None:
    assert old_host.run("uname", "-r").stdout == "12.4-RELEASE\n"
    assert new_host.run("sysctl", "-n", "kern.osreldate").stdout == "1500000\n"


def test_tap_is_a_module_of_its_own_up_to_12(old_host: LabHost, new_host: LabHost) -> None:
    """osreldate 1300029: if_tap and if_tun became if_tuntap."""
    old_host.run("kldload", "if_tap")
    assert "if_tap.ko" in old_host.run("kldstat").stdout
    old_host.run("kldload", "if_tuntap", status=1)
    new_host.run("kldload", "if_tuntap")
    assert "module already loaded" in new_host.run("kldload", "if_tap", status=1).stderr


def test_a_guest_of_an_old_host_has_at_most_16_cpus(old_host: LabHost, new_host: LabHost) -> None:
    """reference: hw.vmm.maxcpu is 16 up to 13.1, the number of CPUs from then on."""
    old_host.run("kldload", "vmm")
    new_host.run("kldload", "vmm")
    assert old_host.run("sysctl", "-n", "hw.vmm.maxcpu").stdout == "16\n"
    cpus = new_host.run("sysctl", "-n", "hw.ncpu").stdout
    assert new_host.run("sysctl", "-n", "hw.vmm.maxcpu").stdout == cpus


def test_a_card_with_an_address_in_a_bridge_is_deprecated_in_15(new_host: LabHost) -> None:
    """if_bridge(4) of 15: a warning, or EINVAL with net.link.bridge.member_ifaddrs=0."""
    new_host.run("ifconfig", "bridge0", "create")
    new_host.run("ifconfig", "bridge0", "addm", "em0")
    log = (new_host.root / "var/log/messages").read_text()
    assert "Adding member interface em0 which has an IP address" in log
    new_host.run("ifconfig", "bridge0", "deletem", "em0")
    new_host.run("sysctl", "net.link.bridge.member_ifaddrs=0")
    refused = new_host.run("ifconfig", "bridge0", "addm", "em0", status=1)
    assert refused.stderr == "ifconfig: BRDGADD em0: Invalid argument\n"
    new_host.run("ifconfig", "bridge0", "addm", "em1")


def test_names_of_vms_may_be_longer_from_13_on(old_host: LabHost, new_host: LabHost) -> None:
    """sys/dev/vmm: 37 bytes in 12, 229 from 13 on."""
    for host in (old_host, new_host):
        host.run("kldload", "vmm")
    assert old_host.run("bhyvectl", "--create", f"--vm={'n' * 38}", status=255).returncode
    old_host.run("bhyvectl", "--create", f"--vm={'n' * 37}")
    new_host.run("bhyvectl", "--create", f"--vm={'n' * 229}")


def test_starting_addresses_of_the_host_are_shown(new_host: LabHost) -> None:
    assert "inet 192.0.2.10 netmask 0xffffff00" in new_host.run("ifconfig", "em0").stdout
    assert new_host.run("ifconfig", "-l").stdout == "em0 em1 lo0\n"


def test_flags_say_lower_up_from_14_on(old_host: LabHost, new_host: LabHost) -> None:
    """Not from a capture: ifconfig of 14 and later shows the link state as a flag."""
    flags = "UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST"
    assert f"<{flags}>" in old_host.run("ifconfig", "em0").stdout
    assert f"<{flags},LOWER_UP>" in new_host.run("ifconfig", "em0").stdout


def test_netstat_and_route_ask_by_netlink_from_14_on(old_host: LabHost, new_host: LabHost) -> None:
    """Source of 14: usr.bin/netstat/route_netlink.c and sbin/route/route_netlink.c."""
    for host, link in ((old_host, "link#1"), (new_host, "link#3")):
        rows = [line.split() for line in host.run("netstat", "-rn").stdout.splitlines()]
        assert ["192.0.2.10", link, "UHS", "lo0"] in rows
        assert ["default", "192.0.2.1", "UGS", "em0"] in rows
        assert "  interface: em0\n" in host.run("route", "-n", "get", "default").stdout
        host.run("sysrc", "-x", "defaultrouter")
    gone = old_host.run("route", "-n", "get", "default", status=1)
    assert gone.stderr == "route: route has not been found\n"
    gone = new_host.run("route", "-n", "get", "default")
    assert gone.stderr.startswith("route: route has not been found: ") and not gone.stdout
