"""Numbers and addresses that no two guests may share: taps, nmdm, VNC ports, UUIDs, MACs.

Whoever takes one holds the lock `locks.NUMBERING` from reading to writing.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX
from chyves_core.host import Host
from chyves_core.network.netgraph import FIRST_PORT
from chyves_core.pools import Storage

# The addresses that the FreeBSD Foundation set aside for bhyve; bhyve(8), virtio-net.
BHYVE_OUI = "58:9c:fd"


@dataclass
class Taken:
    """All that is in use on this host, by guests that are active or not, and by others."""

    taps: set[int] = field(default_factory=set)
    nmdms: set[int] = field(default_factory=set)
    ports: set[int] = field(default_factory=set)
    uuids: set[str] = field(default_factory=set)
    macs: set[str] = field(default_factory=set)
    vales: set[str] = field(default_factory=set)

    def next_tap(self, start: int) -> str:
        """Take and return the first free tap from `start` on."""
        return f"tap{take(self.taps, start, 32767, 'tap')}"

    def next_vale(self, switch: str) -> str:
        """Take and return the first free port of a switch; those before are netgraph's uplink."""
        first = FIRST_PORT if switch.startswith("netgraph") else 0
        name = next(name for port in count(first) if (name := f"{switch}:{port}") not in self.vales)
        self.vales.add(name)
        return name

    def next_nmdm(self, start: int) -> str:
        """Take and return the first free nmdm from `start` on."""
        return f"nmdm{take(self.nmdms, start, 65535, 'nmdm')}"

    def next_port(self, start: int) -> str:
        """Take and return the first free VNC port from `start` on."""
        return str(take(self.ports, start, 65535, "VNC port"))

    def new_uuid(self) -> str:
        """Take and return a UUID that no guest has."""
        while (candidate := str(uuid.uuid4())) in self.uuids:
            pass
        self.uuids.add(candidate)
        return candidate

    def new_mac(self) -> str:
        """Take and return an Ethernet address, of bhyve's own range, that no guest has."""
        while True:
            tail = secrets.token_hex(3)
            candidate = f"{BHYVE_OUI}:{tail[0:2]}:{tail[2:4]}:{tail[4:6]}"
            if candidate not in self.macs:
                self.macs.add(candidate)
                return candidate


def new_serial() -> str:
    """Return a serial number for a new disk; ATA and virtio disks show 20 characters of it."""
    return f"CHY{secrets.token_hex(6).upper()}"


def take(taken: set[int], start: int, last: int, what: str) -> int:
    """Return the first number from `start` on that is not taken, and take it."""
    for number in range(start, last + 1):
        if number not in taken:
            taken.add(number)
            return number
    raise Refused(f"no {what} is free from {start} on")


def read_taken(host: Host, storage: Storage) -> Taken:
    """Return what the guests of all layouts have, and the taps and nmdms that stand on the host."""
    taken = Taken()
    for dataset in storage.datasets.values():
        add_guest(taken, dataset.own_with_prefix(GUEST_PREFIX))
    interfaces = host.read("ifconfig", "-l").stdout.split()
    taken.taps |= set(numbers("tap", interfaces))
    # Listing /dev is harmless; asking for one nmdm by name would make it (captures host).
    nodes = [name[:-1] for name in host.list_folder("/dev") if name[-1:] in ("A", "B")]
    taken.nmdms |= set(numbers("nmdm", nodes))
    return taken


def add_guest(taken: Taken, properties: dict[str, str]) -> None:
    """Add what the properties of one guest take."""
    interfaces = properties.get("net_ifaces", "").split(",")
    taken.taps |= set(numbers("tap", interfaces))
    taken.vales |= {name for name in interfaces if name.startswith(("vale", "netgraph"))}
    taken.nmdms |= set(numbers("nmdm", [properties.get("serial", "")]))
    port = properties.get("uefi_vnc_port", "")
    taken.ports |= set(numbers("", [port]))
    taken.uuids.add(properties.get("uuid", "").lower())
    for name, value in properties.items():
        if name.endswith("_mac"):
            taken.macs.add(value.lower())


def numbers(base: str, names: Iterable[str]) -> list[int]:
    """Return the n of all names that are exactly base{n}."""
    found = (re.fullmatch(rf"{base}([0-9]{{1,9}})", name) for name in names)
    return [int(match.group(1)) for match in found if match]
