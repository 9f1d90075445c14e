"""jls(8): list jails, or some of their parameters."""

from __future__ import annotations

import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.jail import not_found
from chyves_core.lab.host.state import read_host

USAGE = "usage: jls [-dhNnqv] [-j jail] [param ...]"
HEAD = "   JID  IP Address      Hostname                      Path"
PARAMETERS = ("jid", "name", "vnet")


def main(arguments: list[str], lab: Lab) -> int:
    """Print one line for each jail (captures host jls); values as `jls name vnet` has them."""
    try:
        options, names = parse_options(arguments, "dhj:Nnqsv")
    except BadOption as bad:
        print(f"jls: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    chosen = dict(options)
    unknown = [name for name in names if name not in PARAMETERS]
    if unknown:
        print(f"jls: unknown parameter: {unknown[0]}", file=sys.stderr)
        return 1
    jails = read_host(lab).get("jails", [])
    if "j" in chosen:
        jails = [each for each in jails if chosen["j"] in (each["name"], str(each["jid"]))]
        if not jails:
            print(f"jls: {not_found(chosen['j'])}", file=sys.stderr)
            return 1
    if not names:
        print(HEAD)
    for each in jails:
        if names:
            texts = (str(each[name]) for name in names)
            pairs = (
                f"{name}={text}" if "n" in chosen else text
                for name, text in zip(names, texts, strict=True)
            )
            print(" ".join(pairs))
        else:
            print(f"{each['jid']:>6}  {'':15} {'':29} /")
    return 0
