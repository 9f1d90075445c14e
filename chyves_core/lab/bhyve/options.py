"""bhyve's command line, turned into its tree of variables as bhyverun.c does it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from chyves_core.lab.bhyve.config import Config
from chyves_core.lab.bhyve.devices import set_slot
from chyves_core.lab.bhyve.lpc import EX_USAGE, take_fwcfg_file, take_lpc
from chyves_core.lab.bhyve.older import MOST_CPUS, count_cpus
from chyves_core.lab.bhyve.refused import Refused
from chyves_core.lab.bhyve.releases import (
    Release,
    has_config_tree,
    has_help,
    models,
    option_letters,
)
from chyves_core.lab.bhyve.usage import usage
from chyves_core.lab.host.getopt import BadOption, parse_options

FLAGS: dict[str, tuple[str, str]] = {
    "a": ("x86.x2apic", "false"),
    "A": ("acpi_tables", "true"),
    "C": ("memory.guest_in_core", "true"),
    "D": ("destroy_on_poweroff", "true"),
    "e": ("x86.strictio", "true"),
    "H": ("x86.vmexit_on_hlt", "true"),
    "P": ("x86.vmexit_on_pause", "true"),
    "S": ("memory.wired", "true"),
    "u": ("rtc.use_localtime", "false"),
    "W": ("virtio_msix", "false"),
    "w": ("x86.strictmsr", "false"),
    "x": ("x86.x2apic", "true"),
    "Y": ("x86.mptable", "false"),
}
"""What each flag sets (captures bhyve d-flags)."""


def read_command_line(
    arguments: list[str], freebsd: Release, locate: Callable[[str], Path]
) -> Config:
    """Return the tree that a bhyve command line describes; raises Refused.

    `locate` says where a path of the host really lies, for `-k`.
    """
    try:
        options, rest = parse_options(arguments, option_letters(freebsd))
    except BadOption as bad:
        raise usage(freebsd, 1, str(bad)) from None
    config = _defaults(freebsd)
    for letter, value in options:
        _take_option(config, letter, value, freebsd, locate)
    if len(rest) > 1:
        raise usage(freebsd, 1)
    if rest:
        config.set("name", rest[0])
    if config.get("name") is None:
        raise usage(freebsd, 1)
    if freebsd >= (15, 0):
        _rename_variables(config)
    return config


def _defaults(freebsd: Release) -> Config:
    """Return the tree before any option: from 15 on with ACPI tables, which -A asked for before."""
    config = Config()
    config.set("acpi_tables", "true" if freebsd >= (15, 0) else "false")
    if freebsd >= (15, 0):
        config.set("acpi_tables_in_memory", "true")
    config.set("memory.size", "256M")
    config.set("x86.strictmsr", "true")
    if freebsd >= (14, 0):
        config.set("lpc.fwcfg", "bhyve")
    return config


def _rename_variables(config: Config) -> None:
    """Take the names that variables had before 15, as bhyve does once all options are read."""
    for name in ("bootrom", "bootvars"):
        value = config.get(f"lpc.{name}")
        if value is not None and config.get(name) is None:
            config.warnings.append(f"bhyve: lpc.{name} is deprecated, use '-o {name}' instead")
            config.set(name, value)


def _take_option(
    config: Config,
    letter: str,
    value: str,
    freebsd: Release,
    locate: Callable[[str], Path],
) -> None:
    if letter == "h":
        raise usage(freebsd, 0)
    if letter in FLAGS:
        if letter != "A" or freebsd < (15, 0):
            config.set(*FLAGS[letter])
    elif letter in "cpG":
        takers = {"c": _take_topology, "p": _take_pinning, "G": _take_debugger}
        takers[letter](config, value, freebsd)
    elif letter == "k":
        _take_file(config, value, locate)
    elif letter == "f":
        take_fwcfg_file(value, locate)
    elif letter == "l":
        take_lpc(config, value, freebsd)
    elif letter == "s":
        if has_help(freebsd) and "help".startswith(value):
            raise Refused("", 0, "\n".join(models(freebsd)))
        set_slot(config, value, freebsd)
    elif letter == "o":
        if not config.set_option(value):
            raise Refused(f"bhyve: invalid configuration option '{value}'", EX_USAGE)
    elif letter in "KmU":
        config.set({"K": "keyboard.layout", "m": "memory.size", "U": "uuid"}[letter], value)


def _take_topology(config: Config, text: str, freebsd: Release) -> None:
    if not has_config_tree(freebsd):
        for name in ("sockets", "cores", "threads", "cpus"):
            config.unset(name)
        for name, count in count_cpus(text, freebsd).items():
            config.set(name, count)
        return
    if not text:
        for name in ("sockets", "cores", "threads", "cpus"):
            config.set(name, "1")
        return
    for word in text.split(","):
        name, equals, value = word.partition("=")
        if not equals:
            config.set("cpus", word)
        elif name in ("cpus", "sockets", "cores", "threads"):
            config.set(name, value)
        else:
            raise Refused(f"bhyve: invalid cpu topology '{text}'", EX_USAGE)


def _take_pinning(config: Config, text: str, freebsd: Release) -> None:
    found = re.match(r"\s*([+-]?\d+):\s*([+-]?\d+)", text)
    refusal = f"bhyve: invalid vcpu pinning configuration '{text}'"
    if not found:
        raise Refused(f"invalid format: {text}\n{refusal}", EX_USAGE)
    guest_cpu, host_cpu = int(found[1]), int(found[2])
    if not has_config_tree(freebsd) and guest_cpu not in range(MOST_CPUS):
        reason = f"vcpu '{guest_cpu}' outside valid range from 0 to {MOST_CPUS - 1}"
        raise Refused(f"{reason}\n{refusal}", EX_USAGE)
    if guest_cpu < 0:
        raise Refused(f"invalid vcpu '{guest_cpu}'\n{refusal}", EX_USAGE)
    if host_cpu not in range(256):
        reason = f"hostcpu '{host_cpu}' outside valid range from 0 to 255"
        raise Refused(f"{reason}\n{refusal}", EX_USAGE)
    key = f"vcpu.{guest_cpu}.cpuset"
    before = config.get(key)
    config.set(key, f"{before},{host_cpu}" if before else str(host_cpu))


def _take_debugger(config: Config, text: str, freebsd: Release) -> None:
    """Take `-G [w][ADDRESS:]PORT`; before 13.2 there is no address, and 0 is no debugger."""
    if text.startswith("w"):
        config.set("gdb.wait", "true")
        text = text[1:]
    address, colon, port = text.rpartition(":")
    if freebsd < (13, 2):
        found = re.match(r"\s*\d+", text)
        if found and int(found[0]):
            config.set("gdb.port", found[0].strip())
        return
    if colon:
        config.set("gdb.address", address)
    config.set("gdb.port", port)


def _take_file(config: Config, name: str, locate: Callable[[str], Path]) -> None:
    try:
        text = locate(name).read_text(errors="surrogateescape")
    except OSError as error:
        reason = f"bhyve: Failed to open configuration file {name}: {error.strerror}"
        raise Refused(reason, 4) from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line and not line.startswith("#") and not config.set_option(line):
            raise Refused(f"bhyve: {name} line {number}: invalid config option '{line}'", 4)
