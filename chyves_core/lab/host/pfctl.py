"""pfctl(8): pf(4)'s translation rules and anchors; packets are not filtered.

The texts are from pfctl's source, not captured. `pfctl -e` loads no module here.
"""

from __future__ import annotations

import re
import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.state import change_host, read_host

USAGE = """\
usage: pfctl [-AdeghMmNnOPqRrvz] [-a anchor] [-D macro=value] [-F modifier]
\t[-f file] [-i interface] [-K host | network]
\t[-k host | network | gateway | label | id] [-o level] [-p device]
\t[-s modifier] [-t table -T command [address ...]] [-x level]"""
NO_PF = "pfctl: /dev/pf: No such file or directory"
NAT_RULE = r"nat on [\w.]+ inet from [\d./]+ to any -> \([\w.]+\)"
ANCHOR_RULE = r'(?:nat-|rdr-|binat-)?anchor "[\w./*-]+"(?: all)?'
OTHER_RULE = r"(?:set|scrub|pass|block|rdr|table)\b.*"


def main(arguments: list[str], lab: Lab) -> int:
    """Enable pf, load rules into the main ruleset or an anchor, flush or show them."""
    try:
        options, _ = parse_options(arguments, "AdegD:F:f:hi:K:k:MmnNOo:Pp:qRrs:t:T:vx:za:")
    except BadOption as bad:
        print(f"pfctl: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    chosen = dict(options)
    if not lab.is_root:
        print("pfctl: /dev/pf: Permission denied", file=sys.stderr)
        return 1
    if "pf" not in read_host(lab) and "e" not in chosen:
        print(NO_PF, file=sys.stderr)
        return 1
    if "s" in chosen:
        return show(lab, chosen["s"], chosen.get("a", ""))
    rules: list[str] | None = [] if "F" in chosen else None
    if "f" in chosen:
        rules = read_rules(lab, chosen["f"])
        if rules is None:
            return 1
    with change_host(lab) as state:
        pf = state.setdefault("pf", {"enabled": False, "rules": {}})
        pf["enabled"] = "d" not in chosen and ("e" in chosen or pf["enabled"])
        if rules is not None:
            pf["rules"][chosen.get("a", "")] = rules
    return 0


def read_rules(lab: Lab, name: str) -> list[str] | None:
    """Return the rules in a file, None after pfctl's words where one is none."""
    try:
        text = lab.path_or_own(name).read_text()
    except OSError as error:
        print(f"pfctl: {name}: {error.strerror}", file=sys.stderr)
        return None
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        rule = line.partition("#")[0].strip()
        if rule and not re.fullmatch(f"{NAT_RULE}|{ANCHOR_RULE}|{OTHER_RULE}", rule):
            print(f"{name}:{number}: syntax error", file=sys.stderr)
            print("pfctl: Syntax error in config file: pf rules not loaded", file=sys.stderr)
            return None
        if rule:
            rules.append(rule)
    return rules


def show(lab: Lab, what: str, anchor: str) -> int:
    """Show the translation rules of a ruleset, or whether pf is enabled."""
    pf = read_host(lab)["pf"]
    if what == "info":
        print(f"Status: {'Enabled for 0 days 00:00:01' if pf['enabled'] else 'Disabled'}")
        return 0
    for rule in pf["rules"].get(anchor, []):
        if what == "nat" and re.match(r"(?:nat|rdr|binat)\b", rule):
            print(shown(rule))
    return 0


def shown(rule: str) -> str:
    """Return a translation rule as pfctl prints it."""
    if "anchor" in rule:
        return rule if rule.endswith(" all") else f"{rule} all"
    return f"{rule} round-robin" if rule.endswith(")") else rule
