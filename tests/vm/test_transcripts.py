"""OpenZFS answers the commands of tests/lab/zfs/transcripts as it is written there.

`make test-vm REGENERATE=--regenerate` writes the transcripts anew; read the difference before
you commit it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.lab.zfs.transcripts import FILES, play, read, text_of

RESULTS = Path("/job/results")


def nodes_are_there(command: str) -> None:
    """Wait for the device nodes of volumes where the command uses one."""
    if "/dev/zvol" in command:
        subprocess.run(["udevadm", "settle"], check=True)


@pytest.mark.vm
@pytest.mark.usefixtures("pools")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_openzfs_answers_as_the_transcript_says(
    file: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    found = text_of(list(play(read(file), "", tmp_path, os.environ, nodes_are_there)))
    if request.config.getoption("regenerate"):
        target = RESULTS / file.relative_to(Path.cwd())
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(found)
        return
    assert found.splitlines() == file.read_text().splitlines()
