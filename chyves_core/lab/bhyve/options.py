"""bhyve's command line, turned into its tree of variables as bhyverun.c does it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from chyves_core.lab.bhyve.config import Config
from chyves_core.lab.bhyve.devices import MODELS, set_slot, set_words
from chyves_core.lab.bhyve.refused import Refused
from chyves_core.lab.bhyve.usage import option_letters, usage
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

COM_PORTS = ("com1", "com2", "com3", "com4")
NO_BACKEND = "\0"
"""Stands for the path of `-l com1` without one, which bhyve only notices later (w-l-com1-noarg)."""

EX_USAGE = 64


def read_command_line(
    arguments: list[str], freebsd: tuple[int, int], locate: Callable[[str], Path]
) -> Config:
    """Return the tree that a bhyve command line describes; raises Refused.

    `locate` says where a path of the host really lies, for `-k`.
    """
    try:
        options, rest = parse_options(arguments, option_letters(freebsd))
    except BadOption as bad:
        raise usage(1, str(bad)) from None
    config = Config()
    config.set("acpi_tables", "true" if freebsd >= (15, 0) else "false")
    config.set("memory.size", "256M")
    config.set("x86.strictmsr", "true")
    for letter, value in options:
        _take_option(config, letter, value, freebsd, locate)
    if len(rest) > 1:
        raise usage(1)
    if rest:
        config.set("name", rest[0])
    if config.get("name") is None:
        raise usage(1)
    return config


def _take_option(
    config: Config,
    letter: str,
    value: str,
    freebsd: tuple[int, int],
    locate: Callable[[str], Path],
) -> None:
    if letter == "h":
        raise usage(0)
    if letter in FLAGS:
        config.set(*FLAGS[letter])
    elif letter == "c":
        _take_topology(config, value)
    elif letter == "p":
        _take_pinning(config, value)
    elif letter == "G":
        _take_debugger(config, value)
    elif letter == "k":
        _take_file(config, value, locate)
    elif letter == "l":
        _take_lpc(config, value, freebsd)
    elif letter == "s":
        if "help".startswith(value):
            raise Refused("", 0, "\n".join(MODELS))
        set_slot(config, value)
    elif letter == "o":
        if not config.set_option(value):
            raise Refused(f"bhyve: invalid configuration option '{value}'", EX_USAGE)
    elif letter in "KmU":
        config.set({"K": "keyboard.layout", "m": "memory.size", "U": "uuid"}[letter], value)


def _take_topology(config: Config, text: str) -> None:
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


def _take_pinning(config: Config, text: str) -> None:
    found = re.match(r"\s*([+-]?\d+):\s*([+-]?\d+)", text)
    refusal = f"bhyve: invalid vcpu pinning configuration '{text}'"
    if not found:
        raise Refused(f"invalid format: {text}\n{refusal}", EX_USAGE)
    guest_cpu, host_cpu = int(found[1]), int(found[2])
    if guest_cpu < 0:
        raise Refused(f"invalid vcpu '{guest_cpu}'\n{refusal}", EX_USAGE)
    if host_cpu not in range(256):
        reason = f"hostcpu '{host_cpu}' outside valid range from 0 to 255"
        raise Refused(f"{reason}\n{refusal}", EX_USAGE)
    key = f"vcpu.{guest_cpu}.cpuset"
    before = config.get(key)
    config.set(key, f"{before},{host_cpu}" if before else str(host_cpu))


def _take_debugger(config: Config, text: str) -> None:
    if text.startswith("w"):
        config.set("gdb.wait", "true")
        text = text[1:]
    address, colon, port = text.rpartition(":")
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


def _take_lpc(config: Config, text: str, freebsd: tuple[int, int]) -> None:
    if "help".startswith(text):
        raise Refused("", 0, "\n".join(("bootrom", *COM_PORTS, "pc-testdev")))
    word, comma, rest = text.partition(",")
    device = word.lower()
    if device == "bootrom":
        _take_bootrom(config, text, freebsd)
    elif device in COM_PORTS:
        config.set(f"lpc.{device}.path", rest if comma else NO_BACKEND)
    elif device == "pc-testdev":
        config.set("lpc.pc-testdev", "true")
    elif device == "fwcfg" and freebsd >= (14, 0):
        config.set("lpc.fwcfg", rest)
    elif device == "tpm" and freebsd >= (14, 0):
        kind, _, path = rest.partition(",")
        config.set("tpm.type", kind)
        config.set("tpm.path", path)
    else:
        raise Refused(f"bhyve: invalid lpc device configuration '{text}'", EX_USAGE)


def _take_bootrom(config: Config, text: str, freebsd: tuple[int, int]) -> None:
    """Take `bootrom,FILE[,VARIABLES]`; main's variables have no `lpc.` in front from 15 on."""
    prefix = "" if freebsd >= (15, 0) else "lpc."
    _, *words = text.split(",")
    if not words:
        raise Refused(f'bhyve: invalid bootrom option "{text}"', 4)
    config.set(f"{prefix}bootrom", words[0])
    if len(words) > 1 and "=" in words[1]:
        set_words(config.node("lpc"), ",".join(words[1:]))
    elif len(words) > 1:
        config.set(f"{prefix}bootvars", words[1])
