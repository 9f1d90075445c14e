"""The virtual machine that a bhyve(8) command line describes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from chyves_core.lab.bhyve.config import FALSE_WORDS, TRUE_WORDS, Config
from chyves_core.lab.bhyve.devices import words_of
from chyves_core.lab.bhyve.lpc import COM_PORTS, EX_USAGE
from chyves_core.lab.bhyve.options import FLAGS, read_command_line
from chyves_core.lab.bhyve.refused import Refused as Refused

MEGABYTE = 1 << 20
UNITS = {"k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}


class Topology(NamedTuple):
    """How the guest sees its CPUs."""

    sockets: int
    cores: int
    threads: int


class PciDevice(NamedTuple):
    """One device of the guest, as `-s BUS:SLOT:FUNCTION,EMULATION,OPTIONS` would name it.

    An ahci controller with one port is `ahci-hd` or `ahci-cd`, with more ports `ahci` with
    options as `hd:/path`. The first option of disks is their path, of NICs their backend.
    """

    bus: int
    slot: int
    function: int
    emulation: str
    options: tuple[str, ...]
    written: str | None = None
    """The words behind the model as they stand in `-s`; only before 13.1: devices read them."""

    def option(self, name: str) -> str | None:
        """Return the value of the option `name=value`, "true" for a bare `name`, or None."""
        for word in self.options:
            key, equals, value = word.partition("=")
            if key == name:
                return value if equals else "true"
        return None


class Machine(NamedTuple):
    """A virtual machine before it runs; `memory` is in bytes, devices are sorted by slot.

    `com` maps 1..4 to a backend ("/dev/nmdm50A", "stdio", "tcp=127.0.0.1:9000"), `flags` holds
    the letters of the bhyve flags that are in force however they were set, `config` every
    variable of bhyve_config(5) by its full name, `gdb` is "[ADDRESS:]PORT".
    """

    name: str
    cpus: int
    topology: Topology
    memory: int
    uuid: str | None
    devices: tuple[PciDevice, ...]
    com: dict[int, str]
    bootrom: str | None
    bootvars: str | None
    flags: frozenset[str]
    config: dict[str, str]
    gdb: str | None


def parse(
    arguments: list[str], freebsd: tuple[int, int], locate: Callable[[str], Path] = Path
) -> Machine:
    """Return the machine that bhyve's arguments (without "bhyve") describe; raises Refused.

    `freebsd` is the release as (major, minor); `locate` says where a path of the host lies.
    Devices that cannot be opened are not noticed here: bhyve makes the VM first.
    """
    config = read_command_line(arguments, freebsd, locate)
    if config.get_bool("config.dump", False):
        dump = "\n".join(f"{path}={value}" for path, value in config.lines())
        raise Refused("", 1, dump)
    cpus, topology = _topology(config)
    machine = Machine(
        name=config.get("name") or "",
        cpus=cpus,
        topology=topology,
        memory=memory_size(config.get("memory.size") or ""),
        uuid=config.get("uuid"),
        devices=_devices(config),
        com=_com_ports(config),
        bootrom=_either(config, "lpc.bootrom", "bootrom"),
        bootvars=_either(config, "lpc.bootvars", "bootvars"),
        flags=_flags(config),
        config={path: config.expand(value) for path, value in config.lines()},
        gdb=_debugger(config),
    )
    for warning in config.warnings:
        print(warning, file=sys.stderr)
    return machine


def memory_size(text: str) -> int:
    """Return bytes for `-m`: a plain number below 1 MB counts megabytes; raises Refused."""
    found = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([kmgtpeKMGTPE]?)[bB]?", text)
    if not found:
        raise Refused(f"bhyve: invalid memsize '{text}'", EX_USAGE)
    number = int(found[1], 16 if found[1][:2] in ("0x", "0X") else 10)
    if found[2]:
        return number << UNITS[found[2].lower()]
    return number * MEGABYTE if number < MEGABYTE else number


def _topology(config: Config) -> tuple[int, Topology]:
    """Return the number of CPUs and how they are arranged; bhyve's calc_topology()."""
    wanted = _count(config, "cpus")
    cores = _count(config, "cores") or 1
    threads = _count(config, "threads") or 1
    sockets = _count(config, "sockets") or wanted or 1
    cpus = sockets * cores * threads
    if wanted and wanted != cpus:
        shape = f"({sockets} sockets, {cores} cores, {threads} threads)"
        raise Refused(f"bhyve: Topology {shape} does not match {wanted} vCPUs", 4)
    return cpus, Topology(sockets, cores, threads)


def _count(config: Config, name: str) -> int | None:
    value = config.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"\d+", value) or int(value) not in range(1, 65536):
        raise Refused(f"bhyve: Invalid value for {name}: '{value}'", 4)
    return int(value)


def _devices(config: Config) -> tuple[PciDevice, ...]:
    """Return the devices in slots that bhyve looks at; others pass unnoticed."""
    devices: list[PciDevice] = []
    for bus, slot, function in _addresses(config):
        node = config.find_node(f"pci.{bus}.{slot}.{function}")
        if node is not None:
            emulation, words = words_of(node)
            options = tuple(config.expand(word) for word in words)
            written = config.written.get(f"pci.{bus}.{slot}.{function}")
            devices.append(PciDevice(bus, slot, function, emulation, options, written))
    return tuple(sorted(devices, key=lambda device: device[:3]))


def _addresses(config: Config) -> set[tuple[int, int, int]]:
    """Return the places under `pci.` that are one of bhyve's buses, slots and functions."""
    found: set[tuple[int, int, int]] = set()
    for path, _ in config.lines():
        parts = path.split(".")
        if parts[0] == "pci" and len(parts) > 4 and all(part.isdecimal() for part in parts[1:4]):
            bus, slot, function = (int(part) for part in parts[1:4])
            if bus < 256 and slot < 32 and function < 8:
                found.add((bus, slot, function))
    return found


def _com_ports(config: Config) -> dict[int, str]:
    ports: dict[int, str] = {}
    for number, name in enumerate(COM_PORTS, start=1):
        backend = config.get(f"lpc.{name}.path")
        if backend is not None:
            ports[number] = backend
    return ports


def _either(config: Config, *paths: str) -> str | None:
    for path in paths:
        value = config.get(path)
        if value is not None:
            return value
    return None


def _flags(config: Config) -> frozenset[str]:
    """Return the letters whose variable has their value; wrong words are found by bhyve later."""
    in_force = set()
    for letter, (path, value) in FLAGS.items():
        words = TRUE_WORDS if value == "true" else FALSE_WORDS
        if (config.get(path) or "").lower() in words:
            in_force.add(letter)
    return frozenset(in_force)


def _debugger(config: Config) -> str | None:
    port, address = config.get("gdb.port"), config.get("gdb.address")
    return f"{address}:{port}" if port and address else port
