"""jail(8): make and remove jails of the lab's host, in which nothing runs.

A vnet jail can be given interfaces by ifconfig(8); when it is removed, they come back to the host.
"""

from __future__ import annotations

import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.state import HostState, change_host

USAGE = (
    "usage: jail [-dhilqv] [-J jid_file] [-u username] [-U username]\n"
    "            -[cmr] param=value ... [command=command ...]"
)


def find(state: HostState, name: str) -> HostState | None:
    """Return the jail of that name or number."""
    jails: list[HostState] = state.get("jails", [])
    return next((each for each in jails if name in (each["name"], str(each["jid"]))), None)


def not_found(name: str) -> str:
    """Return what the kernel says of a jail that is not there."""
    return f'jail "{name}" not found'


def main(arguments: list[str], lab: Lab) -> int:
    """Make a jail with `-c name=NAME [vnet] persist`, or remove one with -r."""
    try:
        options, words = parse_options(arguments, "cmrqv")
    except BadOption as bad:
        print(f"jail: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    flags = {letter for letter, _ in options}
    if flags & {"c", "r"} and words and not lab.is_root:
        print("jail: jail_set: Operation not permitted", file=sys.stderr)
        return 1
    with change_host(lab) as state:
        jails = state.setdefault("jails", [])
        if "r" in flags and words:
            found = find(state, words[0])
            if found is None:
                # captures host jls
                print(f'jail: "{words[0]}" not found', file=sys.stderr)
                return 1
            state["interfaces"] += found["interfaces"]
            jails.remove(found)
            return 0
        values = dict(word.partition("=")[::2] for word in words)
        if "c" not in flags or "name" not in values:
            print(USAGE, file=sys.stderr)
            return 1
        if find(state, values["name"]):
            print(f'jail: jail "{values["name"]}" already exists', file=sys.stderr)
            return 1
        number = max((each["jid"] for each in jails), default=0) + 1
        vnet = "new" if values.get("vnet", "inherit") in ("", "new") else "inherit"
        jails.append({"jid": number, "name": values["name"], "vnet": vnet, "interfaces": []})
    return 0
