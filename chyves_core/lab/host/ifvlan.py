"""vlan(4) interfaces: `vlan create vlan 100 vlandev em0` and `em0.100 create`."""

from __future__ import annotations

from chyves_core.lab.home import Lab
from chyves_core.lab.host import interfaces, modules
from chyves_core.lab.host.interfaces import Interface, InterfaceError
from chyves_core.lab.host.state import HostState

CARD_OPTIONS = "4000001<RXCSUM,NOMAP>"
LARGEST_TAG = 4094


class VlanError(Exception):
    """A vlan cannot be made; the text is what ifconfig prints behind its own name."""


def is_vlan(wanted: str, words: list[str]) -> bool:
    """Return whether the name to create is that of a vlan(4) interface."""
    return "." in wanted or interfaces.split_name(wanted)[0] == "vlan"


def create_vlan(
    state: HostState, wanted: str, words: list[str], lab: Lab
) -> tuple[Interface, list[str]]:
    """Make a vlan and return it with the words that are left; raises VlanError."""
    parent, tag, rest = _read_words(wanted, words)
    if not lab.is_root:
        raise InterfaceError("Operation not permitted")
    modules.ensure(state, "if_vlan", lab.freebsd)
    if parent is not None:
        _check(state, wanted, parent, tag)
    if "." in wanted:
        vlan = interfaces.new_interface(state, wanted, "vlan")
        state["interfaces"].append(vlan)
    else:
        vlan = interfaces.create(state, wanted, lab.freebsd)
    vlan.update(parent=None, tag=0, options=interfaces.TAP_OPTIONS)
    if parent is not None and tag is not None:
        _attach(state, vlan, parent, tag)
    return vlan, rest


def _read_words(wanted: str, words: list[str]) -> tuple[str | None, int | None, list[str]]:
    """Return (parent, tag, other words) of a name and the words behind `create`."""
    rest = list(words)
    parent, tag = None, None
    if "." in wanted:
        parent, _, number = wanted.rpartition(".")
        tag = int(number) if number.isdecimal() else 0
    while len(rest) > 1 and rest[0] in ("vlan", "vlandev"):
        word, value = rest.pop(0), rest.pop(0)
        if word == "vlandev":
            parent = value
        elif value.isdecimal():
            tag = int(value)
        else:
            raise VlanError("invalid value for vlan")
    if tag is not None and parent is None:
        raise VlanError("must specify a parent device for vlan create")
    if parent is not None and tag is None:
        raise VlanError("must specify a tag for vlan create")
    return parent, tag, rest


def _check(state: HostState, wanted: str, parent: str, tag: int | None) -> None:
    card = interfaces.find(state, parent)
    if card is None:
        raise InterfaceError("Device not configured")
    if card["kind"] == "bridge":
        raise InterfaceError("Protocol not supported")
    if tag is None or not 1 <= tag <= LARGEST_TAG:
        raise InterfaceError("Invalid argument")
    for other in state["interfaces"]:
        if other.get("parent") == parent and other.get("tag") == tag:
            raise InterfaceError("File exists")


def _attach(state: HostState, vlan: Interface, parent: str, tag: int) -> None:
    """Hang the vlan onto its card: it takes the card's address and, with a card, its MTU."""
    card = interfaces.find(state, parent)
    if card is None:
        return
    is_card = card["kind"] == "nic"
    vlan.update(
        parent=parent,
        tag=tag,
        ether=card.get("ether", vlan["ether"]),
        running=True,
        mtu=card["mtu"] if is_card else card["mtu"] - 4,
        options=CARD_OPTIONS if is_card else interfaces.TAP_OPTIONS,
    )
