"""How bhyve before 13.1 reads its options: each device by itself, without a tree of variables.

What a device does not know it refuses, where 13.1 and after let it pass. From the sources of 10.4,
11.3, 12.2 and 13.0.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

from chyves_core.lab.bhyve.config import Node, child_node, set_value
from chyves_core.lab.bhyve.failures import STALE, Crash, DeviceFailed
from chyves_core.lab.bhyve.refused import Refused
from chyves_core.lab.bhyve.releases import Release

MOST_CPUS = 16
"""VM_MAXCPU, which those releases have compiled in."""

IDENTITY = ("nmrr", "ser", "rev", "model")
"""What a disk of an ahci controller is told about itself, in 12.2 and after."""

FBUF_USAGE = "fbuf: {wait,}{vga=on|io|off,}rfb=<ip>:port{,w=width}{,h=height}"
EX_USAGE = 64


def count_cpus(text: str, freebsd: Release) -> dict[str, str]:
    """Return what `-c` says as variables; raises Refused.

    10.x takes the number at the beginning. Later the whole is checked as soon as it is read.
    """
    if freebsd < (11, 0):
        found = re.match(r"\s*[+-]?\d+", text)
        count = int(found[0]) if found else 0
        if count < 1:
            raise Refused(f"Invalid guest vCPUs ({count})", 1)
        return {"cpus": str(count)}
    counts: dict[str, int] = {}
    refusal = Refused(f"bhyve: invalid cpu topology '{text}'", EX_USAGE)
    for word in text.split(","):
        found = re.fullmatch(r"(?:(cpus|sockets|cores|threads)=)?\s*([+-]?\d+)", word)
        if found:
            counts[found[1] or "cpus"] = int(found[2])
        elif word:
            raise refusal
    if any(count not in range(1, 65536) for count in counts.values()):
        raise refusal
    cpus = counts.get("cpus")
    shape = [counts.get(name, 1) for name in ("sockets", "cores", "threads")]
    if cpus is not None and counts.keys() != {"cpus"} and cpus != shape[0] * shape[1] * shape[2]:
        raise refusal
    return {name: str(count) for name, count in counts.items()}


def read_words(node: Node, model: str, options: str) -> None:
    """Put what the words mean into a device's node, and let what is wrong pass: see check_words."""
    if model.startswith("ahci"):
        for number, (kind, words) in enumerate(_ports(model, options)):
            port = child_node(node, f"port.{number}")
            set_value(port, "type", kind)
            _set_words(port, words, "path")
    elif model == "passthru":
        found = re.match(r"\s*(\d+)/(\d+)/(\d+)", options)
        node.update(zip(("bus", "slot", "func"), found.groups(), strict=True) if found else ())
    elif model == "virtio-console":
        for number, word in enumerate(options.split(",")):
            name, _, path = word.partition("=")
            child_node(node, f"port.{number}").update(name=name, path=path)
    elif model == "virtio-9p":
        for word in options.split(","):
            name, equals, path = word.partition("=")
            node.update({"sharename": name, "path": path} if equals else {name: "true"})
    elif model == "xhci":
        for number, word in enumerate(options.split(","), start=1):
            set_value(child_node(node, f"slot.{number}"), "device", word)
    else:
        first = {"virtio-net": "backend", "e1000": "backend", "virtio-scsi": "dev", "fbuf": ""}
        _set_words(node, options.split(","), first.get(model, "path"))


def _set_words(node: Node, words: list[str], first: str) -> None:
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if place == 0 and first and not word.startswith("ram="):
            set_value(node, first, word)
        else:
            set_value(node, name, value if equals else "true")


def _ports(model: str, options: str) -> list[tuple[str, list[str]]]:
    """Return (type, words) of each disk of an ahci controller; empty ones are left out."""
    kind = "cd" if model == "ahci-cd" else "hd"
    ports = []
    for text in re.split(r",(?=hd:|cd:)", options):
        if text.startswith(("hd:", "cd:")):
            kind, text = text[:2], text[3:]
        if text:
            ports.append((kind, text.split(",")))
    return ports


def check_words(model: str, written: str | None, freebsd: Release) -> None:
    """Check the words behind a device as it does when it starts; raises DeviceFailed or Crash.

    `written` is what stands behind the model in `-s`, None where nothing does.
    """
    checker = _CHECKERS.get("ahci" if model.startswith("ahci") else model)
    if checker:
        checker(written, freebsd)


def _check_block_words(words: list[str], freebsd: Release) -> None:
    """Refuse what the backing file's options (block_if.c) do not know; the first is its path."""
    known = {"nocache", "sync", "direct", "ro"} | ({"nodelete"} if freebsd >= (12, 2) else set())
    for word in words[1:]:
        found = re.match(r"sectorsize=\s*([+-]?\d+)(?:/\s*([+-]?\d+))?", word)
        if word not in known and not found:
            raise DeviceFailed([f'Invalid device option "{word}"'])
        if found:
            logical, physical = int(found[1]), int(found[2] or found[1])
            odd = logical & (logical - 1) or physical & (physical - 1)
            if logical and (odd or logical < 512 or logical > physical):
                raise DeviceFailed([f"Invalid sector size {logical}/{physical}"])


def _check_virtio_blk(written: str | None, freebsd: Release) -> None:
    if written is None:
        raise DeviceFailed([], STALE, "virtio-block: backing device required\n")
    try:
        _check_block_words(written.split(","), freebsd)
    except DeviceFailed as failed:
        failed.lines.append(f"Could not open backing file: {failed.reason}")
        raise


def _check_ahci(written: str | None, freebsd: Release) -> None:
    for _, words in _ports("ahci", written or ""):
        own = IDENTITY if freebsd >= (12, 2) else ()  # 12.0 and 12.1: not known
        others = [word for word in words[1:] if not word.startswith(tuple(f"{n}=" for n in own))]
        _check_block_words([words[0], *others], freebsd)


def _check_nvme(written: str | None, freebsd: Release) -> None:
    if written is None:
        raise Crash(signal.SIGSEGV)
    backed = False
    for place, word in enumerate(word for word in written.split(",") if word):
        name, _, value = word.partition("=")
        if name in ("qsz", "ioslots") and _number(value) <= 0:
            raise DeviceFailed([f"Invalid {name} option"])
        if name == "ram" or (place == 0 and name not in _NVME_NAMES):
            backed = True
        elif name not in _NVME_NAMES:
            raise DeviceFailed([f"Invalid option {name}"])
    if not backed:
        raise DeviceFailed(["backing store not specified"])


_NVME_NAMES = ("maxq", "qsz", "ioslots", "sectsz", "ser", "eui64", "dsm")
"""eui64 and dsm are in 13.0; in 12: not known."""


def _number(text: str) -> int:
    """Return the number at the start of a text, as atoi(3) does."""
    found = re.match(r"\s*[+-]?\d+", text)
    return int(found[0]) if found else 0


def _check_nic(written: str | None, freebsd: Release) -> None:
    from chyves_core.lab.bhyve.nics import is_mac, is_mtu

    for word in (written or "").split(",")[1:]:
        name, equals, value = word.partition("=")
        if not equals:
            return
        if name == "mac" and not is_mac(value):
            raise DeviceFailed([f"Invalid MAC {value}"])
        if name == "mtu" and freebsd >= (13, 0) and not is_mtu(value):
            raise DeviceFailed([], "Invalid argument")


def _check_fbuf(written: str | None, freebsd: Release) -> None:
    if written is None:
        raise Crash(signal.SIGSEGV)
    for word in written.split(","):
        name, equals, value = word.partition("=")
        if word == "wait":
            continue
        good = equals and name in ("tcp", "rfb", "vga", "w", "h", "password")
        if name in ("tcp", "rfb"):
            good = good and ("]" not in value or value.partition("]")[2].startswith(":"))
        elif name == "vga":
            good = value in ("off", "io", "on")
        elif name in ("w", "h"):
            good = _number(value) <= {"w": 1920, "h": 1200}[name]
        if not good:
            raise DeviceFailed([f'Invalid fbuf emulation option "{name}"', FBUF_USAGE])


def _check_xhci(written: str | None, freebsd: Release) -> None:
    for word in (written or "").split(","):
        name = word.partition("=")[0]
        if name not in ("", "tablet"):
            raise DeviceFailed([f'Invalid USB emulation "{name}"'])


def _check_9p(written: str | None, freebsd: Release) -> None:
    if written is None:
        raise DeviceFailed([], STALE, "virtio-9p: share name and path required\n")
    share = None
    for word in written.split(","):
        name, equals, _ = word.partition("=")
        if equals and share is not None:
            raise DeviceFailed([], STALE, "virtio-9p: more than one share name given\n")
        if equals:
            share = name
        elif word != "ro":
            raise DeviceFailed([], STALE, f"virtio-9p: invalid option '{word}'\n")
    if share is None:
        raise Crash(signal.SIGSEGV)


def _check_scsi(written: str | None, freebsd: Release) -> None:
    for place, word in enumerate((written or "").split(",")):
        name, equals, _ = word.partition("=")
        if not (name in ("dev", "iid") if equals else place == 0):
            raise DeviceFailed([f"Invalid option {name}"])


def _check_console(written: str | None, freebsd: Release) -> None:
    if written is not None and not all("=" in word for word in written.split(",")):
        raise Crash(signal.SIGSEGV)


_CHECKERS: dict[str, Callable[[str | None, Release], None]] = {
    "ahci": _check_ahci,
    "e1000": _check_nic,
    "fbuf": _check_fbuf,
    "nvme": _check_nvme,
    "virtio-9p": _check_9p,
    "virtio-blk": _check_virtio_blk,
    "virtio-console": _check_console,
    "virtio-net": _check_nic,
    "virtio-scsi": _check_scsi,
    "xhci": _check_xhci,
}
