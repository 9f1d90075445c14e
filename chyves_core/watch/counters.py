"""What guests have used so far: read for all of them with a few calls, none of which needs root.

ps(1) has the computing time and the memory of each bhyve, netstat(1) the bytes of each interface,
and sysctl(8) those of each volume: `kstat.zfs.POOL.dataset.objset-0x36.nread`, since FreeBSD 13.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.runtime import Runtime, read_runtime

# ps(1): minutes, seconds and hundredths; the locale may write them with a comma.
CPU_TIME = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:[.,]\d+)?)")
KSTAT = re.compile(r"(kstat\.zfs\..+\.objset-0x[0-9a-f]+)\.(dataset_name|nread|nwritten): (.*)")

Bytes = tuple[int, int]


@dataclass(frozen=True)
class Counters:
    """What one guest has used since its bhyve began; None for what the host does not tell.

    The network is seen with the guest's eyes: `received` is what came to it.
    """

    pid: int
    cpu: float
    memory: int
    read: int | None
    written: int | None
    received: int | None
    sent: int | None


@dataclass(frozen=True)
class Sample:
    """One look at the host: states of guests, and the counters of those that run."""

    moment: float
    states: Mapping[str, str]
    counters: Mapping[str, Counters]


def take_sample(host: Host, guests: Iterable[Guest]) -> Sample:
    """Look at guests; one ps where none of them runs, else four programs however many do."""
    runtime = read_runtime(host)
    chosen = list(guests)
    states = {guest.name: runtime.state(guest.name) for guest in chosen}
    running = [guest for guest in chosen if runtime.bhyve(guest.name)]
    moment = time.monotonic()
    if not running:
        return Sample(moment, states, {})
    times = read_cpu_times(host, [pid_of(runtime, guest) for guest in running])
    disks = read_disks(host, sorted({guest.pool for guest in running}))
    taps = read_interfaces(host)
    counters = {}
    for guest in running:
        pid = pid_of(runtime, guest)
        if pid not in times:
            continue  # it has ended between the two calls of ps
        process = runtime.bhyve(guest.name)
        read, written = total(disks, (disk.dataset for disk in guest.disks))
        came, went = total(taps, guest.interfaces)
        memory = process.memory if process else 0
        # What comes into a tap is what the guest has sent.
        counters[guest.name] = Counters(pid, times[pid], memory, read, written, went, came)
    return Sample(moment, states, counters)


def pid_of(runtime: Runtime, guest: Guest) -> int:
    """Return the process id of a guest's bhyve, 0 where there is none."""
    process = runtime.bhyve(guest.name)
    return process.pid if process else 0


def total(counted: Mapping[str, Bytes], names: Iterable[str]) -> tuple[int | None, int | None]:
    """Return the sum over what was counted of these names; None where nothing was."""
    found = [counted[name] for name in names if name in counted]
    if not found:
        return None, None
    return sum(each[0] for each in found), sum(each[1] for each in found)


def read_cpu_times(host: Host, pids: Iterable[int]) -> dict[int, float]:
    """Return the seconds that processes have computed; those that have ended are missing."""
    words = ",".join(map(str, pids))
    answer = host.read("ps", "-o", "pid=", "-o", "time=", "-p", words, allowed=None)
    found = {}
    for line in answer.stdout.splitlines():
        pid, _, text = line.strip().partition(" ")
        if pid.isdigit():
            found[int(pid)] = cpu_seconds(text.strip())
    return found


def cpu_seconds(text: str) -> float:
    """Return the seconds in a time as ps writes it: `12:03.45`."""
    found = CPU_TIME.fullmatch(text)
    if not found:
        return 0.0
    days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
    return ((days * 24 + hours) * 60 + minutes) * 60 + float(found[4].replace(",", "."))


def read_disks(host: Host, pools: Iterable[str]) -> dict[str, Bytes]:
    """Return the bytes read from and written to each dataset of the pools; none on FreeBSD 12."""
    nodes = [f"kstat.zfs.{pool}.dataset" for pool in pools]
    return parse_kstats(host.read("sysctl", "-i", *nodes, allowed=None).stdout)


def parse_kstats(output: str) -> dict[str, Bytes]:
    """Return (read, written) by dataset, from what sysctl says of their nodes."""
    nodes: dict[str, dict[str, str]] = {}
    for line in output.splitlines():
        if found := KSTAT.fullmatch(line):
            nodes.setdefault(found[1], {})[found[2]] = found[3]
    return {
        node["dataset_name"]: (int(node["nread"]), int(node["nwritten"]))
        for node in nodes.values()
        if node.keys() == {"dataset_name", "nread", "nwritten"}
    }


def read_interfaces(host: Host) -> dict[str, Bytes]:
    """Return the bytes that came in and went out over each interface."""
    return parse_netstat(host.read("netstat", "-ibnW", allowed=None).stdout)


def parse_netstat(output: str) -> dict[str, Bytes]:
    """Return (in, out) by interface from `netstat -ibn`.

    The column of addresses may be empty, so columns are counted from the end; releases have more
    or fewer of them. Only the lines of the links count every byte. A `*` marks what is down.
    """
    lines = [line.split() for line in output.splitlines() if line.strip()]
    if not lines or not {"Ibytes", "Obytes"} <= set(lines[0]):
        return {}
    places = [lines[0].index(name) - len(lines[0]) for name in ("Ibytes", "Obytes")]
    found = {}
    for words in lines[1:]:
        if len(words) >= -places[0] + 3 and words[2].startswith("<Link"):
            counts = [words[place] for place in places]
            if all(count.isdigit() for count in counts):
                found[words[0].rstrip("*")] = int(counts[0]), int(counts[1])
    return found
