"""Put vnet jails into bridges and take them out: what reads and acts, see jails.py."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chyves_core import locks, zfs
from chyves_core.errors import ChyvesError, NotFound, UsageError
from chyves_core.guests import read_inventory
from chyves_core.host import Host
from chyves_core.network import jails
from chyves_core.network.bridges import drop_unused
from chyves_core.network.design import Design
from chyves_core.network.ifconfig import Interface, read_interfaces
from chyves_core.network.nat_use import natted
from chyves_core.network.reading import design_of
from chyves_core.network.sketch import Sketch
from chyves_core.plan import Plan, Step
from chyves_core.pools import GLOBAL_PREFIX
from chyves_core.settings import global_settings


def read_jails(host: Host) -> dict[str, bool]:
    """Return the jails that run, and whether each has a network stack of its own."""
    # A kernel without VIMAGE knows no such parameter.
    return jails.parse_jails(host.read("jls", "-n", "name", "vnet", allowed=None).stdout)


def join(host: Host, bridge: str, jail: str) -> str:
    """Put a running vnet jail into a bridge, in the design and at once; return what is told."""
    from chyves_core.supervise.boot_step import NETWORK_LOCK

    if not re.fullmatch(jails.NAME, jail, re.ASCII):
        raise UsageError(f"{jail}: no jail can have this name")
    with locks.hold(host, NETWORK_LOCK, locks.NUMBERING, seconds=60):
        jails.check_jail(jail, read_jails(host))
        storage = read_inventory(host).storage
        settings = global_settings(storage)
        design = design_of(host, settings)
        member = jails.Member(jail, bridge)
        plan = plan_member(read_interfaces(host), design, member) if design.automatic else ()
        now = [each.jail for each in jails.wanted(settings) if each.bridge == bridge]
        if jail not in now:
            host.act(set_jails(storage.primary.root, bridge, [*now, jail]))
        host.act(*plan)
    if design.automatic:
        return f"{jail}: is in {bridge}"
    return f"{jail}: is to be in {bridge}; network_design_mode is system, do it yourself"


def leave(host: Host, bridge: str, jail: str) -> str:
    """Take a jail out of a bridge, in the design and at once; return what is told.

    The design goes first: what an interrupted call has left is ended by the same one.
    """
    from chyves_core.supervise.boot_step import NETWORK_LOCK

    with locks.hold(host, NETWORK_LOCK, locks.NUMBERING, seconds=60):
        storage = read_inventory(host).storage
        settings = global_settings(storage)
        now = [each.jail for each in jails.wanted(settings) if each.bridge == bridge]
        plan = plan_leaving(host, jails.Member(jail, bridge), read_interfaces(host))
        if jail not in now and not plan:
            raise NotFound(f"{jail}: is not in {bridge}", "chyves list bridges")
        if jail in now:
            left = [each for each in now if each != jail]
            host.act(set_jails(storage.primary.root, bridge, left))
        host.act(*plan)
    return f"{jail}: is not in {bridge}"


def set_jails(root: str, bridge: str, names: list[str]) -> Step:
    """Return the step that stores the jails of a bridge."""
    name = f"{GLOBAL_PREFIX}{bridge}{jails.SUFFIX}"
    if not names:
        return zfs.inherit([root], name)
    return zfs.set_properties([root], {name: ",".join(sorted(names))})


def plan_member(interfaces: Mapping[str, Interface], design: Design, member: jails.Member) -> Plan:
    """Return the steps that put a jail into its bridge."""
    sketch = Sketch(interfaces)
    jails.sketch_jail(sketch, design, member)
    return sketch.plan


def plan_leaving(host: Host, member: jails.Member, interfaces: Mapping[str, Interface]) -> Plan:
    """Return the steps that take a jail's epair away, and its bridge where nobody uses it then."""
    there = jails.find_epair(member, interfaces)
    if there is None:
        return ()
    sketch = Sketch(interfaces, natted(host))
    sketch.ifconfig(there.name, "destroy")
    drop_unused(sketch)
    return sketch.plan


def bring_up(host: Host) -> list[ChyvesError]:
    """Put all jails into their bridges that run; return what was in the way of the others."""
    from chyves_core.supervise.boot_step import NETWORK_LOCK

    settings = global_settings(read_inventory(host).storage)
    design = design_of(host, settings)
    members = jails.wanted(settings)
    errors: list[ChyvesError] = []
    if not members or not design.automatic:
        return errors
    running = read_jails(host)
    for member in members:
        try:
            with locks.hold(host, NETWORK_LOCK, seconds=60):
                jails.check_jail(member.jail, running)
                host.act(*plan_member(read_interfaces(host), design, member))
        except ChyvesError as error:
            errors.append(error)
    return errors
