"""`chyves iso|firmware verify`: is a resource still what was imported?"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.resource_files import make_file

if TYPE_CHECKING:
    from tests.conftest import LabHost


@pytest.fixture
def isos(lab: LabHost, tmp_path: Path) -> LabHost:
    """A lab with the ISOs a.iso and b.iso."""
    for name in ("a.iso", "b.iso"):
        lab.chyves("iso", "import", "-q", make_file(tmp_path, name))
    return lab


def overwrite(host: LabHost, name: str, content: bytes) -> None:
    """Change the file of a resource behind the back of chyves."""
    path = host.root / "chyves" / "zroot" / "ISO" / name / name
    path.chmod(0o644)
    path.write_bytes(content)


def test_all_are_verified_where_none_is_named(isos: LabHost) -> None:
    before = isos.everything()
    done = isos.chyves("iso", "verify", CHYVES_LAB_UID="1001")
    assert (done.stdout, done.stderr) == ("a.iso: ok\nb.iso: ok\n", "")
    assert isos.chyves("iso", "verify", "-q", "b.iso").stdout == ""
    assert isos.chyves("firmware", "verify").stderr == "no firmware resources\n"
    assert isos.everything() == before


def test_a_file_that_has_changed_is_told_and_the_others_verified(isos: LabHost) -> None:
    size = (isos.root / "chyves/zroot/ISO/a.iso/a.iso").stat().st_size
    overwrite(isos, "a.iso", b"x" * size)
    done = isos.chyves("iso", "verify", status=1)
    assert done.stdout == "b.iso: ok\n"
    digest = hashlib.sha256(b"x" * size).hexdigest()
    assert f"chyves: a.iso: is damaged, its sha256 is {digest}, it was " in done.stderr
    assert "chyves iso delete a.iso, and import it again" in done.stderr
    overwrite(isos, "a.iso", b"short")
    said = isos.chyves("iso", "verify", "a.iso", status=1).stderr
    assert f"a.iso: is damaged, it has 5 bytes, it had {size}" in said
    (isos.root / "chyves/zroot/ISO/a.iso/a.iso").unlink()
    assert "is not there" in isos.chyves("iso", "verify", status=1).stderr


def test_one_that_is_not_there_does_not_stop_the_others(isos: LabHost) -> None:
    done = isos.chyves("iso", "verify", "a", "b.iso", status=3)
    assert done.stdout == "b.iso: ok\n"
    assert done.stderr.startswith("chyves: a: there is no such ISO\n")
