"""The lab's zfs against what the real OpenZFS answered, see transcripts.py.

The answers are those of OpenZFS 2.3.2 on Linux; `make test-vm` checks that it still says so.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .playing import make_host
from .transcripts import FILES, play, read

# The FreeBSD whose zfs comes nearest to it.
RELEASE = "15.0"

BLOCKS = "the lab's blocks have 1M at most, as those of 2.1"
GUIDS = "the lab finds received datasets by name, not by guid: no renames are followed"
IN_USE = "a filesystem of the lab is in use where one below it is"
KNOWN_DIFFERENCES: dict[str, str] = {
    "create: zfs create -V 16m -b 1000 tank/odd": BLOCKS,
    "set-inherit: zfs set recordsize=3000 tank/a": BLOCKS,
    "mounts: cd $R/tank/a/b && zfs unmount tank/a": IN_USE,
    "busy: cd $R/tank/x/logs && zfs destroy -r tank/x": IN_USE,
    "busy: exec 3<$R/dev/zvol/tank/x/disk0; zfs rollback tank/x/disk0@d": (
        "FreeBSD does not roll back what is open (capture rollback-vol-busy), Linux does"
    ),
    "mounts: echo more > $R/tank/a/b/x": "folders of the lab can be written to, readonly or not",
    "replicate: zfs list -H -o name -t all -r zroot": GUIDS,
    "replicate: zfs send -R -i @4 tank/a@5 | zfs recv zroot/copy": (
        "a mount point that comes or goes changes the filesystem around it; not so in the lab"
    ),
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_lab_answers_as_openzfs_did(file: Path, tmp_path: Path) -> None:
    """One test for each transcript, since each command builds on those before it."""
    host = make_host(tmp_path / "lab", RELEASE)
    wanted = read(file)
    different = {
        f"{file.stem}: {here.command}": f"\n  OpenZFS: {there.answer}\n  lab:     {here.answer}"
        for there, here in zip(
            wanted, play(wanted, str(host.root), host.lab.folder, host.variables), strict=True
        )
        if here.answer != there.answer
    }
    new = [name + text for name, text in different.items() if name not in KNOWN_DIFFERENCES]
    assert not new, "\n".join(new)
    known = {name for name in KNOWN_DIFFERENCES if name.startswith(f"{file.stem}: ")}
    agreeing = known - different.keys()
    assert not agreeing, f"take these off KNOWN_DIFFERENCES: {sorted(agreeing)}"
