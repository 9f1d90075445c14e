"""Native properties: which there are, for which types, with which defaults and values.

Names, order and defaults are those of `zfs get all` in OpenZFS 2.1 (captures get-native,
get-vol); the values that a property takes come from texts/properties.txt, zfs's own usage.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

TEXTS = Path(__file__).with_name("texts")
USER_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789:-._")


class Property(NamedTuple):
    """One native property.

    types: letters of the types that have it: f(ilesystem), v(olume), s(napshot of a
    filesystem), z (snapshot of a volume). kind: "stat" (computed), "index" (words),
    "size" (bytes, 0 shown as none), "count" (a number), "limit" (a number or none), "text".
    """

    name: str
    types: str
    kind: str
    default: str = ""


ALL = (
    Property("type", "fvsz", "stat"),
    Property("creation", "fvsz", "stat"),
    Property("used", "fvsz", "stat"),
    Property("available", "fv", "stat"),
    Property("referenced", "fvsz", "stat"),
    Property("compressratio", "fvsz", "stat"),
    Property("mounted", "f", "stat"),
    Property("origin", "fv", "stat"),
    Property("quota", "f", "size", "0"),
    Property("reservation", "fv", "size", "0"),
    Property("volsize", "vz", "size", "0"),
    Property("volblocksize", "v", "size", "8192"),
    Property("recordsize", "f", "size", "131072"),
    Property("mountpoint", "f", "text"),
    Property("sharenfs", "f", "text", "off"),
    Property("checksum", "fv", "index", "on"),
    Property("compression", "fv", "index", "off"),
    Property("atime", "f", "index", "on"),
    Property("devices", "fs", "index", "on"),
    Property("exec", "fs", "index", "on"),
    Property("setuid", "fs", "index", "on"),
    Property("readonly", "fv", "index", "off"),
    Property("jailed", "f", "index", "off"),
    Property("snapdir", "f", "index", "hidden"),
    Property("aclmode", "f", "index", "discard"),
    Property("aclinherit", "f", "index", "restricted"),
    Property("createtxg", "fvsz", "stat"),
    Property("canmount", "f", "index", "on"),
    Property("xattr", "fs", "index", "on"),
    Property("copies", "fv", "index", "1"),
    Property("version", "fs", "index", "5"),
    Property("utf8only", "fs", "index", "off"),
    Property("normalization", "fs", "index", "none"),
    Property("casesensitivity", "fs", "index", "sensitive"),
    Property("vscan", "f", "index", "off"),
    Property("nbmand", "fs", "index", "off"),
    Property("sharesmb", "f", "text", "off"),
    Property("refquota", "f", "size", "0"),
    Property("refreservation", "fv", "size", "0"),
    Property("guid", "fvsz", "stat"),
    Property("primarycache", "fvsz", "index", "all"),
    Property("secondarycache", "fvsz", "index", "all"),
    Property("usedbysnapshots", "fv", "stat"),
    Property("usedbydataset", "fv", "stat"),
    Property("usedbychildren", "fv", "stat"),
    Property("usedbyrefreservation", "fv", "stat"),
    Property("defer_destroy", "sz", "stat"),
    Property("userrefs", "sz", "stat"),
    Property("logbias", "fv", "index", "latency"),
    Property("objsetid", "fvsz", "stat"),
    Property("dedup", "fv", "index", "off"),
    Property("mlslabel", "fvsz", "text", "none"),
    Property("sync", "fv", "index", "standard"),
    Property("dnodesize", "f", "index", "legacy"),
    Property("refcompressratio", "fvsz", "stat"),
    Property("written", "fvsz", "stat"),
    Property("clones", "sz", "stat"),
    Property("logicalused", "fv", "stat"),
    Property("logicalreferenced", "fvsz", "stat"),
    Property("receive_resume_token", "fv", "stat"),
    Property("volmode", "fv", "index", "default"),
    Property("filesystem_limit", "f", "limit", "18446744073709551615"),
    Property("snapshot_limit", "fv", "limit", "18446744073709551615"),
    Property("filesystem_count", "f", "limit", "18446744073709551615"),
    Property("snapshot_count", "fv", "limit", "18446744073709551615"),
    Property("snapdev", "fv", "index", "hidden"),
    Property("acltype", "fs", "index", "nfsv4"),
    Property("context", "fvsz", "text", "none"),
    Property("fscontext", "fvsz", "text", "none"),
    Property("defcontext", "fvsz", "text", "none"),
    Property("rootcontext", "fvsz", "text", "none"),
    Property("relatime", "f", "index", "off"),
    Property("redundant_metadata", "fv", "index", "all"),
    Property("overlay", "f", "index", "on"),
    Property("encryption", "fvsz", "index", "off"),
    Property("keylocation", "fv", "text", "none"),
    Property("keyformat", "fv", "index", "none"),
    Property("pbkdf2iters", "fv", "count", "0"),
    Property("special_small_blocks", "f", "count", "0"),
    Property("encryptionroot", "fvsz", "stat"),
    Property("keystatus", "fvsz", "stat"),
    Property("redact_snaps", "fvsz", "stat"),
)

SHORT_NAMES = {
    "avail": "available",
    "refer": "referenced",
    "reserv": "reservation",
    "refreserv": "refreservation",
    "volblock": "volblocksize",
    "recsize": "recordsize",
    "compress": "compression",
    "rdonly": "readonly",
    "lused": "logicalused",
    "lrefer": "logicalreferenced",
    "ratio": "compressratio",
    "refratio": "refcompressratio",
    "usedds": "usedbydataset",
    "usedsnap": "usedbysnapshots",
    "usedchild": "usedbychildren",
    "usedrefreserv": "usedbyrefreservation",
}

NOT_INHERITABLE = frozenset(
    "quota reservation volsize volblocksize refquota refreservation canmount version "
    "filesystem_limit snapshot_limit filesystem_count snapshot_count context fscontext "
    "defcontext rootcontext keylocation keyformat pbkdf2iters encryption utf8only "
    "normalization casesensitivity".split()
)


@cache
def by_name() -> dict[str, Property]:
    """Return the native properties by their full names."""
    return {each.name: each for each in ALL}


def full_name(name: str) -> str:
    """Return the full name of a property: "refer" is "referenced"."""
    return SHORT_NAMES.get(name, name)


def is_user(name: str) -> bool:
    """Whether a name has the form of a user property; captures set-chars."""
    return ":" in name and USER_LETTERS.issuperset(name)


def is_written(name: str) -> bool:
    """Whether this is `written@SNAPSHOT`, a property with the name of a snapshot in it."""
    return name.startswith(("written@", "written#"))


def inheritable(name: str) -> bool:
    """Whether datasets below show the value too."""
    if ":" in name:
        return True
    known = by_name().get(name)
    return known is not None and known.kind != "stat" and name not in NOT_INHERITABLE


def default_of(known: Property, release: tuple[int, int]) -> str:
    """Return the default in that FreeBSD release; 14 came with OpenZFS 2.2 (zfsprops.7)."""
    if release >= (14, 0):
        if known.name == "compression":
            return "on"
        if known.name == "volblocksize":
            return "16384"
    return known.default


@cache
def usage_rows() -> dict[str, tuple[str, str, str]]:
    """Return EDIT, INHERIT and VALUES of each property as the usage of `zfs set` tells them."""
    rows = {}
    for line in (TEXTS / "properties.txt").read_text().splitlines():
        words = line.split(None, 3)
        if line.startswith("\t") and len(words) == 4 and words[1] in ("YES", "NO"):
            rows[words[0]] = (words[1], words[2], words[3])
    return rows


def values_text(name: str) -> str:
    """Return the values that a property takes as zfs writes them: "on | off"."""
    return usage_rows()[name][2]


def is_allowed(name: str, value: str) -> bool:
    """Whether an index property takes `value`."""
    return any(value in expanded(word) for word in values_text(name).split(" | "))


def expanded(word: str) -> list[str]:
    """Return the values that one word stands for: "gzip-[1-9]", "sha256[,verify]"."""
    head, bracket, inside = word.partition("[")
    if not bracket:
        return [word]
    inside = inside.rstrip("]")
    if inside.startswith(","):
        return [head, head + inside]
    values = []
    for part in inside.split(","):
        first, _, last = part.partition("-")
        values += [f"{head}{n}" for n in range(int(first), int(last or first) + 1)]
    return values
