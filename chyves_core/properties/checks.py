"""The checks that properties.spec names: each takes a string and returns it as it is stored."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable
from typing import Any, TypeVar

from configobj.validate import Validator

from chyves_core.properties import device_checks
from chyves_core.properties.matching import Wrong, matching
from chyves_core.sizes import parse_size

MEBIBYTE = 1 << 20

Read = TypeVar("Read")


def validator() -> Any:
    """Return a Validator that knows ConfigObj's own checks and all those below."""
    return Validator(
        {
            "bhyve_flags": device_checks.bhyve_flags,
            "bhyveload_flags": bhyveload_flags,
            "grub_profile": grub_profile,
            "words": words,
            "word": word,
            "text": text,
            "password": password,
            "yesno": yesno,
            "flags": flags,
            "cpu_topology": cpu_topology,
            "memory": memory,
            "disk_size": disk_size,
            "rate": rate,
            "interfaces": interfaces,
            "ethernet": ethernet,
            "bridge": bridge,
            "nmdm": nmdm,
            "uuid": uuid,
            "pci_device": device_checks.pci_device,
            "block_options": block_options,
            "snapshot": snapshot,
            "keep_rules": keep_rules,
            "resource": resource,
            "ip_address": ip_address,
            "names": names,
            "attachment": attachment,
            "serial_port": device_checks.serial_port,
            "gdb_port": device_checks.gdb_port,
            "cpu_pins": device_checks.cpu_pins,
            "numa_domain": device_checks.numa_domain,
            "share": device_checks.share,
            "port_name": device_checks.port_name,
            "device_path": device_checks.device_path,
            "sound": device_checks.sound,
            "tpm": device_checks.tpm,
            "fwcfg_item": device_checks.fwcfg_item,
            "hostname": hostname,
            "net": net,
            "nat": nat,
        }
    )


def text(value: str) -> str:
    """Take any text."""
    return value


def words(value: str) -> str:
    """Take words for a program's command line; quotes have to close."""
    try:
        shlex.split(value)
    except ValueError as error:
        raise Wrong(f"cannot be split into words: {error}") from error
    return value


def word(value: str) -> str:
    """Take one word of letters, digits and underscores."""
    return matching(value, r"[A-Za-z][A-Za-z0-9_]*", "must be one word")


def bhyveload_flags(value: str) -> str:
    """Take flags for bhyveload; refuse those that chyves makes itself."""
    from chyves_core.errors import UsageError
    from chyves_core.loaders.flags import read_flags

    try:
        read_flags(value)
    except UsageError as error:
        raise Wrong(error.message) from error
    return value


def grub_profile(value: str) -> str:
    """Take the name of a profile of grub-bhyve; whether there is one, only the host can tell."""
    return matching(value, r"[A-Za-z0-9][A-Za-z0-9_.-]*", "is not the name of a profile")


def password(value: str) -> str:
    """Take a VNC password; a comma would end it on bhyve's command line."""
    if "," in value or " " in value or "%" in value:
        raise Wrong("a password of VNC can't hold commas, blanks or %")
    return value


def yesno(value: str) -> str:
    """Take yes or no, and their usual other words."""
    folded = value.lower()
    if folded in ("yes", "on", "true", "1"):
        return "yes"
    if folded in ("no", "off", "false", "0"):
        return "no"
    raise Wrong("must be yes or no")


def flags(value: str) -> str:
    """Take single-letter flags behind one dash."""
    return matching(value, r"-[a-z]+", "must be flags behind one dash, such as -skdp")


def cpu_topology(value: str) -> str:
    """Take a number of CPUs, or bhyve's cpus=,sockets=,cores=,threads=; the product must fit."""
    if re.fullmatch(r"[1-9]\d{0,3}", value, re.ASCII):
        return value
    parts = dict(part.partition("=")[::2] for part in value.split(","))
    numbers_fit = all(re.fullmatch(r"[1-9]\d{0,3}", number, re.ASCII) for number in parts.values())
    known = set(parts) <= {"cpus", "sockets", "cores", "threads"}
    if not (numbers_fit and known and len(parts) == value.count(",") + 1):
        raise Wrong("must be a number, or cpus=n,sockets=n,cores=n,threads=n")
    product = 1
    for part in ("sockets", "cores", "threads"):
        product *= int(parts.get(part, "1"))
    if "cpus" in parts and int(parts["cpus"]) != product:
        raise Wrong("cpus must be sockets times cores times threads")
    return value


def memory(value: str) -> str:
    """Take an amount of memory, M where it has no unit, and return it with its unit."""
    amount = f"{value}M" if value.isascii() and value.isdigit() else value
    size = parse_size(amount)
    if size is None or size < MEBIBYTE or size % MEBIBYTE:
        raise Wrong("must be whole MiB: a number with K, M, G or T, such as 512M")
    number, unit = size // MEBIBYTE, "M"
    for larger in "GT":
        if number % 1024:
            break
        number, unit = number // 1024, larger
    return f"{number}{unit}"


def disk_size(value: str) -> str:
    """Take the size of a disk: a number with K, M, G or T."""
    size = parse_size(value)
    if size is None or size < MEBIBYTE:
        raise Wrong("must be a number with M, G or T, such as 8G")
    return value.upper()


def rate(value: str) -> str:
    """Take bytes in a second, as rctl(8) takes them: a whole number with K, M or G."""
    said = "must be a number with K, M or G, such as 50M"
    return matching(value.upper(), r"[1-9]\d{0,11}[KMG]?", said)


def interfaces(value: str) -> str:
    """Take tap{n}, vale{s}[:{p}] and netgraph{s}:{p}, comma separated, none twice."""
    parts = value.split(",") if value else []
    for part in parts:
        known = r"tap\d+|vale\d+(:\d+)?|netgraph\d{1,3}:([2-9]|[1-9]\d{1,2})"
        matching(part, known, f"{part} is not tap{{n}}, vale{{s}}[:{{p}}] or netgraph{{s}}:{{p}}")
    if len(set(parts)) != len(parts):
        raise Wrong("names an interface twice")
    return value


def ethernet(value: str) -> str:
    """Take an address of ethers(5) that one machine can have: not a multicast one."""
    folded = value.lower()
    matching(folded, r"([0-9a-f]{2}:){5}[0-9a-f]{2}", "must look like 58:9c:fd:01:02:03")
    if int(folded[:2], 16) & 1 or folded == "00:00:00:00:00:00":
        raise Wrong("is a multicast or empty address; no interface can have it")
    return folded


def bridge(value: str) -> str:
    """Take the name of a bridge."""
    return matching(value, r"bridge\d{1,5}", "must be bridge{n}")


def nmdm(value: str) -> str:
    """Take the name of a null-modem pair."""
    return matching(value, r"nmdm\d{1,5}", "must be nmdm{n}")


def uuid(value: str) -> str:
    """Take a UUID and return it in lower case."""
    folded = value.lower()
    return matching(
        folded, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "must be a UUID as uuidgen(1) prints"
    )


def block_options(value: str) -> str:
    """Take options of bhyve's block devices, each once; the sector sizes as block_if.c takes them.

    The physical sector is at least as large as the logical one, and both are powers of two.
    """
    parts = value.split(",")
    for part in parts:
        matching(
            part,
            r"nocache|direct|ro|nodelete|sectorsize=\d{1,9}(/\d{1,9})?",
            f"{part or 'nothing'} is not nocache, direct, ro, nodelete or sectorsize=L[/P]",
        )
        sizes = [int(size) for size in part.partition("=")[2].split("/") if size]
        if any(size < 512 or size & (size - 1) for size in sizes) or sizes != sorted(sizes):
            raise Wrong(f"{part}: must be powers of two from 512 on, the larger one last")
    if len({part.partition("=")[0] for part in parts}) != len(parts):
        raise Wrong("names an option twice")
    return value


def snapshot(value: str) -> str:
    """Take the name of a snapshot behind its @."""
    return matching(value, r"@[A-Za-z0-9_.:-]+", "must be @NAME")


def keep_rules(value: str) -> str:
    """Take rules of pruning, and return them in their own order."""
    from chyves_core.snapshots.keeping import read_rules, show_rules

    return show_rules(saying(read_rules, value))


def hostname(value: str) -> str:
    """Take a host name, with its domain or without."""
    from chyves_core.cloud.given import check_hostname

    return saying(check_hostname, value)


def net(value: str) -> str:
    """Take dhcp, or an address with its prefix, its gateway and name servers."""
    from chyves_core.cloud.net import read_net

    return str(saying(read_net, value)) or "dhcp"


def nat(value: str) -> str:
    """Take the host's address on a bridge with its prefix, and dhcp."""
    from chyves_core.network.nat import read_nat

    return str(saying(lambda text: read_nat("bridge{n}", text), value))


def resource(value: str) -> str:
    """Take the name of an ISO or firmware resource."""
    return matching(value, r"[A-Za-z0-9][A-Za-z0-9_.:-]*", "is not the name of a resource")


def ip_address(value: str) -> str:
    """Take an IPv4 or IPv6 address, with a zone where it needs one."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError as error:
        raise Wrong("must be an IPv4 or IPv6 address") from error
    zone = str(address).partition("%")[2]
    if zone:
        matching(zone, r"[A-Za-z][A-Za-z0-9_.]*", "must have an interface behind its %")
    return str(address)


def names(value: str) -> str:
    """Take names, comma separated, in order and none twice."""
    parts = {part.strip() for part in value.split(",")} - {""}
    for part in parts:
        matching(part, r"[A-Za-z0-9][A-Za-z0-9_.-]*", f"{part} is not a name")
    return ",".join(sorted(parts))


def attachment(value: str) -> str:
    """Take the name of an interface, or private."""
    return matching(value, r"[a-zA-Z][A-Za-z0-9_.]{0,14}", "must be an interface, or private")


def saying(read: Callable[[str], Read], value: str) -> Read:
    """Return what a function reads in a value; what it says against it becomes Wrong."""
    from chyves_core.errors import UsageError

    try:
        return read(value)
    except UsageError as error:
        raise Wrong(error.message) from error
