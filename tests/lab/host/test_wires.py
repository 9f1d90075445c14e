"""Which taps a frame comes to, from what ifconfig has made of the lab's bridges."""

from __future__ import annotations

import socket

from chyves_core.lab.bhyve.wires import Wire, has_uplink, reached_from
from chyves_core.lab.host.interfaces import find
from chyves_core.lab.host.state import HostState, read_host
from tests.conftest import LabHost


def with_taps(lab: LabHost) -> None:
    """Make bridge0 with em0 and three open taps, and bridge1 with one."""
    for tap in range(4):
        lab.run("ifconfig", f"tap{tap}", "create", "up")
    lab.run("ifconfig", "bridge0", "create", "addm", "em0", "addm", "tap0", "up")
    lab.run("ifconfig", "bridge0", "addm", "tap1", "addm", "tap2")
    lab.run("ifconfig", "bridge1", "create", "addm", "tap3", "up")


def opened(lab: LabHost) -> HostState:
    """Return the state of the host, its taps as if guests had them open."""
    state = read_host(lab.lab)
    for tap in range(4):
        (find(state, f"tap{tap}") or {})["opener"] = [1, ""]
    return state


def test_a_frame_comes_to_the_members_of_its_bridge_alone(empty_lab: LabHost) -> None:
    with_taps(empty_lab)
    state = opened(empty_lab)
    assert sorted(reached_from(state, "tap0")) == ["tap1", "tap2"]
    assert reached_from(state, "tap3") == []
    assert has_uplink(state, "tap0") and not has_uplink(state, "tap3")
    empty_lab.run("ifconfig", "bridge0", "deletem", "tap2")
    empty_lab.run("ifconfig", "bridge1", "addm", "tap2")
    assert reached_from(opened(empty_lab), "tap3") == ["tap2"]


def test_private_members_closed_taps_and_bridges_that_are_down_hear_nothing(
    empty_lab: LabHost,
) -> None:
    with_taps(empty_lab)
    empty_lab.run("ifconfig", "bridge0", "private", "tap0", "private", "tap1")
    assert reached_from(opened(empty_lab), "tap0") == ["tap2"]
    assert sorted(reached_from(opened(empty_lab), "tap2")) == ["tap0", "tap1"]
    assert reached_from(read_host(empty_lab.lab), "tap0") == []
    empty_lab.run("ifconfig", "bridge0", "down")
    assert reached_from(opened(empty_lab), "tap0") == []


def test_beside_nat_a_wire_passes_on_only_what_is_from_its_guest_or_for_it(
    empty_lab: LabHost,
) -> None:
    with_taps(empty_lab)
    own, other = bytes([2, 0, 0, 0, 0, 1]), bytes([2, 0, 0, 0, 0, 2])
    wire = Wire(empty_lab.lab, "tap0", "02:00:00:00:00:01")
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))
    listener.settimeout(5)
    wire.others = lambda: [listener.getsockname()[1]]  # type: ignore[method-assign]
    for source in (other, own):
        wire.qemu.send(bytes(6) + source + b"sent")
        wire.send()
    assert listener.recv(100)[6:12] == own

    for target in (other, own, b"\xff" * 6):
        listener.sendto(target + other + b"come", wire.port.getsockname())
    wire.qemu.settimeout(5)
    for _ in range(3):
        wire.receive()
    assert wire.qemu.recv(100)[:6] == own
    assert wire.qemu.recv(100)[:6] == b"\xff" * 6
