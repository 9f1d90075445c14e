"""Network interfaces of a guest as bhyve's devices."""

from __future__ import annotations

from collections.abc import Mapping

from chyves_core.guests import Guest


def devices(guest: Guest, kept: Mapping[str, int]) -> tuple[str, ...]:
    """Return one -s value an interface, each with its stored address."""
    kind = guest.value("bhyve_net_type")
    return tuple(
        ",".join((str(kept[name]), kind, name, *mac_option(guest, name)))
        for name in guest.interfaces
    )


def mac_option(guest: Guest, interface: str) -> tuple[str, ...]:
    """Return the option that sets the address; without it bhyve derives one from the slot."""
    mac = guest.properties.get(f"{interface}_mac", "")
    return (f"mac={mac}",) if mac else ()
