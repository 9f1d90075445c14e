"""Real guests on the lab's bridges: who can reach whom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.guest.conftest import Console, GuestHost

pytestmark = pytest.mark.guest


@pytest.fixture
def host(guest_host: GuestHost) -> Iterator[GuestHost]:
    """The lab; whatever still runs when a test ends is killed."""
    yield guest_host
    for guest in guest_host.running():
        guest_host.chyves(guest, "stop", "force", status=None)
        guest_host.wait_until_down(guest)
    guest_host.chyves("global", "unset", "bridge7_phy_attach", status=None)


def answers(console: Console, address: str) -> int:
    """Return how many of two pings to an address are answered."""
    said = console.ask(f"ping -c 2 -W 2 {address}")
    counts = [line for line in said if "packets received" in line]
    assert counts, said
    return int(counts[0].split(", ")[1].split()[0])


def test_guests_on_one_bridge_ping_each_other_and_none_on_another(host: GuestHost) -> None:
    host.chyves("global", "set", "-y", "bridge7_phy_attach=em0")
    host.chyves("near1,near2,far1", "create", "16M")
    host.chyves("near1,near2,far1", "set", "ram=256M", "loader=grub-bhyve")
    taps = {
        name: host.output(name, "get", "-H", "-o", "value", "net_ifaces")
        for name in ("near1", "near2", "far1")
    }
    host.chyves("near1", "set", f"{taps['near1']}_bridge=bridge6")
    host.chyves("near2", "set", f"{taps['near2']}_bridge=bridge6")
    host.chyves("far1", "set", f"{taps['far1']}_bridge=bridge7")
    host.chyves("near1,near2,far1", "start", "guest.iso")
    consoles = {name: host.console(name) for name in taps}
    for number, console in enumerate(consoles.values(), 1):
        console.wait_for_prompt()
        console.ask(f"ifconfig eth0 10.0.2.{200 + number} up")

    assert answers(consoles["near1"], "10.0.2.202") == 2
    assert answers(consoles["near2"], "10.0.2.201") == 2
    assert answers(consoles["near1"], "10.0.2.203") == 0
    assert answers(consoles["far1"], "10.0.2.2") == 2, "its bridge leads out of the host"
    assert answers(consoles["near1"], "10.0.2.2") == 0, "theirs does not"

    host.run("ifconfig", "bridge7", "deletem", taps["far1"])
    host.run("ifconfig", "bridge6", "addm", taps["far1"])
    assert answers(consoles["far1"], "10.0.2.201") == 2
    for console in consoles.values():
        console.leave()
