"""Names of datasets, snapshots and pools: which are valid, and what zfs says where one is not.

The rules are those of zfs_namecheck.c (OpenZFS 2.1): captures create-name-*, snap-badname.
"""

from __future__ import annotations

MAX_NAME = 255
LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.: ")
RESERVED_POOLS = ("mirror", "raidz", "draid", "spare", "log")


def name_bytes(name: str) -> bytes:
    """Return the bytes of a name; those that are no UTF-8 stand as lone surrogates."""
    return name.encode("utf-8", "surrogateescape")


def text_of(raw: bytes) -> str:
    """Return bytes as the program keeps text: UTF-8, other bytes as lone surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def form_error(name: str) -> str | None:
    """Return what is wrong with the form of a name of any type, None where it is right."""
    if len(name_bytes(name)) > MAX_NAME:
        return "name is too long"
    if name.startswith("/"):
        return "leading slash in name"
    if name.endswith("/"):
        return "trailing slash in name"
    body, delimiter, tail = split_delimiter(name)
    for part in body.split("/") + ([tail] if delimiter else []):
        if delimiter and part is tail and ("@" in tail or "#" in tail):
            return "multiple '@' and/or '#' delimiters in name"
        if delimiter and part is tail and "/" in tail:
            return "trailing slash in name"
        wrong = part_error(part)
        if wrong:
            return wrong
    return None


def split_delimiter(name: str) -> tuple[str, str, str]:
    """Return ("tank/a", "@", "s1") of "tank/a@s1"; the last two are empty without @ or #."""
    for place, letter in enumerate(name):
        if letter in "@#":
            return name[:place], letter, name[place + 1 :]
    return name, "", ""


def part_error(part: str) -> str | None:
    """Return what is wrong with one component of a name."""
    if not part:
        return "empty component or misplaced '@' or '#' delimiter in name"
    for byte in name_bytes(part):
        if byte not in LETTERS and byte != ord("%"):
            return f"invalid character '{text_of(bytes([byte]))}' in name"
    if part == ".":
        return "self reference, '.' is found in name"
    if part == "..":
        return "parent reference, '..' is found in name"
    return None


def name_error(name: str, kind: str) -> str | None:
    """Return what is wrong with the name of a dataset ("dataset"), "snapshot" or "bookmark"."""
    if kind == "dataset" and "@" in name:
        return "snapshot delimiter '@' is not expected here"
    if kind == "snapshot" and "@" not in name:
        return "missing '@' delimiter in snapshot name"
    if kind != "bookmark" and "#" in name:
        return "bookmark delimiter '#' is not expected here"
    if kind == "bookmark" and "#" not in name:
        return "missing '#' delimiter in bookmark name"
    wrong = form_error(name)
    if wrong:
        return wrong
    if "%" in name:
        return "invalid character % in name"
    return None


def pool_name_error(name: str) -> str | None:
    """Return what is wrong with the name of a new pool (captures zpool-create-bad*)."""
    if any(name == word or name.startswith(word) for word in RESERVED_POOLS):
        return "name is reserved\npool name may have been omitted"
    for letter in name_bytes(name):
        if letter == ord("/"):
            return "invalid character '/' in pool name\nuse 'zfs create' to create a dataset"
        if letter not in LETTERS:
            return (
                f"invalid character '{text_of(bytes([letter]))}' in pool name\n"
                "pool name may have been omitted"
            )
    if not name[:1].isalpha():
        return "name must begin with a letter\npool name may have been omitted"
    return None


def pool_of(name: str) -> str:
    """Return the pool that a name of any type lies on."""
    for place, letter in enumerate(name):
        if letter in "/@#":
            return name[:place]
    return name


def parent_of(name: str) -> str:
    """Return the parent of a dataset, "" for the root of a pool."""
    return name.rpartition("/")[0]
