"""Make a lab's folder and run a command in it: what `chyves lab` does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from chyves_core.lab.home import Lab
from chyves_core.lab.host.files import write_host_files
from chyves_core.lab.programs import PROGRAMS

HOST_FOLDERS = ("dev", "dev/zvol", "etc", "tmp", "usr/local/etc/rc.d", "var/log", "var/run")
RC_SCRIPTS = ("rc.d/chyves", "etc/rc.d/chyves")
"""Where rc.d's script is: in a checkout, and in an installation."""


@dataclass(frozen=True)
class LabChoice:
    """What the command line of `chyves lab` asks for; None keeps what the lab has."""

    folder: Path
    pools: tuple[str, ...] | None = None
    freebsd: str | None = None
    guest: str | None = None


def default_folder() -> Path:
    """Return the folder of the lab that is used where `--dir` names none."""
    state_home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state_home) / "chyves" / "lab"


def set_up(choice: LabChoice, chyves_root: Path) -> Lab:
    """Make the lab's folder, programs and pools where they are missing, and return the lab."""
    lab = Lab(choice.folder.absolute())
    for folder in (lab.bin, lab.state, lab.run, lab.command_log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    for name in HOST_FOLDERS:
        (lab.root / name).mkdir(parents=True, exist_ok=True)
    write_settings(lab, choice)
    write_host_files(lab, str(lab.settings()["freebsd"]))
    write_programs(lab, chyves_root)
    make_pools(lab, choice.pools)
    return lab


def write_settings(lab: Lab, choice: LabChoice) -> None:
    """Write lab.json: the old settings, changed where the command line says so."""
    settings = {"freebsd": "14.3", "guest": "standin"}
    if lab.settings_file.exists():
        settings |= lab.settings()
    if choice.freebsd:
        settings["freebsd"] = choice.freebsd
    if choice.guest:
        settings["guest"] = choice.guest
    text = json.dumps(settings) + "\n"
    if not lab.settings_file.exists() or lab.settings_file.read_text() != text:
        lab.settings_file.write_text(text)


def write_programs(lab: Lab, chyves_root: Path) -> None:
    """Write one small sh script for each of the host's programs, and one for chyves itself."""
    runner = Path(__file__).with_name("run.py")
    for name in PROGRAMS:
        words = [sys.executable, "-I", "-S", str(runner), name]
        write_script(lab.bin / name, words)
    write_script(lab.bin / "chyves", [str(chyves_root / "bin" / "chyves")])
    for rc_script in (chyves_root / each for each in RC_SCRIPTS):
        if rc_script.is_file():
            write_executable(lab.path("/usr/local/etc/rc.d/chyves"), rc_script.read_text())


def write_script(script: Path, words: list[str]) -> None:
    """Write an executable that runs `words` with its own arguments behind them."""
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    write_executable(script, f'#!/bin/sh\nexec {quoted} "$@"\n')


def write_executable(script: Path, text: str) -> None:
    """Write an executable, unless it is there already and holds the same."""
    if script.exists() and script.read_text() == text:
        return
    draft = script.with_suffix(f".{os.getpid()}")
    draft.write_text(text)
    draft.chmod(0o755)
    os.replace(draft, script)


def make_pools(lab: Lab, pools: tuple[str, ...] | None) -> None:
    """Make the pools that are missing; a new lab gets zroot and tank unless told otherwise."""
    from chyves_core.lab.zfs.pools import make_pool, pool_names

    present = pool_names(lab)
    for name in pools if pools is not None else () if present else ("zroot", "tank"):
        if name not in present:
            make_pool(lab, name)


def environment(lab: Lab) -> dict[str, str]:
    """Return the environment of a command in the lab: its programs come first in PATH."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {**os.environ, "CHYVES_LAB": str(lab.folder), "PATH": f"{lab.bin}{os.pathsep}{path}"}


def run_in_lab(lab: Lab, command: list[str]) -> int:
    """Run the command, or a shell where it is empty, and return its status as sh counts it."""
    words = command or [os.environ.get("SHELL", "/bin/sh")]
    status = subprocess.run(words, env=environment(lab), check=False).returncode
    return status if status >= 0 else 128 - status
