"""Hosts whose bridges, uplinks and taps are not as a guest's network was designed."""

from __future__ import annotations

from chyves_core.network.design import Vlan
from chyves_core.network.ifconfig import Interface
from tests.golden.case import EM0, UP, Case

NOT_UP = frozenset(("BROADCAST",))
EM1 = Interface("em1", UP, 1500)
EM1_DOWN = Interface("em1", NOT_UP, 1500)
OWN_TAP = Interface("tap50", UP, 1500, "chyves:web1:tap50", groups=("tap",))
OTHER_TAP = Interface("tap60", UP, 1500, "chyves:web2:tap60", opened_by=12, groups=("tap",))
TO_EM1 = {"bridge0": "em1"}
TO_VLAN = {"bridge0": "vlan7"}
VLAN = {"vlan7": Vlan("vlan7", 7, "em1")}


def own_bridge(*members: str, name: str = "bridge0", mtu: int = 1500) -> Interface:
    """Return bridge0 as chyves has made it."""
    return Interface(name, UP, mtu, "chyves:bridge0", members, groups=("bridge",))


NETWORK_CASES = {
    "uplink-has-left-its-bridge": Case(
        bridges=TO_EM1, interfaces=(EM1_DOWN, OTHER_TAP, own_bridge("tap60"))
    ),
    "uplink-is-in-another-bridge": Case(
        bridges=TO_EM1, interfaces=(EM1, Interface("bridge9", UP, 1500, members=("em1",)))
    ),
    "uplink-has-another-mtu-than-the-bridge": Case(
        bridges=TO_EM1, interfaces=(Interface("em1", UP, 9000), OTHER_TAP, own_bridge("tap60"))
    ),
    "uplink-gives-an-empty-bridge-its-mtu": Case(
        bridges=TO_EM1, interfaces=(Interface("em1", UP, 9000), own_bridge())
    ),
    "uplink-has-an-address-that-no-member-may-have": Case(
        bridges={"bridge0": "em0"}, interfaces=(EM0,), members_have_addresses=False
    ),
    "vlan-is-made-and-its-parent-comes-up": Case(
        bridges=TO_VLAN, vlans=VLAN, interfaces=(EM1_DOWN,)
    ),
    "vlan-of-another-name-is-made": Case(
        bridges={"bridge0": "lan7"}, vlans={"lan7": Vlan("lan7", 7, "em1")}, interfaces=(EM1,)
    ),
    "vlan-is-there-and-its-parent-is-down": Case(
        bridges={"bridge0": "em1.7"},
        interfaces=(EM1_DOWN, Interface("em1.7", UP, 1500, tag=7, parent="em1")),
    ),
    "vlan-whose-parent-has-vanished": Case(bridges=TO_VLAN, vlans=VLAN),
    "vlan-that-is-another-one": Case(
        bridges=TO_VLAN,
        vlans=VLAN,
        interfaces=(EM1, Interface("vlan7", UP, 1500, tag=8, parent="em1")),
    ),
    "vlan-that-has-another-name": Case(
        bridges=TO_VLAN,
        vlans=VLAN,
        interfaces=(EM1, Interface("em1.7", UP, 1500, tag=7, parent="em1")),
    ),
    "vlan-of-chyves-goes-with-its-bridge": Case(
        bridges=TO_VLAN,
        vlans=VLAN,
        interfaces=(
            EM1,
            OWN_TAP,
            Interface("vlan7", UP, 1500, "chyves:vlan7", groups=("vlan",), tag=7, parent="em1"),
            own_bridge("tap50", "vlan7"),
        ),
    ),
    "bridge-has-another-name-now": Case(interfaces=(own_bridge(name="lan"),)),
    "bridge-of-a-jail-stays": Case(
        interfaces=(
            OWN_TAP,
            Interface("e0b_www", UP, 1500, groups=("epair",)),
            own_bridge("tap50", "e0b_www"),
        )
    ),
    "bridge-with-an-address-stays": Case(
        interfaces=(
            OWN_TAP,
            Interface(
                *("bridge0", UP, 1500, "chyves:bridge0", ("tap50",), ("10.0.0.1",)),
                groups=("bridge",),
            ),
        )
    ),
    "tap-has-another-name-now": Case(
        interfaces=(
            Interface("vm-net", UP, 1500, "chyves:web1:tap50", groups=("tap",)),
            own_bridge("vm-net"),
        )
    ),
    "tap-has-the-wrong-mtu": Case(
        interfaces=(
            Interface("tap50", UP, 1500, "chyves:web1:tap50"),
            Interface("bridge0", UP, 9000, members=("tap50", "em1")),
        )
    ),
    "tap-of-others-in-the-right-bridge": Case(
        interfaces=(
            Interface("tap50", NOT_UP, 1500),
            Interface("bridge0", UP, 1500, members=("tap50",)),
        )
    ),
    "tap-of-others-in-another-bridge": Case(
        interfaces=(
            Interface("tap50", UP, 1500),
            Interface("bridge7", UP, 1500, members=("tap50",)),
        )
    ),
    "tap-that-the-guest-has-no-more": Case(
        interfaces=(
            Interface("tap51", UP, 1500, "chyves:web1:tap51", groups=("tap",)),
            own_bridge("tap51"),
        )
    ),
    "system-mode-names-all-that-lacks": Case(
        automatic=False,
        properties={"net_ifaces": "tap50,tap51", "tap51_bridge": "bridge1"},
        interfaces=(Interface("tap51", UP, 1500), Interface("bridge1", NOT_UP, 1500)),
    ),
}
