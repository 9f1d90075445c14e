"""The lab's zfs and zpool against captures/zfs.jsonl: 383 commands of a FreeBSD 13.2 host.

Each command runs with sh in one lab, in the order of the capture. Paths of the host are put
below the lab's root; programs that only FreeBSD has are played by shims/. What has to vary
(guids, dates, free space, ZFS's own metadata) is normalised on both sides.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from chyves_core.lab.setup import LabChoice, environment, set_up

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
CAPTURES = PROJECT / "tests" / "captures" / "zfs.jsonl"

LUA = "the lab does not run Lua channel programs"
NODES = "device nodes are plain files in the lab"
KNOWN_DIFFERENCES: dict[str, str] = {
    "kld": "the lab's host has zfs.ko loaded from the start",
    "create-V-blank": "the lab has no kernel messages",
    "create-8192": "the program ends with 134 instead of a signal: sh has nothing to say",
    "dev-zvol": NODES,
    "volmode-dev": NODES,
    "snap-dev": "the lab makes no nodes of volumes' snapshots (snapdev=visible)",
    "recv-ox": "which end of the pipe is first to go is a matter of chance",
    "mount-list": "listed by pool and name, not in the order in which they were mounted",
    "prog-list": LUA,
    "prog-list-j": LUA,
    "prog-snapshots": LUA,
    "prog-setprop": LUA,
    "prog-setprop-native": LUA,
    "prog-setprop-missing": LUA,
    "prog-n": LUA,
    "prog-userprops": LUA,
    "prog-getprop": LUA,
    "prog-args": LUA,
    "prog-error": LUA,
    "prog-error2": LUA,
    "prog-syntax": LUA,
    "prog-stdin": LUA,
    "prog-snapdestroy": LUA,
    "prog-timeout": LUA,
    "prog-otherpool": LUA,
}

# Order of children, clones and user properties is that of ZFS's hash tables: sorted here.
UNORDERED = {
    "set-chars",
    "get-user",
    "get-vol",
    "snap-r-again",
    "destroy-nvR",
    "destroy-children",
    "received-source-user",
}

# Sizes that follow from ZFS's metadata or compression: numbers are not compared.
SIZES = {
    "zpool-list",
    "zpool-list-Hp",
    "list-r",
    "list-Hp",
    "list-default",
    "get-native",
    "get-vol",
    "snap-list",
    "send-nvP",
    "recv-v",
    "recv-resume",
    "recv-resume-get",
    "small-pool",
    "small-fill",
    "small-rm",
    "quota",
    "vol-full",
    "end-list",
}

Result = tuple[int, str, str]


def rows() -> list[dict[str, Any]]:
    """Return the captured commands."""
    return [json.loads(line) for line in CAPTURES.read_text().splitlines()]


def on_host(command: str, root: Path) -> str:
    """Return a command with the host's paths below the lab's root."""
    return re.sub(
        r"(?<![\w./-])/(tank|pond|tiny|tmp|dev/zvol|vmstore)\b(?!/p/a$)", rf"{root}/\1", command
    )


def replay(folder: Path) -> dict[str, Result]:
    """Run all captured commands in a fresh lab and return what came out."""
    lab = set_up(LabChoice(folder=folder, pools=(), freebsd="13.2"), PROJECT)
    variables = environment(lab) | {"LC_ALL": "C", "TZ": "UTC"}
    variables["PATH"] = f"{HERE / 'shims'}{os.pathsep}{variables['PATH']}"
    results = {}
    for row in rows():
        # Files, not pipes: some commands leave a process behind that holds them open.
        with open(folder / "out", "wb") as out, open(folder / "err", "wb") as err:
            done = subprocess.run(
                ["sh", "-c", on_host(row["cmd"], lab.root)],
                env=variables,
                cwd=lab.root,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                timeout=60,
                check=False,
            )
        texts = [(folder / name).read_bytes() for name in ("out", "err")]
        results[row["id"]] = (done.returncode, *(as_host(text, lab.root) for text in texts))
    return results


def as_host(raw: bytes, root: Path) -> str:
    """Return output with the lab's root taken out of its paths."""
    return raw.decode("utf-8", "surrogateescape").replace(str(root), "")


def normalise(name: str, result: Result) -> Result:
    """Return a result without what has to vary."""
    status, *texts = result
    changed = []
    for text in texts:
        text = re.sub(r"\b\d{15,20}\b", "<guid>", text)
        text = re.sub(r"\b1[789]\d{8}\b", "<seconds>", text)
        if name in SIZES:
            text = re.sub(r"\b1-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+", "<token>", text)
            text = re.sub(r"\b0x[0-9a-f]+|\b\d+(\.\d+)?[BKMG%]?", "<n>", text)
            text = re.sub(r"  +", "  ", text)
        if name in UNORDERED:
            text = "\n".join(sorted(text.splitlines()))
        changed.append(text)
    return status, changed[0], changed[1]


def differences(found: dict[str, Result]) -> dict[str, str]:
    """Return the commands that the lab answered otherwise than the host, and how."""
    different = {}
    for row in rows():
        name = row["id"]
        wanted = normalise(name, (row["rc"], row["stdout"], row["stderr"]))
        here = normalise(name, found[name])
        if here != wanted:
            different[name] = f"{row['cmd'][:200]}\n  host: {wanted}\n  lab:  {here}"
    return different


def test_the_lab_answers_as_the_captured_host_did(tmp_path: Path) -> None:
    """One test for all, since each command builds on those before it."""
    different = differences(replay(tmp_path / "lab"))
    new = [f"{name}: {text}" for name, text in different.items() if name not in KNOWN_DIFFERENCES]
    assert not new, "\n".join(new)
    agreeing = KNOWN_DIFFERENCES.keys() - different.keys()
    assert not agreeing, f"take these off KNOWN_DIFFERENCES: {sorted(agreeing)}"
