"""What `global set` changes of the networks' design, checked and asked as `network` itself does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chyves_core.bhyve.version import read_facts
from chyves_core.errors import Refused
from chyves_core.guests import Inventory
from chyves_core.host import Host
from chyves_core.network import nat, nat_use, netgraph_use
from chyves_core.network.attaching import ask, check_attachable
from chyves_core.network.bridges import is_card
from chyves_core.network.design import Design, find_bridge, is_own_bridge
from chyves_core.network.ifconfig import Interface, read_interfaces
from chyves_core.settings import Settings, global_settings


def check_global(
    host: Host, inventory: Inventory, values: Mapping[str, str], confirm: Callable[[str], None]
) -> None:
    """Check a new design before it is set; `confirm` is asked where the host's network is touched.

    An interface need not be there yet. Raises Refused where a bridge of the host would have to
    change at once: `network` does that.
    """
    now = global_settings(inventory.storage)
    after = Settings(now.schema, {**now.own, **values})
    takes = read_facts(host).members_have_addresses
    old = Design.from_settings(now, members_have_addresses=takes)
    new = Design.from_settings(after, members_have_addresses=takes)
    interfaces = read_interfaces(host)
    for name in new.attached:
        if way_out(old, name) == way_out(new, name):
            continue
        if name in new.bridges:
            check_bridge(host, interfaces, name, new, after, confirm)
        elif new.uplink(name) in interfaces:
            netgraph_use.check_attachable(host, name, new.attached[name], new, confirm)
    for each in nat.wanted_nats(after).values():
        if now.own.get(each.bridge + nat.SUFFIX) != str(each):
            check_new_nat(host, each, new, after)


def way_out(design: Design, bridge: str) -> tuple[object, ...]:
    """Return a bridge's uplink, and the vlan that it is."""
    uplink = design.uplink(bridge)
    return uplink, design.vlans.get(uplink or "")


def check_bridge(
    host: Host,
    interfaces: dict[str, Interface],
    bridge: str,
    design: Design,
    settings: Settings,
    confirm: Callable[[str], None],
) -> None:
    """Check the new uplink of one bridge."""
    uplink = design.attached[bridge]
    vlan = design.vlans.get(uplink)
    if uplink in interfaces or (vlan and vlan.parent in interfaces):
        check_attachable(interfaces, bridge, uplink, design)
    if design.uplink(bridge) and bridge + nat.SUFFIX in settings.own:
        raise behind_nat(bridge)
    there = find_bridge(bridge, interfaces)
    if design.automatic and there and is_own_bridge(there):
        others = [each for each in there.members if is_card(interfaces, each)]
        if others and others != [uplink]:
            raise Refused(
                f"{bridge}: {others[0]} is in it now", f"chyves network {bridge} attach {uplink}"
            )
    ask(host, interfaces, bridge, uplink, design, (), confirm)


def behind_nat(bridge: str) -> Refused:
    """Return the refusal of an uplink for a bridge behind NAT."""
    hint = f"chyves network {bridge} nat off"
    return Refused(f"{bridge}: is behind NAT, which is for private bridges", hint)


def check_new_nat(host: Host, wanted: nat.Nat, design: Design, settings: Settings) -> None:
    """Check one bridge that is to be behind NAT."""
    facts = nat_use.read_nat_host(host)
    others = nat.wanted_nats(settings).values()
    nat.check_nat(wanted, facts, design.uplink(wanted.bridge), others)
    if wanted.bridge in facts.interfaces:
        words = str(wanted).replace(",", " ")
        hint = f"chyves network {wanted.bridge} nat {words}"
        raise Refused(f"{wanted.bridge}: is on the host now, and would not be behind NAT", hint)
