"""Plan the taps and bridges of a guest: pure, from its properties and what the host has.

What chyves makes carries a description, `chyves:GUEST:tap50` or `chyves:bridge0`, and only that
is ever taken away again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.network.ifconfig import Interface, bridge_of
from chyves_core.plan import Plan, Step, run
from chyves_core.settings import Settings

DEFAULT_MTU = 1500
MARK = "chyves:"


@dataclass(frozen=True)
class Design:
    """How networks are to be made: by chyves or not, and what each bridge is attached to."""

    automatic: bool
    attached: Mapping[str, str]

    @classmethod
    def from_settings(cls, settings: Settings) -> Design:
        """Return the design that the global properties hold."""
        attached = {
            name.removesuffix("_phy_attach"): value
            for name, value in settings.own.items()
            if name.endswith("_phy_attach")
        }
        return cls(settings["network_design_mode"] == "auto", attached)

    def uplink(self, bridge: str) -> str | None:
        """Return the interface that a bridge is attached to, None for a private one."""
        interface = self.attached.get(bridge, "private")
        return None if interface == "private" else interface


def tap_mark(guest: str, tap: str) -> str:
    """Return the description of a guest's tap."""
    return f"{MARK}{guest}:{tap}"


def bridge_mark(bridge: str) -> str:
    """Return the description of a bridge that chyves has made."""
    return f"{MARK}{bridge}"


def plan_up(guest: Guest, design: Design, interfaces: Mapping[str, Interface]) -> Plan:
    """Return the steps that bring a guest's taps up in their bridges; none where all is well.

    Raises Refused for a tap that something else uses, a missing uplink, and, in system mode,
    for whatever is missing.
    """
    steps: list[Step] = []
    made: dict[str, int] = {}
    for tap in guest.interfaces:
        if not tap.startswith("tap"):
            continue
        bridge = guest.properties.get(f"{tap}_bridge", "")
        mtu = DEFAULT_MTU
        if bridge:
            mtu = made[bridge] if bridge in made else bridge_mtu(bridge, design, interfaces)
            if bridge not in interfaces and bridge not in made:
                steps += new_bridge(guest, bridge, design, interfaces)
            elif bridge not in made and "UP" not in interfaces[bridge].flags:
                steps.append(run("ifconfig", bridge, "up"))
            made[bridge] = mtu
        steps += plan_tap(guest, tap, bridge, mtu, design, interfaces)
    return tuple(steps)


def bridge_mtu(bridge: str, design: Design, interfaces: Mapping[str, Interface]) -> int:
    """Return the MTU that a bridge has, or will have from its uplink when it is made.

    A member with another MTU than its bridge is refused (captures ifconfig).
    """
    if bridge in interfaces:
        return interfaces[bridge].mtu
    uplink = design.uplink(bridge)
    return interfaces[uplink].mtu if uplink and uplink in interfaces else DEFAULT_MTU


def new_bridge(
    guest: Guest, bridge: str, design: Design, interfaces: Mapping[str, Interface]
) -> Plan:
    """Return the steps that make a bridge with its uplink."""
    if not design.automatic:
        raise Refused(
            f"{guest.name}: {bridge} is not there, and network_design_mode is system",
            f"ifconfig {bridge} create",
        )
    uplink = design.uplink(bridge)
    if uplink is not None and uplink not in interfaces:
        raise Refused(
            f"{guest.name}: {bridge} is attached to {uplink}, which this host does not have",
            f"chyves global set {bridge}_phy_attach=private",
        )
    # All in one call, the mark first: what is made is known as chyves's own at once.
    words = ["create", "description", bridge_mark(bridge)]
    if uplink is None:
        return (run("ifconfig", bridge, *words, "up"),)
    steps: list[Step] = [run("ifconfig", bridge, *words, "addm", uplink, "up")]
    if "UP" not in interfaces[uplink].flags:
        steps.append(run("ifconfig", uplink, "up"))
    return tuple(steps)


def plan_tap(
    guest: Guest,
    tap: str,
    bridge: str,
    mtu: int,
    design: Design,
    interfaces: Mapping[str, Interface],
) -> Plan:
    """Return the steps that bring one tap up, with its bridge's MTU, in its bridge."""
    steps: list[Step] = []
    there = interfaces.get(tap)
    mark = tap_mark(guest.name, tap)
    if there is None:
        if not design.automatic:
            raise Refused(
                f"{guest.name}: {tap} is not there, and network_design_mode is system",
                f"ifconfig {tap} create",
            )
    else:
        check_ours(guest, tap, there)
    settings = wanted_settings(there, mark, mtu)
    current = bridge_of(interfaces.values(), tap)
    if current is not None and current != bridge:
        steps.append(run("ifconfig", current, "deletem", tap))
    if settings:
        steps.append(run("ifconfig", tap, *settings))
    if bridge and current != bridge:
        steps.append(run("ifconfig", bridge, "addm", tap))
    return tuple(steps)


def wanted_settings(there: Interface | None, mark: str, mtu: int) -> list[str]:
    """Return ifconfig's words for what a tap does not have yet, the mark first."""
    words = [] if there else ["create"]
    if there is None or there.description != mark:
        words += ["description", mark]
    if (there.mtu if there else DEFAULT_MTU) != mtu:
        words += ["mtu", str(mtu)]
    if there is None or "UP" not in there.flags:
        words.append("up")
    return words


def check_ours(guest: Guest, tap: str, there: Interface) -> None:
    """Refuse a tap that another program has open, or that belongs to another guest."""
    mark = tap_mark(guest.name, tap)
    if there.opened_by:
        raise Refused(
            f"{guest.name}: {tap} is in use by process {there.opened_by}",
            f"ps -p {there.opened_by}",
        )
    if there.description and there.description != mark:
        raise Refused(
            f"{guest.name}: {tap} belongs to something else, it is described {there.description!r}",
            f"ifconfig {tap}",
        )


def plan_down(guest: str, interfaces: Mapping[str, Interface]) -> Plan:
    """Return the steps that take away what chyves made for a guest and no one else uses.

    Its taps go, and so does every bridge that chyves made in which no tap is left. A tap that a
    process has open stays: ifconfig would wait for that process (captures README 17).
    """
    taps = [
        each.name
        for each in interfaces.values()
        if each.description == tap_mark(guest, each.name) and not each.opened_by
    ]
    steps: list[Step] = [run("ifconfig", tap, "destroy") for tap in taps]
    for each in interfaces.values():
        ours = each.description == bridge_mark(each.name)
        if ours and not any(
            member.startswith("tap") and member not in taps for member in each.members
        ):
            steps.append(run("ifconfig", each.name, "destroy"))
    return tuple(steps)
