"""Files that vm-bhyve keeps: key=value lines as its lib/vm-config reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

YES = ("yes", "y", "on", "1", "true", "t")


def parse(text: str) -> dict[str, str]:
    """Return the values of a file: of lines that begin with a small letter, the first one counts.

    What stands behind # is a comment, also within quotes; double quotes are left out.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line[:1].isascii() or not line[:1].islower():
            continue
        plain = line.partition("#")[0].rstrip(" ").replace('"', "")
        key, equals, value = plain.partition("=")
        if equals:
            found.setdefault(key, value)
    return found


def is_yes(text: str) -> bool:
    """Return whether a value means yes."""
    return text.lower() in YES


def numbered(values: Mapping[str, str], name: str, last: str) -> list[int]:
    """Return the numbers n from 0 on for which there is a value `name{n}last`; a gap ends them."""
    found: list[int] = []
    while values.get(f"{name}{len(found)}{last}"):
        found.append(len(found))
    return found


@dataclass(frozen=True)
class Store:
    """One datastore: its folder, and its dataset where it is one."""

    folder: str
    dataset: str


@dataclass(frozen=True)
class Switch:
    """One virtual switch; `bridge` is set for one of type manual, `nat` by an older vm-bhyve."""

    name: str
    kind: str
    ports: tuple[str, ...]
    vlan: str
    address: str
    mtu: str
    is_private: bool
    bridge: str
    nat: bool = False


def switches(core: Mapping[str, str]) -> list[Switch]:
    """Return the switches of system.conf, in their order."""
    return [
        Switch(
            name,
            core.get(f"type_{name}", "standard"),
            tuple(core.get(f"ports_{name}", "").split()),
            core.get(f"vlan_{name}", ""),
            core.get(f"addr_{name}", ""),
            core.get(f"mtu_{name}", ""),
            is_yes(core.get(f"private_{name}", "")),
            core.get(f"bridge_{name}", ""),
            is_yes(core.get(f"nat_{name}", "")),
        )
        for name in core.get("switch_list", "").split()
    ]
