"""What the lab's host remembers between two commands: modules, sysctls, interfaces."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from chyves_core.lab.home import Lab

HostState = dict[str, Any]

NIC_OPTIONS = (
    "481209b<RXCSUM,TXCSUM,VLAN_MTU,VLAN_HWTAGGING,VLAN_HWCSUM,WOL_MAGIC,VLAN_HWFILTER,NOMAP>"
)
LOOPBACK_OPTIONS = "680003<RXCSUM,TXCSUM,LINKSTATE,RXCSUM_IPV6,TXCSUM_IPV6>"


def first_state() -> HostState:
    """Return the state of a host that was just switched on: em0 with an address, em1, lo0."""
    return {
        "modules": ["zfs.ko", "xdr.ko"],
        "sysctl": {},
        "interfaces": [
            network_card("em0", 1, "58:9c:fc:00:ff:01", inet="192.0.2.10/24", up=True),
            network_card("em1", 2, "58:9c:fc:00:ff:02"),
            loopback(3),
        ],
        "passthru": [],
    }


def network_card(
    name: str, index: int, ether: str, *, inet: str | None = None, up: bool = False
) -> dict[str, Any]:
    """Return an interface of a real card, as `interfaces.new_interface` makes the others."""
    return {
        "name": name,
        "kind": "nic",
        "index": index,
        "up": up,
        "running": up,
        "mtu": 1500,
        "ether": ether,
        "options": NIC_OPTIONS,
        "addresses": [ip_address(inet)] if inet else [],
        "groups": [],
        "media": "Ethernet autoselect (1000baseT <full-duplex>)",
        "status": "active",
    }


def loopback(index: int) -> dict[str, Any]:
    """Return lo0 with its usual addresses."""
    return {
        "name": "lo0",
        "kind": "lo",
        "index": index,
        "up": True,
        "running": True,
        "mtu": 16384,
        "options": LOOPBACK_OPTIONS,
        "addresses": [ip_address(text) for text in ("::1/128", "fe80::1%lo0/64", "127.0.0.1/8")],
        "groups": ["lo"],
    }


def ip_address(text: str) -> dict[str, Any]:
    """Return `192.0.2.10/24` as an address of an interface."""
    address, _, prefix = text.partition("/")
    return {
        "family": "inet6" if ":" in address else "inet",
        "address": address,
        "prefix": int(prefix),
    }


def read_host(lab: Lab) -> HostState:
    """Return the host's state; changes to it are not kept."""
    return lab.read_state("host", {}) or first_state()


@contextlib.contextmanager
def change_host(lab: Lab) -> Iterator[HostState]:
    """Yield the host's state for changing; it is written when the block ends without an error."""
    with lab.lock("host"):
        state = read_host(lab)
        before = json.dumps(state)
        yield state
        if json.dumps(state) != before or not (lab.state / "host.json").exists():
            lab.write_state("host", state)
