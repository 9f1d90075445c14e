"""Read the host's interfaces: the output of ifconfig(8), as FreeBSD prints it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from chyves_core.host import Host

FIRST_LINE = re.compile(r"^(\S+): flags=[0-9a-f]+<([^>]*)>(?:.*? mtu (\d+))?")


@dataclass(frozen=True)
class Interface:
    """One interface of the host; `opened_by` is the process that has a tap open, 0 for none.

    A vlan has the `tag` of its frames and the `parent` that carries them.
    """

    name: str
    flags: frozenset[str]
    mtu: int
    description: str = ""
    members: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    opened_by: int = 0
    groups: tuple[str, ...] = ()
    tag: int = 0
    parent: str = ""

    @property
    def is_up(self) -> bool:
        """Whether the interface is up."""
        return "UP" in self.flags

    @property
    def is_bridge(self) -> bool:
        """Whether it is a bridge, whatever it is called."""
        return "bridge" in self.groups or re.fullmatch(r"bridge\d+", self.name) is not None


@dataclass
class Draft:
    """What has been read of one interface so far."""

    name: str
    flags: frozenset[str]
    mtu: int
    description: str = ""
    members: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    opened_by: int = 0
    groups: list[str] = field(default_factory=list)
    tag: int = 0
    parent: str = ""


def read_interfaces(host: Host) -> dict[str, Interface]:
    """Return every interface of the host by name, with one ifconfig call."""
    return parse_ifconfig(host.read("ifconfig", "-a").stdout)


def parse_ifconfig(output: str) -> dict[str, Interface]:
    """Return the interfaces in the output of `ifconfig -a` by name."""
    drafts: list[Draft] = []
    for line in output.splitlines():
        found = FIRST_LINE.match(line)
        if found:
            flags = frozenset(found.group(2).split(","))
            drafts.append(Draft(found.group(1), flags, int(found.group(3) or 1500)))
        elif drafts:
            read_detail(drafts[-1], line.strip())
    return {draft.name: finish(draft) for draft in drafts}


def read_detail(draft: Draft, line: str) -> None:
    """Add what one indented line says of an interface."""
    key, _, rest = line.partition(" ")
    if key == "description:":
        draft.description = rest
    elif key == "member:":
        draft.members.append(rest.split(" ")[0])
    elif key in ("inet", "inet6"):
        draft.addresses.append(rest.split(" ")[0])
    elif key == "groups:":
        draft.groups += rest.split()
    elif key == "vlan:":
        found = re.match(r"(\d+) .*parent interface: (\S+)", rest)
        if found and found.group(2) != "<none>":
            draft.tag, draft.parent = int(found.group(1)), found.group(2)
    elif key == "Opened":
        draft.opened_by = int(rest.rsplit(" ", 1)[-1])


def finish(draft: Draft) -> Interface:
    """Return the interface that was read."""
    return Interface(
        draft.name,
        draft.flags,
        draft.mtu,
        draft.description,
        tuple(draft.members),
        tuple(draft.addresses),
        draft.opened_by,
        tuple(draft.groups),
        draft.tag,
        draft.parent,
    )


def bridge_of(interfaces: Iterable[Interface], member: str) -> str | None:
    """Return the bridge that an interface is a member of, None where it is in none."""
    return next((each.name for each in interfaces if member in each.members), None)
