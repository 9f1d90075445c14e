"""Where a lab keeps its things: one folder, found through the variable CHYVES_LAB."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Lab:
    """The folder of one lab.

    `root/` is the host's file system (`root/dev/zvol/zroot/…`, `root/chyves/zroot/…`),
    `bin/` the host's programs, `log/commands.jsonl` all that they were asked,
    `state/` what they remember, `run/` what lives only as long as a process.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.root = folder / "root"
        self.state = folder / "state"
        self.run = folder / "run"
        self.command_log = folder / "log" / "commands.jsonl"
        self.settings_file = folder / "lab.json"

    @classmethod
    def from_environment(cls) -> Lab:
        """Return the lab that this process runs in; raises KeyError outside of one."""
        return cls(Path(os.environ["CHYVES_LAB"]))

    def path(self, host_path: str) -> Path:
        """Return where the host's absolute path really lies; relative paths stay as they are."""
        if not host_path.startswith("/") or host_path.startswith(f"{self.root}/"):
            return Path(host_path)
        return self.root / host_path.lstrip("/")

    def path_or_own(self, name: str) -> Path:
        """Return the host's file of that name, or, where it has none, the machine's own.

        Users of the lab hand in files of their machine (`chyves iso import ~/debian.iso`).
        """
        inside = self.path(name)
        return inside if inside.exists() or not Path(name).exists() else Path(name)

    def settings(self) -> dict[str, Any]:
        """Return what the lab was made with: `freebsd` ("14.3"), `guest` ("standin", "qemu")."""
        loaded: dict[str, Any] = json.loads(self.settings_file.read_text())
        return loaded

    @property
    def freebsd(self) -> tuple[int, int]:
        """The FreeBSD release that this host plays, as (major, minor)."""
        major, minor = str(self.settings()["freebsd"]).split(".")
        return int(major), int(minor)

    @property
    def is_root(self) -> bool:
        """Whether the caller plays root; CHYVES_LAB_UID=1001 plays someone else."""
        return os.environ.get("CHYVES_LAB_UID", "0") == "0"

    @contextlib.contextmanager
    def lock(self, name: str, *, shared: bool = False) -> Iterator[None]:
        """Hold the lab's lock `name`; it ends with this process, however that ends."""
        self.state.mkdir(parents=True, exist_ok=True)
        with open(self.state / f"{name}.lock", "a") as lock_file:
            fcntl.flock(lock_file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            yield

    def read_state(self, name: str, empty: dict[str, Any]) -> dict[str, Any]:
        """Return the state file `name`, or `empty` where none was written yet."""
        try:
            loaded: dict[str, Any] = json.loads((self.state / f"{name}.json").read_bytes())
        except FileNotFoundError:
            return empty
        return loaded

    def write_state(self, name: str, value: dict[str, Any]) -> None:
        """Write the state file `name` so that a reader sees the old one or the new one."""
        target = self.state / f"{name}.json"
        draft = self.state / f"{name}.json.{os.getpid()}"
        draft.write_text(json.dumps(value, separators=(",", ":")))
        os.replace(draft, target)

    def log_command(self, argv: list[str], status: int, started: float) -> None:
        """Append one line to the command log; `started` is a time.monotonic() value."""
        entry = {
            "time": round(time.time(), 3),
            "argv": argv,
            "status": status,
            "milliseconds": round((time.monotonic() - started) * 1000, 1),
        }
        with open(self.command_log, "a") as log:
            log.write(json.dumps(entry) + "\n")
