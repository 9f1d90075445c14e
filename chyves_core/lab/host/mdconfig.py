"""mdconfig(8): memory disks, which are sparse files in the lab's /dev.

What is not from captures zfs md0, md1 and md-list is from mdconfig(8) and its source.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options

USAGE = """\
usage: mdconfig -a -t type [-n] [-o [no]option] ... [-f file]
                [-s size] [-S sectorsize] [-u unit] [-L label]
                [-x sectors/track] [-y heads/cylinder]
       mdconfig -d -u unit [-o [no]force]
       mdconfig -r -u unit -s size [-o [no]force]
       mdconfig -l [-v] [-n] [-f file] [-u unit]
       mdconfig file
\t\ttype = {malloc, vnode, swap}
\t\toption = {cache, cluster, compress, force,
\t\t          readonly, reserve, ro, verify}
\t\tsize = %d (512 byte blocks), %db (B),
\t\t       %dk (kB), %dm (MB), %dg (GB),\x20
\t\t       %dt (TB), or %dp (PB)"""
ACTIONS = "adl"
TYPES = ("malloc", "vnode", "swap", "null")
SHIFTS = {"b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50}

Disks = dict[str, dict[str, Any]]


class MdError(Exception):
    """What mdconfig complains of."""


def main(arguments: list[str], lab: Lab) -> int:
    """Attach, detach or list memory disks."""
    try:
        options, words = parse_options(arguments, "ab:df:lno:rs:S:t:u:vx:y:L:")
        if not arguments:
            raise BadOption("")
    except BadOption as bad:
        text = f"mdconfig: {bad}\n" if str(bad) else ""
        print(f"{text}{USAGE}", file=sys.stderr)
        return 1
    chosen = dict(options)
    try:
        with lab.lock("md"):
            disks: Disks = lab.read_state("md", {})
            status = act(lab, disks, chosen, words)
            lab.write_state("md", disks)
    except MdError as error:
        print(f"mdconfig: {error}", file=sys.stderr)
        return 1
    return status


def act(lab: Lab, disks: Disks, options: dict[str, str], words: list[str]) -> int:
    """Do what the one action among the options says, and return the status."""
    actions = [letter for letter in options if letter in ACTIONS]
    if len(actions) > 1:
        others = ", -".join(letter for letter in "adrl" if letter != actions[1])
        raise MdError(f"-{actions[1]} is mutually exclusive with -{others}")
    action = actions[0] if actions else "a"
    if action == "l":
        return show(disks, verbose="v" in options, unit=options.get("u"))
    if not lab.is_root:
        raise MdError("open(/dev/mdctl): Permission denied")
    if action == "a":
        attach(lab, disks, options, words)
    else:
        detach(lab, disks, options)
    return 0


def attach(lab: Lab, disks: Disks, options: dict[str, str], words: list[str]) -> None:
    """Make a memory disk; its name is printed where no unit was asked for."""
    file = options.get("f") or (words[0] if words else "")
    kind = options.get("t") or ("vnode" if file else "swap" if "s" in options else "")
    if not kind:
        raise MdError("unable to determine type")
    if kind not in TYPES:
        raise MdError(f"unknown type: {kind}")
    if kind != "vnode" and "s" not in options:
        raise MdError("must specify -s for -t malloc, -t swap, or -t null")
    name = f"md{unit_number(options['u'])}" if "u" in options else free_name(disks)
    if name in disks:
        raise MdError("ioctl(/dev/mdctl): File exists")
    node = lab.path(f"/dev/{name}")
    if kind == "vnode":
        source = backing(lab, file)
        disks[name] = {"type": kind, "file": str(source), "size": source.stat().st_size}
        node.symlink_to(source)
    else:
        disks[name] = {"type": kind, "file": "-", "size": size_of(options["s"])}
        with open(node, "wb") as made:
            made.truncate(disks[name]["size"])
    disks[name]["label"] = options.get("L", "")
    if "u" not in options:
        print(name)


def backing(lab: Lab, file: str) -> Path:
    """Return the file behind a vnode disk."""
    source = lab.path_or_own(os.path.abspath(file))
    if not source.exists():
        raise MdError("realpath: No such file or directory")
    return source


def detach(lab: Lab, disks: Disks, options: dict[str, str]) -> None:
    """Take a memory disk away; one that a pool lies on is busy."""
    if "u" not in options:
        raise MdError("-d requires -u")
    name = f"md{unit_number(options['u'])}"
    if name not in disks:
        raise MdError("ioctl(/dev/mdctl): No such file or directory")
    if in_use(lab, name):
        raise MdError("ioctl(/dev/mdctl): Device busy")
    lab.path(f"/dev/{name}").unlink(missing_ok=True)
    del disks[name]


def in_use(lab: Lab, name: str) -> bool:
    """Return whether a pool that is imported lies on the disk."""
    from chyves_core.lab.zfs.store import Store
    from chyves_core.lab.zfs.zpool_create import device_names

    store = Store(lab)
    with store.reading():
        pools = [store.pool(pool) for pool in store.pool_names()]
        return any(pool is not None and name in device_names(pool) for pool in pools)


def show(disks: Disks, *, verbose: bool, unit: str | None) -> int:
    """List the disks, with -v their type, size, file and label; return the status."""
    shown = {f"md{unit_number(unit)}"} & set(disks) if unit else set(disks)
    names = sorted(shown, key=lambda name: int(name[2:]))
    if not verbose and not unit:
        if names:
            print(" ".join(names), "")
        return 0
    for name in names:
        disk = disks[name]
        print(
            name, disk["type"], f"{human(disk['size']):>6}", disk["file"], disk["label"], sep="\t"
        )
    return 0 if names or not unit else 255


def human(size: int) -> str:
    """Return bytes as humanize_number(3) shows them: a decimal below ten, `600M` and `1.0G`."""
    number, letters = float(size), iter("BKMGTP")
    letter = next(letters)
    while number >= 1000 and letter != "P":
        number, letter = number / 1024, next(letters)
    return f"{number:.1f}{letter}" if number < 10 and letter != "B" else f"{number:.0f}{letter}"


def size_of(text: str) -> int:
    """Return the bytes that -s means: sectors of 512 bytes without a letter behind them."""
    digits, letter = text.rstrip("bkmgtpBKMGTP"), text[len(text.rstrip("bkmgtpBKMGTP")) :]
    if not digits.isdecimal() or len(letter) > 1:
        raise MdError("unknown suffix on -s argument")
    return int(digits) << SHIFTS[letter.lower()] if letter else int(digits) * 512


def unit_number(text: str) -> int:
    """Return the number of a unit, given as 7, md7 or /dev/md7."""
    digits = text.removeprefix("/dev/").removeprefix("md")
    if not digits.isdecimal():
        raise MdError(f"bad unit: {digits}")
    return int(digits)


def free_name(disks: Disks) -> str:
    """Return the first name that no disk has."""
    number = 0
    while f"md{number}" in disks:
        number += 1
    return f"md{number}"
