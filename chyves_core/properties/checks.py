"""The checks that properties.spec names: each takes a string and returns it as it is stored."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from configobj.validate import Validator

from chyves_core.properties import device_checks, network_checks
from chyves_core.properties.matching import Wrong, matching, saying
from chyves_core.sizes import parse_size

MEBIBYTE = 1 << 20


def validator() -> Any:
    """Return a Validator that knows ConfigObj's own checks and all those of chyves."""
    return Validator({**CHECKS, **device_checks.CHECKS, **network_checks.CHECKS})


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


def resource(value: str) -> str:
    """Take the name of an ISO or firmware resource."""
    return matching(value, r"[A-Za-z0-9][A-Za-z0-9_.:-]*", "is not the name of a resource")


def names(value: str) -> str:
    """Take names, comma separated, in order and none twice."""
    parts = {part.strip() for part in value.split(",")} - {""}
    for part in parts:
        matching(part, r"[A-Za-z0-9][A-Za-z0-9_.-]*", f"{part} is not a name")
    return ",".join(sorted(parts))


CHECKS: dict[str, Callable[..., str]] = {
    "text": text,
    "words": words,
    "word": word,
    "bhyveload_flags": bhyveload_flags,
    "grub_profile": grub_profile,
    "password": password,
    "yesno": yesno,
    "flags": flags,
    "cpu_topology": cpu_topology,
    "memory": memory,
    "disk_size": disk_size,
    "rate": rate,
    "uuid": uuid,
    "block_options": block_options,
    "snapshot": snapshot,
    "keep_rules": keep_rules,
    "resource": resource,
    "names": names,
}
"""The names by which properties.spec calls them."""
