"""Networks behind NAT as plans: what is done, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chyves_core.errors import Refused, UsageError
from chyves_core.network.ifconfig import Interface
from chyves_core.network.nat import (
    NatHost,
    check_nat,
    dnsmasq_configuration,
    plan_nat_down,
    plan_nat_up,
    read_nat,
)
from chyves_core.plan import show

UP = frozenset(("UP", "RUNNING"))
EM0 = Interface("em0", UP, 1500, addresses=("192.0.2.10",))
BRIDGE = Interface("bridge1", UP, 1500, "chyves:bridge1", groups=("bridge",))
HOST = NatHost({"em0": EM0}, "em0", False, 'nat-anchor "chyves/*" all\n', True, {})
NAT = read_nat("bridge1", "10.0.0.1/24")
DHCP = read_nat("bridge1", "10.0.0.1/24,dhcp")


def with_bridge(*members: str, addresses: tuple[str, ...] = ()) -> NatHost:
    """The host with bridge1."""
    bridge = Interface("bridge1", UP, 1500, "chyves:bridge1", members, addresses)
    return replace(HOST, interfaces={"em0": EM0, "bridge1": bridge})


def test_the_host_gets_its_address_routes_and_translates() -> None:
    assert show(plan_nat_up(NAT, HOST)) == (
        "# write /var/run/chyves/nat/bridge1.pf (mode 0644)\n"
        "#   # 10.0.0.1/24\n"
        "#   nat on em0 inet from 10.0.0.0/24 to any -> (em0)\n"
        "ifconfig bridge1 inet 10.0.0.1/24 alias\n"
        "sysctl net.inet.ip.forwarding=1\n"
        "pfctl -a chyves/bridge1 -f /var/run/chyves/nat/bridge1.pf\n"
    )


def test_what_is_so_already_is_left_but_rules_are_loaded_each_time() -> None:
    there = replace(with_bridge("tap50", addresses=("10.0.0.1",)), forwards=True)
    assert show(plan_nat_up(NAT, there)).splitlines()[3:] == [
        "pfctl -a chyves/bridge1 -f /var/run/chyves/nat/bridge1.pf"
    ]


def test_a_dnsmasq_serves_each_bridge_and_is_started_anew_where_it_is_to_serve_otherwise() -> None:
    first = show(plan_nat_up(DHCP, HOST))
    assert "#   interface=bridge1\n" in first
    assert "#   dhcp-range=10.0.0.1,10.0.0.254,255.255.255.0,12h\n" in first
    assert first.endswith("dnsmasq -C /var/run/chyves/nat/bridge1.dnsmasq\n")
    text = dnsmasq_configuration(DHCP)
    assert "dnsmasq" not in show(plan_nat_up(DHCP, replace(HOST, served={"bridge1": text})))
    stop = "pkill -x -F /var/run/chyves/nat/bridge1.pid dnsmasq\n"
    assert stop in show(plan_nat_up(DHCP, replace(HOST, served={"bridge1": "other"})))
    assert show(plan_nat_up(NAT, replace(HOST, served={"bridge1": text}))).endswith(stop)
    other = replace(HOST, served={"bridge10": text})
    assert "pkill" not in show(plan_nat_up(DHCP, other))


def test_everything_goes_again_but_forwarding() -> None:
    there = replace(with_bridge("tap50", addresses=("10.0.0.1",)), served={"bridge1": "x"})
    assert show(plan_nat_down("bridge1", there, NAT.address)) == (
        "pkill -x -F /var/run/chyves/nat/bridge1.pid dnsmasq\n"
        "ifconfig bridge1 inet 10.0.0.1 -alias\n"
        "pfctl -a chyves/bridge1 -F nat\n"
        "rm -f /var/run/chyves/nat/bridge1.dnsmasq\n"
        "rm -f /var/run/chyves/nat/bridge1.pid\n"
        "rm -f /var/run/chyves/nat/bridge1.pf\n"
    )
    assert "pfctl" not in show(plan_nat_down("bridge1", replace(HOST, translation=None)))


@pytest.mark.parametrize(
    ("host", "attached", "why"),
    [
        (HOST, "em1", "is attached to em1"),
        (with_bridge("tap50", "em1"), None, "has em1 as a member"),
        (
            replace(HOST, interfaces={"lan": replace(BRIDGE, name="lan")}),
            None,
            "is called lan now",
        ),
        (replace(HOST, uplink=None), None, "no default route"),
        (replace(HOST, translation=None), None, "pf, which is not enabled"),
        (replace(HOST, translation=""), None, "does not look into"),
        (replace(HOST, translation='nat-anchor "chyves/bridge10" all\n'), None, "look into"),
        (replace(HOST, translation='nat-anchor "old-chyves/*" all\n'), None, "look into"),
        (replace(HOST, has_dnsmasq=False), None, "dhcp needs dnsmasq"),
        (
            replace(HOST, interfaces={"em1": replace(EM0, name="em1", addresses=("10.0.0.7",))}),
            None,
            "em1 has 10.0.0.7, in the same network",
        ),
    ],
)
def test_it_is_refused_where_it_cannot_be_or_would_hurt(
    host: NatHost, attached: str | None, why: str
) -> None:
    check_nat(DHCP, HOST, None)
    with pytest.raises(Refused, match=why):
        check_nat(DHCP, host, attached)


def test_two_bridges_cannot_have_networks_that_overlap() -> None:
    with pytest.raises(Refused, match=r"bridge2 has 10\.0\.0\.128/25 already"):
        check_nat(NAT, HOST, None, [NAT, read_nat("bridge2", "10.0.0.129/25")])


@pytest.mark.parametrize(
    "text",
    [
        *("", "10.0.0.1", "10.0.0.0/24", "10.0.0.255/24", "10.0.0.1/31", "10.0.0.1/4"),
        *("fd00::1/64", "10.0.0.1/24,dns", "10.0.0.1/24,dhcp,dhcp", "10.0.0.300/24", "a/24"),
    ],
)
def test_other_values_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_nat("bridge1", text)
