"""Put bridges behind NAT and take them away from there: what reads and acts, see nat.py."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence

from chyves_core import locks, zfs
from chyves_core.errors import UsageError
from chyves_core.guests import Guest, read_inventory
from chyves_core.host import Host
from chyves_core.network import nat
from chyves_core.network.design import Design
from chyves_core.network.ifconfig import Interface, read_interfaces
from chyves_core.pools import GLOBAL_PREFIX
from chyves_core.settings import Settings, global_settings

USAGE = "chyves network bridge1 nat 10.0.0.1/24 [dhcp] | off"


def read_nat_host(host: Host, interfaces: Mapping[str, Interface] | None = None) -> nat.NatHost:
    """Read what NAT depends on; the interfaces too, where they were not read before."""
    status = host.read("pfctl", "-s", "info", allowed=None).stdout
    rules = host.read("pfctl", "-s", "nat").stdout if "Status: Enabled" in status else None
    return nat.NatHost(
        read_interfaces(host) if interfaces is None else interfaces,
        read_uplink(host),
        host.read("sysctl", "-n", nat.FORWARDING).stdout.strip() == "1",
        rules,
        shutil.which("dnsmasq") is not None,
        {bridge: host.read_text(f"{nat.FOLDER}/{bridge}.dnsmasq") or "" for bridge in served(host)},
    )


def read_uplink(host: Host) -> str | None:
    """Return the interface of the default route, None where there is none."""
    answer = host.read("route", "-n", "get", "default", allowed=None)
    found = re.search(r"^\s*interface: (\S+)$", answer.stdout, re.M)
    return found.group(1) if answer.status == 0 and found else None


def served(host: Host) -> list[str]:
    """Return the bridges whose dnsmasq runs."""
    files = [each for each in host.list_folder(nat.FOLDER) if each.endswith(".pid")]
    words = ("pgrep", "-x", "-F")
    return [
        file.removesuffix(".pid")
        for file in files
        if host.read(*words, f"{nat.FOLDER}/{file}", "dnsmasq", allowed=None).status == 0
    ]


def nats_of(guests: Iterable[Guest], settings: Settings) -> list[nat.Nat]:
    """Return the networks behind NAT that guests are in."""
    if not any(name.endswith(nat.SUFFIX) for name in settings.own):
        return []
    wanted = nat.wanted_nats(settings)
    bridges = (guest.value(f"{tap}_bridge") for guest in guests for tap in guest.interfaces)
    return [wanted[bridge] for bridge in dict.fromkeys(bridges) if bridge in wanted]


def check_guests(host: Host, guests: Sequence[Guest], settings: Settings) -> None:
    """Refuse to start guests on a bridge that can't be behind NAT as it should be."""
    check(host, nats_of(guests, settings), settings)


def check(host: Host, found: Sequence[nat.Nat], settings: Settings) -> None:
    """Refuse networks behind NAT that can't be as they should."""
    facts = read_nat_host(host) if found else None
    for each in found:
        assert facts is not None
        uplink = Design.from_settings(settings).uplink(each.bridge)
        nat.check_nat(each, facts, uplink, nat.wanted_nats(settings).values())


def bring_up(host: Host, guest: Guest, settings: Settings) -> None:
    """Put a guest's bridges behind NAT; they are there, and the network's lock is held."""
    check_guests(host, [guest], settings)
    for each in nats_of([guest], settings):
        put_right(host, each)


def of_bridges(host: Host, bridges: Iterable[str]) -> list[nat.Nat]:
    """Return those of the bridges that are to be behind NAT; raises Refused where one can't be."""
    settings = global_settings(read_inventory(host).storage)
    found = [each for each in nat.wanted_nats(settings).values() if each.bridge in set(bridges)]
    check(host, found, settings)
    return found


def natted(host: Host) -> frozenset[str]:
    """Return the bridges that are behind NAT now: their addresses are chyves's own."""
    files = host.list_folder(nat.FOLDER)
    return frozenset(each.removesuffix(".pf") for each in files if each.endswith(".pf"))


def clear_up(host: Host) -> None:
    """Take away what is left of NAT on bridges that have gone; the network's lock is held."""
    files = [each for each in host.list_folder(nat.FOLDER) if each.endswith(".pf")]
    if not files:
        return
    facts = read_nat_host(host)
    for bridge in (each.removesuffix(".pf") for each in files):
        if bridge not in facts.interfaces:
            host.try_to(*nat.plan_nat_down(bridge, facts))


def nat_command(host: Host, words: Sequence[str]) -> str:
    """Do `bridge1 nat 10.0.0.1/24 [dhcp]` or `bridge1 nat off`, and return what is told of it.

    A bridge that is there changes at once, another one when the next guest on it starts.
    """
    from chyves_core.supervise.boot_step import NETWORK_LOCK

    if len(words) not in (3, 4) or words[1] != "nat" or list(words[3:]) not in ([], [nat.DHCP]):
        raise UsageError("how is the bridge to be?", USAGE)
    bridge = words[0]
    if not re.fullmatch(r"bridge\d{1,5}", bridge, re.ASCII):
        raise UsageError(f"{bridge}: is not the name of a bridge", USAGE)
    name = f"{bridge}{nat.SUFFIX}"
    with locks.hold(host, NETWORK_LOCK, locks.NUMBERING, seconds=60):
        storage = read_inventory(host).storage
        settings = global_settings(storage)
        if list(words[2:]) == ["off"]:
            switch_off(host, bridge, settings, storage.primary.root)
            return f"{bridge}: is not behind NAT"
        wanted = nat.read_nat(bridge, ",".join(words[2:]))
        facts = read_nat_host(host)
        uplink = Design.from_settings(settings).uplink(bridge)
        nat.check_nat(wanted, facts, uplink, nat.wanted_nats(settings).values())
        values = {f"{GLOBAL_PREFIX}{name}": str(wanted)}
        host.act(zfs.set_properties([storage.primary.root], values))
        if bridge in facts.interfaces:
            put_right(host, wanted)
    return f"{bridge}: {wanted.address.network} behind NAT"


def put_right(host: Host, wanted: nat.Nat) -> None:
    """Put a bridge that is there behind NAT as it should be, whatever it was behind before."""
    bridge, facts = wanted.bridge, read_nat_host(host)
    former = nat.kept_address(rules_of(host, bridge))
    if former and former != wanted.address:
        host.act(*nat.plan_nat_down(bridge, facts, former))
        facts = facts if host.dry_run else read_nat_host(host)
    host.act(*nat.plan_nat_up(wanted, facts))


def rules_of(host: Host, bridge: str) -> str:
    """Return the text of a bridge's file with pf's rules, empty where it has none."""
    return host.read_text(f"{nat.FOLDER}/{bridge}.pf") or ""


def switch_off(host: Host, bridge: str, settings: Settings, root: str) -> None:
    """Take NAT from a bridge for good; the property goes first, so that nothing brings it back."""
    own = settings.own.get(f"{bridge}{nat.SUFFIX}")
    if own is not None:
        host.act(zfs.inherit([root], f"{GLOBAL_PREFIX}{bridge}{nat.SUFFIX}"))
    if own is not None or f"{bridge}.pf" in host.list_folder(nat.FOLDER):
        kept = nat.kept_address(rules_of(host, bridge))
        address = nat.read_nat(bridge, own).address if own else kept
        host.act(*nat.plan_nat_down(bridge, read_nat_host(host), address))
