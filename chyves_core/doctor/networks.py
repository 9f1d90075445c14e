"""Networks that are not as designed: taps in use, NAT, jails in bridges; what is left of such."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chyves_core.doctor.finding import Finding, Mend
from chyves_core.doctor.unfinished import acting
from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.look import Look
from chyves_core.network import jails, jails_use, nat, nat_use
from chyves_core.network.bridges import ready_bridge
from chyves_core.network.design import Design, find_tap, owner_of
from chyves_core.network.ifconfig import Interface
from chyves_core.network.plan import place_tap, taps_of
from chyves_core.network.reading import design_of
from chyves_core.network.sketch import Sketch
from chyves_core.settings import Settings, known_settings
from chyves_core.supervise.boot_step import NETWORK_LOCK


def behind_nat(look: Look) -> Iterator[Finding]:
    """Find bridges that are behind NAT and should not be, and others that can't be as designed."""
    settings = known_settings(look.inventory.storage)
    there = nat_use.natted(look.host)
    if not (there or any(name.endswith(nat.SUFFIX) for name in settings.own)):
        return
    try:
        wanted = nat.wanted_nats(settings)
    except Refused as error:
        yield Finding("host", error.message, error.hint or "")
        return
    facts = nat_use.read_nat_host(look.host, look.interfaces)
    for bridge in sorted(there):
        if bridge not in wanted or bridge not in facts.interfaces:
            yield left_over(look.host, facts, bridge, designed=bridge in wanted)
    for each in wanted.values():
        yield from not_as_designed(look.host, facts, each, settings)


def left_over(host: Host, facts: nat.NatHost, bridge: str, *, designed: bool) -> Finding:
    """Return the finding for NAT on a bridge that has gone, or is not designed to have it."""
    gone = bridge not in facts.interfaces
    problem = "has gone, and left pf's rules or a dnsmasq" if gone else "is behind NAT unasked"
    address = nat.kept_address(nat_use.rules_of(host, bridge))
    mend = Mend((NETWORK_LOCK,), acting(nat.plan_nat_down(bridge, facts, address)))
    command = "chyves doctor --fix" if designed else f"chyves network {bridge} nat off"
    return Finding(bridge, problem, command, mend)


def not_as_designed(
    host: Host, facts: nat.NatHost, wanted: nat.Nat, settings: Settings
) -> Iterator[Finding]:
    """Find a bridge that can't be behind NAT, or that is on the host and is not."""
    bridge = wanted.bridge
    others = nat.wanted_nats(settings).values()
    try:
        nat.check_nat(wanted, facts, Design.from_settings(settings).uplink(bridge), others)
    except Refused as error:
        problem = f"can't be behind NAT: {error.message.removeprefix(f'{bridge}: ')}"
        yield Finding(bridge, problem, error.hint or f"chyves network {bridge} nat off")
        return
    rules = nat_use.rules_of(host, bridge)
    loaded = host.read("pfctl", "-a", nat.anchor(bridge), "-s", "nat").stdout
    if bridge not in facts.interfaces or nat.is_up(wanted, facts, rules, loaded):
        return

    def mend(host: Host) -> None:
        nat_use.put_right(host, wanted)

    words = str(wanted).replace(",", " ")
    command = f"chyves network {bridge} nat {words}"
    problem = f"is not behind NAT as designed, {words}"
    yield Finding(bridge, problem, command, Mend((NETWORK_LOCK,), mend))


def in_bridges(look: Look) -> Iterator[Finding]:
    """Find jails that are not in their bridges, and epairs of such as should be in none."""
    settings = known_settings(look.inventory.storage)
    wanted = jails.wanted(settings)
    for each in look.interfaces.values():
        member = jails.member_of(each)
        if member and member not in wanted:
            problem = f"{each.name} was made for it, and it is not to be in {member.bridge}"
            plan = jails_use.plan_leaving(look.host, member, look.interfaces)
            command = f"chyves network {member.bridge} unjail {member.jail}"
            yield Finding(member.jail, problem, command, Mend((NETWORK_LOCK,), acting(plan)))
    design = design_of(look.host, settings)
    running = jails_use.read_jails(look.host) if wanted and design.automatic else {}
    for member in wanted if running else ():
        command = f"chyves network {member.bridge} jail {member.jail}"
        try:
            jails.check_jail(member.jail, running)
            plan = jails_use.plan_member(look.interfaces, design, member)
        except Refused as error:
            yield Finding(member.jail, error.message.removeprefix(f"{member.jail}: "), command)
            continue
        if plan:
            problem = f"is not in {member.bridge} as designed"
            yield Finding(member.jail, problem, command, Mend((NETWORK_LOCK,), acting(plan)))


def of_running_guests(look: Look) -> Iterator[Finding]:
    """Find taps that guests have open and that are not in their bridges as designed."""
    settings = known_settings(look.inventory.storage)
    running = [
        each for each in look.inventory.guests.values() if look.runtime.is_running(each.name)
    ]
    design = design_of(look.host, settings)
    if not running or not design.automatic:
        return
    interfaces = look.interfaces
    for guest in running:
        for tap in taps_of(guest):
            there = find_tap(guest.name, tap, interfaces)
            bridge = guest.properties.get(f"{tap}_bridge", "")
            if bridge and there and there.opened_by and owner_of(there) == guest.name:
                yield from tap_in_use(interfaces, design, guest, tap, bridge)


def tap_in_use(
    interfaces: Mapping[str, Interface], design: Design, guest: Guest, tap: str, bridge: str
) -> Iterator[Finding]:
    """Find what a tap that a guest has open lacks."""
    sketch = Sketch(interfaces)
    try:
        place_tap(sketch, guest, tap, ready_bridge(sketch, design, bridge))
    except Refused as error:
        yield Finding(guest.name, error.message, error.hint or "chyves list bridges")
        return
    if sketch.steps:
        problem = f"{tap} is not in {bridge} as designed"
        command = f"chyves network {bridge} join {tap}"
        mend = Mend((NETWORK_LOCK,), acting(sketch.plan))
        yield Finding(guest.name, problem, command, mend)
