"""Read the design of the host's networks."""

from __future__ import annotations

from chyves_core.bhyve.version import read_facts
from chyves_core.guests import read_inventory
from chyves_core.host import Host
from chyves_core.network.design import Design
from chyves_core.settings import Settings, global_settings


def read_design(host: Host) -> Design:
    """Return the design, with what bridges of this host take."""
    return design_of(host, global_settings(read_inventory(host).storage))


def design_of(host: Host, settings: Settings) -> Design:
    """Return the design that global properties hold, with what bridges of this host take."""
    takes = read_facts(host).members_have_addresses
    return Design.from_settings(settings, members_have_addresses=takes)
