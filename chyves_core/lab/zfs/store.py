"""The lab's pools on disk: loading, saving in one step, and the locks around it.

One state file for each pool, named by its guid, and one that says which pools there are.
What has to happen to folders and device nodes after a change is written to a journal before
the new state, so that a killed command is finished by the next one (see actions.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chyves_core.lab.home import Lab
from chyves_core.lab.zfs.actions import Action, carry_out
from chyves_core.lab.zfs.errors import ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool, Snapshot
from chyves_core.lab.zfs.names import pool_of

INDEX = "zfs-pools"


class Store:
    """All pools of one lab, each loaded when it is first asked for."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.files = lab.folder / "zfs"
        self.journal = lab.state / "zfs-journal"
        self.loaded: dict[str, Pool] = {}
        self.index: dict[str, dict[str, Any]] = {}

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the shared lock: nothing changes meanwhile."""
        if self.journal.exists():
            with self.writing():
                pass
        with self.lab.lock("zfs", shared=True):
            self.refresh()
            yield

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the exclusive lock, after ending what a killed command left undone."""
        with self.lab.lock("zfs"):
            self.finish_journal()
            self.refresh()
            yield

    def refresh(self) -> None:
        """Forget what was loaded and read again which pools there are."""
        self.loaded = {}
        self.index = self.lab.read_state(INDEX, {})

    def pool_names(self) -> list[str]:
        """Return the imported pools, sorted."""
        return sorted(entry["name"] for entry in self.index.values() if not entry["exported"])

    def pool(self, name: str) -> Pool | None:
        """Return an imported pool, None where there is none of that name."""
        if name in self.loaded:
            return self.loaded[name]
        for guid, entry in self.index.items():
            if entry["name"] == name and not entry["exported"]:
                self.loaded[name] = self.load(guid, name)
                return self.loaded[name]
        return None

    def load(self, guid: str, name: str) -> Pool:
        """Return the pool with that guid under the name `name`."""
        return Pool(name, self.lab.read_state(f"zfs-pool-{guid}", {}))

    def pool_with(self, name: str) -> Pool:
        """Return the pool that a dataset's name lies on; raises ZfsError where it is missing."""
        pool = self.pool(pool_of(name))
        if pool is None:
            raise ZfsError(f"cannot open '{name}': dataset does not exist")
        return pool

    def find(self, name: str) -> Dataset | None:
        """Return the dataset of that name."""
        pool = self.pool(pool_of(name))
        return pool.datasets.get(name) if pool else None

    def find_snapshot(self, name: str) -> tuple[Dataset, Snapshot] | None:
        """Return the dataset and the snapshot that "tank/a@s1" names."""
        head, _, tail = name.partition("@")
        dataset = self.find(head)
        snap = dataset.snapshot(tail) if dataset else None
        return (dataset, snap) if dataset and snap else None

    def pool_files(self, pool: Pool) -> Path:
        """Return the folder in which the lab keeps a pool's snapshots and unmounted files."""
        return self.files / str(pool.guid)

    def commit(self, pool: Pool, actions: list[Action], history: list[str] | None = None) -> None:
        """Make the changed pool the valid one, then carry out `actions` on folders and nodes."""
        pool.txg += 1
        if actions:
            self.write_journal(pool, actions)
        self.lab.write_state(f"zfs-pool-{pool.guid}", pool.state())
        if history:
            self.add_history(pool, history)
        if actions:
            self.carry_out_journal(actions)

    def write_index(self, name: str, guid: int, exported: bool) -> None:
        """Write that the pool `guid` is there under that name."""
        self.index[str(guid)] = {"name": name, "exported": exported}
        self.lab.write_state(INDEX, self.index)

    def forget(self, guid: int) -> None:
        """Write that the pool `guid` is no more."""
        del self.index[str(guid)]
        self.lab.write_state(INDEX, self.index)

    def write_journal(self, pool: Pool, actions: list[Action]) -> None:
        """Write what has to be done once the pool's transaction `txg` is in force."""
        head = {"guid": pool.guid, "txg": pool.txg, "actions": actions}
        draft = self.journal.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(head) + "\n")
        os.replace(draft, self.journal)

    def finish_journal(self) -> None:
        """Carry out what the journal says is still to be done; each action ends with a dot."""
        try:
            head, _, done = self.journal.read_text().partition("\n")
        except FileNotFoundError:
            return
        plan = json.loads(head)
        state = self.lab.read_state(f"zfs-pool-{plan['guid']}", {"txg": 0})
        if state["txg"] >= plan["txg"]:
            self.carry_out_journal(plan["actions"][len(done) :])
        else:
            self.journal.unlink()

    def carry_out_journal(self, actions: list[Action]) -> None:
        """Carry out the journal's remaining actions, marking each, and end the journal.

        One that the machine refuses (no room, no right) does not keep back the others; the
        first refusal is raised at the end, as OSError.
        """
        refused: OSError | None = None
        with open(self.journal, "ab", buffering=0) as progress:
            for action in actions:
                try:
                    carry_out(action)
                except OSError as error:
                    refused = refused or error
                progress.write(b".")
        self.journal.unlink()
        if refused:
            raise refused

    def history_file(self, pool: Pool) -> Path:
        """Return the file that holds the pool's history, one line a command."""
        return self.lab.state / f"zfs-history-{pool.guid}.txt"

    def add_history(self, pool: Pool, words: list[str]) -> None:
        """Append a command to the pool's history."""
        stamp = time.strftime("%Y-%m-%d.%H:%M:%S")
        line = f"{stamp} {' '.join(words)}\n".encode("utf-8", "surrogateescape")
        with open(self.history_file(pool), "ab") as history:
            history.write(line)
