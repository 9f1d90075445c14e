"""Run the captured commands of a real FreeBSD 13.2 host in a lab, and compare what comes out.

Each file is run from top to bottom with sh in one lab. Paths of the host are put below the lab's
root, shims/ plays the few programs that only FreeBSD has, and shortens `sleep`. What has to vary
(dates, process numbers, generated addresses, device numbers) is normalised on both sides.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from chyves_core.lab.home import Lab
from chyves_core.lab.host.nmdm import open_nmdm
from chyves_core.lab.host.state import first_state, loopback, network_card
from chyves_core.lab.setup import LabChoice, environment, set_up

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
CAPTURES = PROJECT / "tests" / "captures"

PATHS = r"(?<![\w./%-])/(vm|tmp|dev/(?:vmm|nmdm|tap|vmnet|vm-net|vm1-net|zvol|nosuch)|usr/local)"
PATIENCE = 6
"""Seconds after which a command counts as one that the capture driver had to end."""

UNORDERED = {"sp-four"}
"""Rows whose order is that of processes that started at the same time."""

Result = tuple[int, str, str]


def rows(name: str) -> list[dict[str, Any]]:
    """Return the captured commands of one file."""
    return [json.loads(line) for line in (CAPTURES / f"{name}.jsonl").read_text().splitlines()]


def capture_host(folder: Path) -> Lab:
    """Make a lab that is like the captured host: two CPUs, 3 GB, two cards that are down."""
    lab = set_up(LabChoice(folder, pools=(), freebsd="13.2"), PROJECT)
    card = network_card("vtnet0", 1, "52:54:00:12:34:56")
    card["options"] = "80028<VLAN_MTU,JUMBO_MTU,LINKSTATE>"
    card["media"] = "Ethernet autoselect (10Gbase-T <full-duplex>)"
    state = first_state()
    state["modules"] = []
    state["interfaces"] = [card, network_card("em0", 2, "52:54:00:12:34:57"), loopback(3)]
    state["ident"] = "BHY"
    state["netmap"] = False
    state["sysctl"] = {
        "hw.ncpu": "2",
        "hw.physmem": "3207024640",
        "hw.realmem": "3221225472",
        "hw.usermem": "3141836800",
        "hw.model": "QEMU Virtual CPU version 2.5+",
        "kern.hostname": "bsd13.example.net",
        "kern.vm_guest": "generic",
        "hw.hv_vendor": "TCGTCGTCGTCG",
        "vm.stats.vm.v_page_count": "762888",
        "vm.stats.vm.v_free_count": "745508",
        "vm.loadavg": "{ 0.57 0.14 0.05 }",
        "vm.max_user_wired": "603780",
    }
    lab.write_state("host", state)
    for name in ("root", "boot/kernel", "usr/local/share/uefi-firmware"):
        (lab.root / name).mkdir(parents=True, exist_ok=True)
    firmware = lab.root / "usr/local/share/uefi-firmware/BHYVE_UEFI.fd"
    firmware.write_bytes(bytes(3653632))
    return lab


def replay(name: str, folder: Path) -> dict[str, Result]:
    """Run every command of a file in a fresh lab and return what came out, by its id."""
    lab = capture_host(folder)
    results = {}
    pair = open_nmdm(lab, "/dev/nmdm0B") if name == "bhyve_uefi" else None
    try:
        for row in rows(name):
            results[row["id"]] = run(row["cmd"], lab)
    finally:
        if pair is not None:
            os.close(pair)
        end_processes(lab)
    return results


def run(command: str, lab: Lab) -> Result:
    """Run one command as the capture driver did: its status, output and errors."""
    variables = environment(lab) | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
    variables["PATH"] = f"{HERE / 'shims'}{os.pathsep}{variables['PATH']}"
    out, err = lab.folder / "out", lab.folder / "err"
    with open(out, "wb") as output, open(err, "wb") as errors:
        process = subprocess.Popen(
            ["sh", "-c", re.sub(PATHS, rf"{lab.root}/\1", command)],
            env=variables,
            cwd=lab.root / "root",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
            preexec_fn=_ignore_hangups,
        )
        status = _wait(process)
    texts = [as_host(file.read_bytes(), lab.root) for file in (out, err)]
    return status, texts[0], texts[1]


def _ignore_hangups() -> None:
    """Ignore SIGHUP, as everything did that the captured host's /etc/rc had started."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Return the status as sh counts it; what hangs is ended with SIGTERM."""
    try:
        status = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        status = process.wait(5)
    return status if status >= 0 else 128 - status


def as_host(raw: bytes, root: Path) -> str:
    """Return output with the lab's root taken out of its paths."""
    return raw.decode("utf-8", "surrogateescape").replace(str(root), "")


def end_processes(lab: Lab) -> None:
    """Kill what the replay left running: whatever has this lab in its environment."""
    mark = f"CHYVES_LAB={lab.folder}\0".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes() + b"\0":
                os.kill(int(process.name), signal.SIGKILL)
        except (OSError, ProcessLookupError):
            continue
    deadline = time.monotonic() + 10
    while list((lab.root / "dev").glob("nmdm*")) and time.monotonic() < deadline:
        time.sleep(0.1)


NORMAL: tuple[tuple[str, str], ...] = (
    (r"^[-cl][-rwx]{9} +\d+ .*? (\S+)(?: -> \S+)?$", r"node \1"),
    (r"^d[-rwx]{9} +\d+ .* (\S+)$", r"folder \1"),
    (r"^total \d+$", "total"),
    (r"^ +PID", "PID"),
    (r"58([:-])9c[:-]fc[:-]\w\w[:-]\w\w[:-]\w\w", r"58\g<1>9c\g<1>fc\g<1>xx\g<1>xx\g<1>xx"),
    (r"02:95:0b:\w\w:\w\w:(\w\w)", r"02:95:0b:xx:xx:\1"),
    (r"Opened by PID \d+", "Opened by PID N"),
    (r"base: 0x[0-9a-f]+", "base: 0xN"),
    (r"^\d+\.\d+ nm_open", "N nm_open"),
    (r"^( *)\d+ (bhyve: |S[+sC]|T[+C])", r"N \2"),
    (r"\[\d+\]", "[N]"),
    (r"pid: \d+", "pid: N"),
    (r"rtc time 0x\w+", "rtc time N"),
    (r"sec = .*", "sec = N"),
    (r"^ *(\d+)$", r"\1"),
    (r"^(Abort trap|Aborted|Segmentation fault|Killed|Terminated)( \(core dumped\))?\n", ""),
)


def normal(text: str) -> str:
    """Return a text without what has to vary."""
    for pattern, replacement in NORMAL:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


def agree(row: dict[str, Any], result: Result) -> bool:
    """Return whether status, output and errors of a command are those of the capture."""
    status, output, errors = result
    captured = (row["rc"], normal(row["stdout"]), normal(row["stderr"]))
    ours = (status, normal(output), normal(errors))
    if row["id"] in UNORDERED:
        return sorted(str(captured)) == sorted(str(ours))
    return captured == ours


def difference(row: dict[str, Any], result: Result) -> str:
    """Return a text that shows both sides."""
    import difflib

    lines = [f"$ {row['cmd']}", f"status {row['rc']} in the capture, {result[0]} in the lab"]
    for name, ours in (("stdout", result[1]), ("stderr", result[2])):
        left, right = normal(row[name]).splitlines(), normal(ours).splitlines()
        lines += difflib.unified_diff(left, right, f"captured {name}", f"lab {name}", lineterm="")
    return "\n".join(lines)


def check(name: str, results: dict[str, Result], known: dict[str, str], row_id: str) -> None:
    """Fail where a row differs and is not known to, or is known to and agrees."""
    row = next(row for row in rows(name) if row["id"] == row_id)
    same = agree(row, results[row_id])
    if row_id in known:
        assert not same, f"{row_id} agrees now: take it out of KNOWN_DIFFERENCES"
    else:
        assert same, difference(row, results[row_id])


def grouped(groups: dict[str, str]) -> dict[str, str]:
    """Return id → reason of a table reason → ids."""
    return {row_id: reason for reason, ids in groups.items() for row_id in ids.split()}
