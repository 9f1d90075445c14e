"""The file that bhyve reads with -k: what would else stand in argv, as settings.

The names are bhyve_config(5)'s; how an option becomes settings is what the captures of
`-o config.dump=1` show. A line is NAME=VALUE without blanks around `=`; `%` stands doubled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chyves_core.bhyve.arguments import Argument

Settings = Iterator[tuple[str, str]]

SAME_NAME = {"-m": "memory.size", "-U": "uuid", "-K": "keyboard.layout"}
FIRST_WORD = {
    "virtio-blk": "path",
    "nvme": "path",
    "virtio-net": "backend",
    "e1000": "backend",
    "virtio-scsi": "dev",
    "virtio-input": "path",
    "uart": "path",
}


@dataclass(frozen=True)
class ConfigFile:
    """The text of the file, and the text to show in its place."""

    path: str
    text: str
    shown: str


def split(
    arguments: Iterable[Argument], path: str
) -> tuple[tuple[Argument, ...], ConfigFile | None]:
    """Return the arguments that stay in argv, and the file that says all others.

    Flags that the user chose stay as they were typed, and so do those that no setting is known
    for.
    """
    stay: list[Argument] = []
    lines: list[str] = []
    shown: list[str] = []
    for each in arguments:
        settings = tuple(settings_of(each)) if "bargs" not in each.sources else ()
        if not settings:
            stay.append(each)
            continue
        lines += [line(name, value) for name, value in (*settings, *each.secrets)]
        shown += [line(name, value) for name, value in settings]
        shown += [f"{name}=***\n" for name, _ in each.secrets]
    return tuple(stay), ConfigFile(path, "".join(lines), "".join(shown))


def line(name: str, value: str) -> str:
    """Return one line of the file."""
    return f"{name}={value.replace('%', '%%')}\n"


def settings_of(argument: Argument) -> Settings:
    """Yield the settings that an argument means; nothing for one that has to stay in argv."""
    flag, value = argument.flag, argument.value
    if argument.settings:
        yield from argument.settings
    elif flag in SAME_NAME:
        yield SAME_NAME[flag], value
    elif flag == "-S":
        yield "memory.wired", "true"
    elif flag == "-o":
        name, _, setting = value.partition("=")
        yield name, setting
    elif flag == "-c":
        yield from cpu_settings(value)
    elif flag == "-l":
        yield from lpc_settings(value)
    elif flag == "-s":
        yield from device_settings(value)


def cpu_settings(value: str) -> Settings:
    """Yield the settings of -c."""
    if value.isdigit():
        yield "cpus", value
        return
    for word in value.split(","):
        name, _, number = word.partition("=")
        yield name, number


def lpc_settings(value: str) -> Settings:
    """Yield the settings of -l, for the devices that chyves plans."""
    device, _, rest = value.partition(",")
    if device.startswith("com"):
        yield f"lpc.{device}.path", rest
    elif device == "tpm":
        kind, _, path = rest.partition(",")
        yield "tpm.type", kind
        yield "tpm.path", path.partition(",")[0]
        # -l sets it by itself; without it bhyve aborts (tpm_device.c).
        yield "tpm.version", "2.0"


def device_settings(value: str) -> Settings:
    """Yield the settings of -s; a bus is not named there, so it is 0."""
    address, model, *words = value.split(",")
    slot, _, function = address.partition(":")
    node = f"pci.0.{slot}.{function or 0}"
    ahci = model in ("ahci-hd", "ahci-cd")
    yield f"{node}.device", "ahci" if ahci else model
    if ahci:
        yield f"{node}.port.0.type", model.removeprefix("ahci-")
        node += ".port.0"
    for name, setting in word_settings("virtio-blk" if ahci else model, words):
        yield f"{node}.{name}", setting


def word_settings(model: str, words: list[str]) -> Settings:
    """Yield the settings behind a model: its own first word, then NAME=VALUE and NAME (true)."""
    rest = list(words)
    if model == "xhci":
        for number, word in enumerate(rest, start=1):
            yield f"slot.{number}.device", word
        return
    if model == "virtio-console":
        for number, word in enumerate(rest):
            name, _, path = word.partition("=")
            yield f"port.{number}.name", name
            yield f"port.{number}.path", path
        return
    if rest and model == "virtio-9p":
        yield from zip(("sharename", "path"), rest.pop(0).partition("=")[::2], strict=True)
    elif rest and model == "passthru":
        yield from passthru_settings(rest.pop(0))
    elif rest and model in FIRST_WORD and not rest[0].startswith("ram="):
        yield FIRST_WORD[model], rest.pop(0)
    for word in rest:
        name, equals, setting = word.partition("=")
        yield name, setting if equals else "true"


def passthru_settings(word: str) -> Settings:
    """Yield the settings of the host's device: pptN, B/S/F, pciB:S:F or pciD:B:S:F."""
    if word.startswith("ppt"):
        yield "pptdev", word
        return
    numbers = word.removeprefix("pci").replace("/", ":").split(":")
    yield from zip(("bus", "slot", "func"), numbers[-3:], strict=True)
