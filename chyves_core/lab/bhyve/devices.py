"""The device models of bhyve(8), and how each reads the words behind its name in `-s`."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

from chyves_core.lab.bhyve.config import Config, Node, child_node, set_value, values
from chyves_core.lab.bhyve.failures import Crash
from chyves_core.lab.bhyve.older import read_words
from chyves_core.lab.bhyve.refused import Refused
from chyves_core.lab.bhyve.releases import Release, error_status, has_config_tree, models

ALIASES = {"ahci-hd": "ahci", "ahci-cd": "ahci", "amd_hostbridge": "hostbridge"}
"""Names that `-s` takes and a `device=` variable does not (captures bhyve w-o-pci-legacy)."""

PASSTHRU_ADDRESS = re.compile(r"(?:pci0:(\d+):(\d+):(\d+)|pci(\d+):(\d+):(\d+)|(\d+)/(\d+)/(\d+))")
BLOCK_MODELS = ("virtio-blk", "nvme")
NET_MODELS = ("virtio-net", "e1000")


def set_slot(config: Config, text: str, freebsd: Release) -> None:
    """Take one `-s` option into the tree; raises Refused for a wrong or a taken slot.

    Raises Crash where bhyve dies of the option (captures bhyve w-con-none).
    """
    place, comma, rest = text.partition(",")
    address = _slot_address(place)
    status = error_status(freebsd)
    if not comma or address is None:
        raise Refused(f'Invalid PCI slot info field "{text}"', status)
    model, comma, options = rest.partition(",")
    path = "pci.{}.{}.{}".format(*address)
    is_old = not has_config_tree(freebsd)
    where = "pci slot {}:{}:{}".format(*address)
    if is_old:
        where = f"pci slot {address[1]}:{address[2]}"
    is_taken = config.find_node(path) is not None
    if model not in models(freebsd) and not (is_old and is_taken):
        raise Refused(f'{where}: unknown device "{model}"', status)
    if is_taken:
        raise Refused(f"{where} already occupied!", status)
    node = config.node(path)
    set_value(node, "device", ALIASES.get(model, model))
    if model == "amd_hostbridge":
        node.update(vendor="0x1022", devid="0x7432")
    elif is_old:
        config.written[path] = options if comma else None
        if comma:
            read_words(node, model, options)
    elif comma:
        _READERS.get(model, set_words)(node, options)
        _check_passthru_form(node, options, freebsd)
    else:
        _set_without_words(node, model)


def _set_without_words(node: Node, model: str) -> None:
    if model in ("ahci-hd", "ahci-cd"):
        set_value(child_node(node, "port.0"), "type", model[-2:])
    elif model == "virtio-input":
        raise Refused("", 4)
    elif model == "virtio-console":
        raise Crash(signal.SIGSEGV)


def _check_passthru_form(node: Node, options: str, freebsd: Release) -> None:
    """Refuse the forms of a host's device that 13.1 does not know: pptN and pciB:S:F."""
    is_plain = re.match(r"\s*[+-]?\d+/[+-]?\d+/[+-]?\d+", options)
    if node["device"] == "passthru" and freebsd < (13, 2) and not is_plain:
        raise Refused(f'passthru: invalid options "{options}"', 4)


def _slot_address(place: str) -> tuple[int, int, int] | None:
    """Return (bus, slot, function) as sscanf(3) reads it: what follows the numbers is dropped."""
    found = re.match(r"\s*([+-]?\d+)(?::\s*([+-]?\d+)(?::\s*([+-]?\d+))?)?", place)
    if not found:
        return None
    numbers = [int(number) for number in found.groups() if number is not None]
    bus, slot, function = {1: [0, *numbers, 0], 2: [0, *numbers], 3: numbers}[len(numbers)]
    if bus in range(256) and slot in range(32) and function in range(8):
        return bus, slot, function
    return None


def set_words(node: Node, options: str) -> None:
    """Take `name=value` and `name` (meaning true) words, separated by commas, into a node."""
    for word in options.split(","):
        name, equals, value = word.partition("=")
        set_value(node, name, value if equals else "true")


def set_first(node: Node, name: str, options: str) -> None:
    """Take the first word as the variable `name` and the rest as usual."""
    first, comma, rest = options.partition(",")
    set_value(node, name, first)
    if comma:
        set_words(node, rest)


def _set_disk(node: Node, options: str) -> None:
    set_first(node, "path", options)


def _set_nvme(node: Node, options: str) -> None:
    if options.startswith("ram="):
        set_words(node, options)
    else:
        _set_disk(node, options)


def _set_net(node: Node, options: str) -> None:
    set_first(node, "backend", options)


def _set_port(node: Node, number: int, kind: str, options: str) -> None:
    port = child_node(node, f"port.{number}")
    set_value(port, "type", kind)
    _set_disk(port, options)


def _set_ahci(node: Node, options: str) -> None:
    """Take `hd:PATH[,word…],cd:PATH…`, one port after the other."""
    for number, text in enumerate(re.split(r",(?=hd:|cd:)", options)):
        kind, colon, rest = text[:2], text[2:3], text[3:]
        if kind not in ("hd", "cd") or colon != ":":
            raise Refused(f'Missing or invalid type for port {number}: "{text}"', 4)
        _set_port(node, number, kind, rest)


def _set_xhci(node: Node, options: str) -> None:
    for number, word in enumerate(options.split(","), start=1):
        set_value(child_node(node, f"slot.{number}"), "device", word)


def _set_9p(node: Node, options: str) -> None:
    for word in options.split(","):
        name, equals, path = word.partition("=")
        if equals and "sharename" in node:
            raise Refused("virtio-9p: more than one share name given", 4)
        if equals:
            node.update(sharename=name, path=path)
        else:
            set_value(node, name, "true")


def _set_console(node: Node, options: str) -> None:
    for number, word in enumerate(options.split(",")):
        name, equals, path = word.partition("=")
        if not equals:
            raise Refused(f"vtcon: port {name} requires a path", 4)
        child_node(node, f"port.{number}").update(name=name, path=path)


def _set_passthru(node: Node, options: str) -> None:
    first, comma, rest = options.partition(",")
    found = PASSTHRU_ADDRESS.match(first)
    if first.startswith("ppt"):
        set_value(node, "pptdev", first)
    elif found:
        bus, slot, function = (number for number in found.groups() if number is not None)
        node.update(bus=bus, slot=slot, func=function)
    else:
        raise Refused(f'passthru: invalid options "{options}"', 4)
    if comma:
        set_words(node, rest)


_READERS: dict[str, Callable[[Node, str], None]] = {
    "ahci": _set_ahci,
    "ahci-hd": lambda node, options: _set_port(node, 0, "hd", options),
    "ahci-cd": lambda node, options: _set_port(node, 0, "cd", options),
    "e1000": _set_net,
    "nvme": _set_nvme,
    "passthru": _set_passthru,
    "uart": lambda node, options: set_value(node, "path", options),
    "virtio-9p": _set_9p,
    "virtio-blk": _set_disk,
    "virtio-console": _set_console,
    "virtio-input": _set_disk,
    "virtio-net": _set_net,
    "virtio-scsi": lambda node, options: set_first(node, "dev", options),
    "xhci": _set_xhci,
}


def words_of(node: Node) -> tuple[str, tuple[str, ...]]:
    """Return the device of a node as `-s` would write it: the model and the words behind it."""
    settings = values(node)
    model = settings.pop("device", "")
    if model == "hostbridge" and settings.get("vendor") == "0x1022":
        return "amd_hostbridge", ()
    if model == "ahci":
        return _ahci_words(node)
    if model == "xhci":
        return model, tuple(slot["device"] for slot in _numbered(node, "slot"))
    if model == "virtio-console":
        return model, tuple(f"{port['name']}={port['path']}" for port in _numbered(node, "port"))
    return model, tuple(_first_words(model, settings) + _words(settings))


def _first_words(model: str, settings: dict[str, str]) -> list[str]:
    """Return the words that stand without a name, and take them out of the settings."""
    if model == "virtio-9p" and "sharename" in settings:
        return [f"{settings.pop('sharename')}={settings.pop('path', '')}"]
    if model == "passthru" and {"bus", "slot", "func"} <= settings.keys():
        return ["{}/{}/{}".format(*(settings.pop(name) for name in ("bus", "slot", "func")))]
    for name in ("path", "backend", "dev", "pptdev"):
        if name in settings:
            return [settings.pop(name)]
    return []


def _ahci_words(node: Node) -> tuple[str, tuple[str, ...]]:
    ports = _numbered(node, "port")
    kinds = [port.pop("type", "") for port in ports]
    paths = [port.pop("path", "") for port in ports]
    if len(ports) == 1:
        return f"ahci-{kinds[0]}", (paths[0], *_words(ports[0]))
    words: list[str] = []
    for kind, path, port in zip(kinds, paths, ports, strict=True):
        words += [f"{kind}:{path}", *_words(port)]
    return "ahci", tuple(words)


def _numbered(node: Node, name: str) -> list[dict[str, str]]:
    """Return the values of the nodes `name`.0, `name`.1, … by their number."""
    parent = node.get(name)
    if not isinstance(parent, dict):
        return []
    numbered = sorted(parent.items(), key=lambda item: int(item[0]) if item[0].isdigit() else -1)
    return [values(child) for _, child in numbered if isinstance(child, dict)]


def _words(settings: dict[str, str]) -> list[str]:
    return [name if value == "true" else f"{name}={value}" for name, value in settings.items()]
