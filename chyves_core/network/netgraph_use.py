"""Make the switches of netgraph(4) that guests need, and take them away: see netgraph.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chyves_core import locks, zfs
from chyves_core.bhyve.version import read_facts
from chyves_core.errors import NotFound, Refused
from chyves_core.guests import Guest, read_inventory
from chyves_core.host import Host
from chyves_core.network import netgraph
from chyves_core.network.design import PRIVATE, Design
from chyves_core.network.ifconfig import read_interfaces
from chyves_core.network.own import consequences, lifelines
from chyves_core.plan import Plan, Remove, Write, run
from chyves_core.pools import GLOBAL_PREFIX
from chyves_core.settings import Settings, global_settings


def read_nodes(host: Host) -> dict[str, netgraph.Node]:
    """Return the host's named nodes; none, and nothing is loaded, where there is no netgraph(4)."""
    if host.read("kldstat", "-q", "-m", "ng_socket", allowed=None).status != 0:
        return {}
    return netgraph.parse_nodes(host.read("ngctl", "list", "-l").stdout)


def check_guests(host: Host, guests: Sequence[Guest], settings: Settings) -> None:
    """Refuse guests whose ports can't be connected, before any of them is started."""
    ports = netgraph.ports_of(guests)
    if not ports:
        return
    nodes, interfaces = read_nodes(host), read_interfaces(host)
    design, facts = Design.from_settings(settings), read_facts(host)
    for guest, switch, number in ports:
        if not facts.is_at_least(netgraph.SINCE):
            raise Refused(
                f"{guest.name}: {switch}:{number} needs FreeBSD {netgraph.SINCE}",
                f"chyves network {guest.name} remove {switch}:{number}",
            )
        netgraph.check_port(guest.name, switch, number, nodes)
        uplink = design.uplink(switch)
        if not design.automatic and netgraph.node_of(switch) not in nodes:
            text = f"{guest.name}: lacks {netgraph.node_of(switch)} on this host"
            raise Refused(f"{text}, and network_design_mode is system", "man ng_bridge")
        if uplink and design.automatic:
            netgraph.check_uplink(guest.name, switch, uplink, nodes, interfaces)


def bring_up(host: Host, guest: Guest, settings: Settings) -> None:
    """Make the switches of a guest's ports; the network's lock is held."""
    ports = netgraph.ports_of([guest])
    design = Design.from_settings(settings)
    if not ports or not design.automatic:
        return
    check_guests(host, [guest], settings)
    host.act(*plan_modules(host, settings))
    for switch in dict.fromkeys(switch for _, switch, _ in ports):
        nodes, interfaces = read_nodes(host), read_interfaces(host)
        # The mark first: a guest that stops meanwhile leaves the switch to this one.
        host.act(Write(netgraph.mark(switch, guest.name), ""))
        host.act(*netgraph.plan_up(switch, design.uplink(switch), nodes, interfaces))


def plan_modules(host: Host, settings: Settings) -> Plan:
    """Return the step that loads what switches need, where chyves loads modules at all."""
    if not settings.enabled("auto_load_kernel_mods"):
        return ()
    loaded = host.read("kldstat").stdout.split()
    missing = [name for name in netgraph.MODULES if f"{name}.ko" not in loaded]
    return (run("kldload", "-n", *missing),) if missing else ()


def marked(host: Host, guest: str) -> list[str]:
    """Return the files that say which switches a guest uses."""
    files = host.list_folder(netgraph.FOLDER)
    return [f"{netgraph.FOLDER}/{each}" for each in files if each.partition(".")[2] == guest]


def clear_up(host: Host, guest: str) -> None:
    """Take away the switches that no one uses now; the network's lock is held."""
    host.try_to(*(Remove(file) for file in marked(host, guest)))
    for switch in unused(host):
        host.try_to(*plan_clearing(host, switch))


def unused(host: Host) -> list[str]:
    """Return the switches that chyves has made and that nobody uses."""
    files = host.list_folder(netgraph.FOLDER)
    return netgraph.unused(files, read_nodes(host)) if files else []


def plan_clearing(host: Host, switch: str) -> Plan:
    """Return the steps that take away a switch."""
    return tuple(netgraph.plan_down([switch], read_nodes(host)))


def attach(host: Host, switch: str, interface: str, confirm: Callable[[str], None]) -> str:
    """Attach a switch to an interface, or to none (`private`), in the design; return what is told.

    One that is there now changes when nobody has used it for once: it is made anew then.
    """
    from chyves_core.supervise.boot_step import NETWORK_LOCK

    with locks.hold(host, NETWORK_LOCK, locks.NUMBERING, seconds=60):
        storage = read_inventory(host).storage
        settings = global_settings(storage)
        design = Design.from_settings(settings)
        if interface != PRIVATE:
            check_attachable(host, switch, interface, design, confirm)
        if design.attached.get(switch) != interface and netgraph.node_of(switch) in read_nodes(
            host
        ):
            hint = "stop its guests"
            raise Refused(f"{switch}: is on the host, and guests use it", hint)
        values = {f"{GLOBAL_PREFIX}{switch}_phy_attach": interface}
        host.act(zfs.set_properties([storage.primary.root], values))
    what = "private" if interface == PRIVATE else f"attached to {interface}"
    return f"{switch}: will be {what} when a guest that uses it starts"


def check_attachable(
    host: Host, switch: str, interface: str, design: Design, confirm: Callable[[str], None]
) -> None:
    """Refuse what can't be a switch's uplink, or is another one's; ask about the host's own."""
    if not read_facts(host).is_at_least(netgraph.SINCE):
        raise Refused(f"{switch}: needs FreeBSD {netgraph.SINCE}")
    interfaces = read_interfaces(host)
    card = interfaces.get(interface)
    if card is None:
        raise NotFound(f"{interface}: this host has no such interface", "ifconfig -l")
    others = [each for each in design.bridges_on(interface) if each != switch]
    if others:
        raise Refused(f"{interface}: is that of {others[0]}", f"chyves network {others[0]} private")
    if card.is_bridge or "LOOPBACK" in card.flags or interface.startswith(("tap", "wlan")):
        raise Refused(f"{interface}: can't be the uplink of {switch}", "ifconfig -l")
    netgraph.check_uplink(switch, switch, interface, read_nodes(host), interfaces)
    needed = lifelines(host, interfaces)
    if interface in needed:
        told = consequences(card, needed[interface], switch)
        confirm(f"{told}. Attach {switch}?")
