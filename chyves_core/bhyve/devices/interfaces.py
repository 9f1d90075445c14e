"""Network interfaces of a guest as bhyve's devices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.slots import Place
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.network.netgraph import node_of, split_port

TYPE = "bhyve_net_type"


def devices(guest: Guest, places: Mapping[str, Place], facts: HostFacts) -> Iterator[Argument]:
    """Yield the network interfaces of a guest, each with its stored address."""
    kind = guest.value(TYPE)
    if kind == "e1000" and guest.interfaces and not facts.has_e1000:
        raise Refused(
            f"{guest.name}: e1000 needs FreeBSD 11.1",
            f"chyves {guest.name} set {TYPE}=virtio-net",
        )
    for name in guest.interfaces:
        mac = guest.properties.get(f"{name}_mac", "")
        # Without it bhyve derives one from the slot, which changes when the device moves.
        words = (*backend(name), f"mac={mac}") if mac else backend(name)
        sources = ("net_ifaces", TYPE, f"{name}_mac") if mac else ("net_ifaces", TYPE)
        bridge = guest.properties.get(f"{name}_bridge", "")
        on = f", on {bridge}" if bridge else ""
        yield device(places[name], kind, *words, sources=sources, says=f"interface {name}{on}")


def backend(name: str) -> tuple[str, ...]:
    """Return the words of bhyve(8) for what an interface of a guest is connected to."""
    port = split_port(name)
    if port is None:
        return (name,)
    node = node_of(port[0])
    return ("netgraph", f"path={node}:", f"peerhook=link{port[1]}", f"socket={node}_{port[1]}")
