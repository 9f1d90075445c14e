"""What `-l` and `-f` say: boot ROM, serial ports, TPM, files for the guest's firmware."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from chyves_core.lab.bhyve.config import Config
from chyves_core.lab.bhyve.devices import set_words
from chyves_core.lab.bhyve.failures import Crash
from chyves_core.lab.bhyve.refused import Refused
from chyves_core.lab.bhyve.releases import Release, has_config_tree, has_help, lpc_devices

COM_PORTS = ("com1", "com2", "com3", "com4")
NO_BACKEND = "\0"
"""Stands for the path of `-l com1` without one, which bhyve only notices later (w-l-com1-noarg)."""

LONGEST_FWCFG_NAME = 55
TPM_ASSERTION = (
    "Assertion failed: (value != NULL), function tpm_device_create,"
    " file /usr/src/usr.sbin/bhyve/tpm_device.c,"
)
EX_USAGE = 64


def take_lpc(config: Config, text: str, freebsd: Release) -> None:
    """Take one `-l` option into the tree; raises Refused.

    The type of the firmware's interface is part of `-l bootrom,ROM,fwcfg=qemu`: bhyve(8) lists
    fwcfg among these devices, but main's pci_lpc.c knows none of that name.
    """
    if has_help(freebsd) and "help".startswith(text):
        raise Refused("", 0, "\n".join(lpc_devices(freebsd)))
    word, comma, rest = text.partition(",")
    device = word.lower()
    if device not in [name.lower() for name in lpc_devices(freebsd)]:
        raise Refused(f"bhyve: invalid lpc device configuration '{text}'", EX_USAGE)
    if device == "bootrom":
        _take_bootrom(config, text, freebsd)
    elif device in COM_PORTS:
        if comma or has_config_tree(freebsd):
            config.set(f"lpc.{device}.path", rest if comma else NO_BACKEND)
    elif device == "tpm":
        _take_tpm(config, text)
    else:
        config.set("lpc.pc-testdev", "true")


def _take_bootrom(config: Config, text: str, freebsd: Release) -> None:
    """Take `bootrom,ROM[,VARIABLES][,name=value…]`.

    A file for variables comes with 13.2, the words behind it with 14; before 13.2 all that
    follows is the path. From 15 on the variables have no `lpc.` in front.
    """
    prefix = "" if freebsd >= (15, 0) else "lpc."
    _, comma, rest = text.partition(",")
    if freebsd < (13, 2):
        if comma:
            config.set(f"{prefix}bootrom", rest)
        return
    if not comma:
        raise Refused(f'bhyve: invalid bootrom option "{text}"', 4)
    words = rest.split(",")
    config.set(f"{prefix}bootrom", words.pop(0))
    if words and ("=" not in words[0] or freebsd < (14, 0)):
        config.set(f"{prefix}bootvars", words.pop(0))
    if words and freebsd >= (14, 0):
        set_words(config.node("lpc"), ",".join(words))


def _take_tpm(config: Config, text: str) -> None:
    """Take `tpm,TYPE,PATH[,version=2.0]`."""
    _, *words = text.split(",", 3)
    node = config.node("tpm")
    for place, name in enumerate(("type", "path")):
        if len(words) <= place:
            raise Refused(f'bhyve: invalid tpm {name} "{text}"', 4)
        config.set(f"tpm.{name}", words[place])
    if words[2:]:
        set_words(node, words[2])
    if config.get("tpm.version") is None:
        config.set("tpm.version", "2.0")


def check_tpm(config: dict[str, str], freebsd: Release) -> None:
    """Check the TPM as bhyve does once all PCI devices are there; raises Refused or Crash.

    swtpm is not in main's page of October 2023, so not in 14.0; 14.1 and 14.2: not known.
    """
    kinds = ("passthru", "swtpm") if freebsd >= (14, 1) else ("passthru",)
    problem = None
    if not any(path.startswith("tpm.") for path in config):
        return
    version, kind = config.get("tpm.version"), config.get("tpm.type")
    interface = config.get("tpm.intf", "crb")
    if version is None:  # only -l tpm has a default
        raise Crash(signal.SIGABRT, f"{TPM_ASSERTION} line 89.")
    if version != "2.0":
        problem = f"tpm_device_create: unsupported tpm version {version}"
    elif kind is None:
        raise Crash(signal.SIGABRT, f"{TPM_ASSERTION} line 108.")
    elif kind not in kinds:
        problem = f'TPM emulation "{kind}" not found'
    elif interface != "crb":
        problem = f'TPM interface "{interface}" not found'
    if problem:
        raise Refused(f"bhyve: {problem}\nFailed to init TPM device", 4)


def take_fwcfg_file(text: str, locate: Callable[[str], Path]) -> None:
    """Check `-f [name=]NAME,(string|file)=DATA`; raises Refused."""
    name, comma, data = text.removeprefix("name=").partition(",")
    kind, _, value = data.partition("=")
    problem = None
    if not comma or not data.startswith(("string=", "file=")):
        problem = f'Invalid fw_cfg option "{text}"'
        problem += "\nbhyve: -f [name=]<name>,(string|file)=<value>"
    if comma and len(name.encode()) > LONGEST_FWCFG_NAME:
        problem = f'fw_cfg name too long: "{text}"'
    elif comma and kind == "file" and not locate(value).exists():
        reason = "No such file or directory"
        problem = f'Can\'t open fw_cfg_user_file file "{value}": {reason}'
    if problem:
        raise Refused(f"bhyve: {problem}\nbhyve: invalid fwcfg item '{text}'", EX_USAGE)
