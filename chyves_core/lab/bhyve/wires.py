"""What leaves a tap: frames go from one real guest to the others on the same bridge of the lab.

There is no switch and no process of its own. Each bhyve holds the wire of each of its taps: a
pair of sockets to its QEMU, and a UDP socket on 127.0.0.1 whose port stands in `run/wires/TAP`.
A frame that its guest sends goes to every other member of the bridge, as the lab's ifconfig has
it by then. What a bridge's uplink leads to is QEMU's own NAT, for each guest its own: so NAT must
neither hear the other guests nor talk to them, and frames are told apart by their addresses.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from chyves_core.lab.home import Lab
from chyves_core.lab.host.ifbridge import PRIVATE
from chyves_core.lab.host.interfaces import TAPS, bridge_of, find, read_interfaces
from chyves_core.lab.host.state import HostState

LOCALHOST = "127.0.0.1"
LARGEST_FRAME = 65536
LOOK_AGAIN = 0.5
"""Seconds after which a wire looks again who else is on its bridge."""


class Wire:
    """The wire of one tap; `mac` is the address of the guest's card."""

    def __init__(self, lab: Lab, tap: str, mac: str) -> None:
        self.lab = lab
        self.tap = tap
        self.mac = bytes(int(byte, 16) for byte in mac.split(":"))
        self.outside = has_uplink(read_interfaces(lab), tap)
        self.card, self.qemu = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port.bind((LOCALHOST, 0))
        for end in (self.card, self.port):
            end.setblocking(False)
        self._others: list[int] = []
        self._looked_at = 0.0
        file = port_file(lab, tap)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_text(str(self.port.getsockname()[1]))
        os.replace(draft, file)

    def send(self) -> None:
        """Pass on a frame that the guest has sent; one that is lost is lost, as on any network."""
        frame = self.card.recv(LARGEST_FRAME)
        if self.outside and frame[6:12] != self.mac:
            return
        for port in self.others():
            with contextlib.suppress(OSError):
                self.port.sendto(frame, (LOCALHOST, port))

    def receive(self) -> None:
        """Hand a frame to the guest where it is for it, or for all."""
        frame = self.port.recv(LARGEST_FRAME)
        if not self.outside or frame[:6] == self.mac or is_for_all(frame):
            with contextlib.suppress(OSError):
                self.card.send(frame)

    def others(self) -> list[int]:
        """Return the ports of the wires on the same bridge, as they were a moment ago."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_AGAIN:
            self._others = [
                int(text)
                for tap in reached_from(read_interfaces(self.lab), self.tap)
                if (text := read_port(self.lab, tap))
            ]
            self._looked_at = now
        return self._others


def is_for_all(frame: bytes) -> bool:
    """Return whether a frame is a broadcast or multicast."""
    return bool(frame) and bool(frame[0] & 1)


def port_file(lab: Lab, tap: str) -> Path:
    """Return the file that holds the port of a tap's wire."""
    return lab.run / "wires" / tap


def read_port(lab: Lab, tap: str) -> str:
    """Return the port of a tap's wire, empty where it has none."""
    try:
        return port_file(lab, tap).read_text()
    except FileNotFoundError:
        return ""


def has_uplink(state: HostState, tap: str) -> bool:
    """Return whether a tap's bridge has a member that leads out of the host."""
    bridge = bridge_of(state, tap)
    members = [find(state, port["name"]) for port in bridge["members"]] if bridge else []
    return any(member is not None and member["kind"] not in TAPS for member in members)


def reached_from(state: HostState, tap: str) -> list[str]:
    """Return the open taps that a frame from a tap comes to: if_bridge(4) with no address learnt.

    Two members that are both `private` do not hear each other.
    """
    bridge = bridge_of(state, tap)
    own = find(state, tap)
    if bridge is None or not bridge["up"] or own is None or not own["up"]:
        return []
    flags = {port["name"]: port["flags"] for port in bridge["members"]}
    reached = []
    for name in flags:
        other = find(state, name)
        both_private = flags.get(tap, 0) & flags[name] & PRIVATE
        if name != tap and other and other.get("opener") and other["up"] and not both_private:
            reached.append(name)
    return reached


def carry(wires: Iterable[Wire]) -> threading.Thread:
    """Carry frames over the wires until this process ends."""
    thread = threading.Thread(target=_carry, args=(list(wires),), daemon=True)
    thread.start()
    return thread


def hang_up(wires: Iterable[Wire]) -> None:
    """Let no other wire find these any more; their sockets end with this process."""
    for wire in wires:
        port_file(wire.lab, wire.tap).unlink(missing_ok=True)


def _carry(wires: list[Wire]) -> None:
    ends = {wire.card: wire.send for wire in wires} | {wire.port: wire.receive for wire in wires}
    while True:
        ready, _, _ = select.select(list(ends), [], [])
        for end in ready:
            with contextlib.suppress(OSError):
                ends[end]()
