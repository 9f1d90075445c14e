"""ifconfig(8): show, make, change and destroy network interfaces."""

from __future__ import annotations

import sys
import time

from chyves_core.lab.home import Lab
from chyves_core.lab.host import interfaces, modules
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.ifshow import Style, show
from chyves_core.lab.host.ifvlan import VlanError, create_vlan, is_vlan
from chyves_core.lab.host.ifwords import Call, WordError
from chyves_core.lab.host.interfaces import Interface, InterfaceError
from chyves_core.lab.host.jail import find as find_jail
from chyves_core.lab.host.jail import not_found
from chyves_core.lab.host.state import HostState, change_host

USAGE = """\
usage: ifconfig [-f type:format] [-g groupname] [-C] [-L] interface address_family
                [address [dest_address]] [parameters]
       ifconfig interface create
       ifconfig -a [-g groupname] [-C] [-L] [-d] [-m] [-u] [-v] [address_family]
       ifconfig -l [-d] [-u] [address_family]
       ifconfig [-g groupname] [-C] [-L] [-d] [-m] [-u] [-v]"""

FAMILIES = ("inet", "inet6", "ether", "link", "lladdr")
DESTROY_WAIT = 0.1


class Failure(Exception):
    """ifconfig ends with 1; the text is what it prints behind its own name."""


def main(arguments: list[str], lab: Lab) -> int:
    """Do what one call of ifconfig asks for."""
    try:
        options, words = parse_options(arguments, "aCdf:g:G:j:klLmnuv")
    except BadOption as bad:
        print(f"ifconfig: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    try:
        if not words or any(letter in "alC" for letter, _ in options):
            _list(options, words, lab)
        else:
            _one(options, words, lab)
    except Failure as failure:
        sys.stdout.flush()
        print(f"ifconfig: {failure}", file=sys.stderr)
        return 1
    return 0


def _style(options: list[tuple[str, str]], lab: Lab) -> Style:
    formats: dict[str, str] = {}
    for letter, value in options:
        if letter == "f":
            pairs = [pair.partition(":") for pair in value.split(",")]
            formats |= {kind: name for kind, _, name in pairs if kind in ("inet", "inet6", "ether")}
    media = any(letter == "m" for letter, _ in options)
    return Style(**formats, media=media, freebsd=lab.freebsd)


def _list(options: list[tuple[str, str]], words: list[str], lab: Lab) -> None:
    """Carry out -a, -l, -C and -g, and the call without any argument."""
    flags = {letter for letter, _ in options}
    state = interfaces.read_interfaces(lab)
    if "C" in flags:
        print(" ".join(cloners(state)))
        return
    group = dict(options).get("g")
    chosen = [each for each in state["interfaces"] if _fits(each, flags, group, words)]
    if "l" in flags:
        print(" ".join(each["name"] for each in chosen))
    elif group is not None and "a" not in flags:
        for each in chosen:
            print(each["name"])
    else:
        style = _style(options, lab)
        for each in chosen:
            show(state, each, style)


def _fits(interface: Interface, flags: set[str], group: str | None, words: list[str]) -> bool:
    if "u" in flags and not interface["up"]:
        return False
    if "d" in flags and interface["up"]:
        return False
    if group is not None and group != "all" and group not in interface["groups"]:
        return False
    family = words[0] if words and words[0] in FAMILIES else None
    if family in ("ether", "link", "lladdr"):
        return "ether" in interface
    return family is None or any(each["family"] == family for each in interface["addresses"])


def cloners(state: HostState) -> list[str]:
    """Return the kinds of interfaces that can be made now, the last loaded first."""
    kinds = ["lo"]
    for file in modules.loaded_files(state):
        kinds += [k for k, module in _CLONERS if f"{module}.ko" == file]
    built_in = [k for k in ("vlan", "epair") if k not in kinds]
    return built_in[::-1] + kinds[::-1]


_CLONERS = (
    ("bridge", "if_bridge"),
    ("tun", "if_tuntap"),
    ("tap", "if_tuntap"),
    ("vmnet", "if_tuntap"),
    ("vlan", "if_vlan"),
    ("epair", "if_epair"),
)


def _one(options: list[tuple[str, str]], words: list[str], lab: Lab) -> None:
    """Carry out a call on one interface."""
    name, rest = words[0], words[1:]
    if lab.is_root:
        _load_driver(name, lab)
    state = interfaces.read_interfaces(lab)
    interface = interfaces.find(state, name)
    if interface is None:
        if rest and rest[0] in ("create", "plumb"):
            _create(name, rest[1:], lab)
            return
        if len(rest) == 2 and rest[0] == "-vnet":
            _reclaim(name, rest[1], lab)
            return
        raise Failure(f"interface {name} does not exist")
    if rest == ["create"] or rest == ["plumb"]:
        raise Failure(f"interface {name} already exists")
    if not rest or (len(rest) == 1 and rest[0] in FAMILIES):
        show(state, interface, _style(options, lab))
    elif rest[0] in ("destroy", "unplumb"):
        _destroy(name, lab)
    elif rest[0] == "addr":
        Call(lab, state, interface, False).run(rest)
    else:
        _change(name, rest, lab)


def _reclaim(name: str, wanted: str, lab: Lab) -> None:
    """Take an interface back from a vnet jail; ifconfig looks for it there alone."""
    if not lab.is_root:
        raise Failure("SIOCSIFRVNET: Operation not permitted")
    with change_host(lab) as state:
        jail = find_jail(state, wanted)
        if jail is None:
            raise Failure(not_found(wanted))
        for each in jail["interfaces"]:
            if each["name"] == name:
                jail["interfaces"].remove(each)
                state["interfaces"].append(each)
                return
    raise Failure("SIOCSIFRVNET: Device not configured")


def _load_driver(name: str, lab: Lab) -> None:
    """Load the module that a name like tap9 would need, as ifconfig's ifmaybeload() does."""
    kind, _ = interfaces.split_name(name)
    module = interfaces.CLONERS.get(kind)
    if module is None or not modules.file_name(module, lab.freebsd):
        return
    with change_host(lab) as state:
        modules.ensure(state, module, lab.freebsd)


def _change(name: str, words: list[str], lab: Lab) -> None:
    problem = ""
    with interfaces.change_interfaces(lab) as state:
        interface = interfaces.find(state, name)
        if interface is None:
            raise Failure(f"interface {name} does not exist")
        try:
            Call(lab, state, interface, False).run(words)
        except WordError as error:
            problem = str(error)
        if interface["name"] != name:
            print(interface["name"])
    if problem:
        raise Failure(problem)


def _create(wanted: str, words: list[str], lab: Lab) -> None:
    """Make an interface and carry out the words behind `create`; what fails leaves it there."""
    if wanted.startswith("wlan"):
        reason = "must specify a parent device (wlandev) when creating a wlan device"
        raise Failure(reason)
    problem = ""
    with interfaces.change_interfaces(lab) as state:
        interface, rest = _make(state, wanted, words, lab)
        interfaces.make_node(lab, interface)
        before = interface["device"]
        wildcard = interfaces.split_name(wanted)[1] == "" and not is_vlan(wanted, words)
        try:
            Call(lab, state, interface, wildcard).run(rest)
        except WordError as error:
            problem = str(error)
        if before != wanted or interface["name"] != before:
            print(interface["name"])
    if problem:
        raise Failure(problem)


def _make(state: HostState, wanted: str, words: list[str], lab: Lab) -> tuple[Interface, list[str]]:
    """Return the new interface and the words that are left for it."""
    try:
        if is_vlan(wanted, words):
            return create_vlan(state, wanted, words, lab)
        if not lab.is_root:
            raise InterfaceError("Operation not permitted")
        return interfaces.create(state, wanted, lab.freebsd), words
    except VlanError as error:
        raise Failure(str(error)) from None
    except InterfaceError as error:
        if error.reason == "File exists":
            raise Failure(f"interface {wanted} already exists") from None
        raise Failure(f"SIOCIFCREATE2 ({wanted}): {error.reason}") from None


def _destroy(name: str, lab: Lab) -> None:
    """Destroy an interface; a tap that is open loses its groups and goes when it is closed."""
    if not lab.is_root:
        raise Failure("SIOCIFDESTROY: Operation not permitted")
    while True:
        with interfaces.change_interfaces(lab) as state:
            interface = interfaces.find(state, name)
            if interface is None:
                raise Failure(f"interface {name} does not exist")
            if not interface.get("opener"):
                try:
                    interfaces.destroy(state, interface)
                except InterfaceError as error:
                    raise Failure(f"SIOCIFDESTROY: {error.reason}") from None
                interfaces.remove_node(lab, interface)
                return
            interface["groups"] = []
        time.sleep(DESTROY_WAIT)
