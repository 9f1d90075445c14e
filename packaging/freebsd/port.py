"""Write the port of a release: port.py SDIST FOLDER, from the skeleton beside this file.

DISTVERSION is that of the sdist, distinfo its size and checksum, and pkg-plist what `make install`
installs, with the names that bsd.port.mk substitutes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SITE = re.compile(r"lib/python3\.\d+/site-packages/")


def main(sdist: Path, folder: Path) -> None:
    """Write the files of the port into the folder."""
    name = re.fullmatch(r"chyves-(.+)\.tar\.gz", sdist.name)
    if name is None:
        sys.exit(f"{sdist}: is no sdist of chyves")
    folder.mkdir(parents=True, exist_ok=True)
    makefile = (HERE / "Makefile").read_text()
    (folder / "Makefile").write_text(makefile.replace("@VERSION@", name[1]))
    for file in ("pkg-descr", "pkg-message"):
        shutil.copy(HERE / file, folder)
    (folder / "distinfo").write_text(distinfo(sdist))
    (folder / "pkg-plist").write_text("".join(f"{line}\n" for line in plist()))


def distinfo(sdist: Path) -> str:
    """Return what `make makesum` would write."""
    data = sdist.read_bytes()
    return (
        f"TIMESTAMP = {int(sdist.stat().st_mtime)}\n"
        f"SHA256 ({sdist.name}) = {hashlib.sha256(data).hexdigest()}\n"
        f"SIZE ({sdist.name}) = {len(data)}\n"
    )


def plist() -> list[str]:
    """Return the packing list; the framework compresses the manual pages."""
    argv = ["sh", str(HERE.parent / "install.sh"), "list"]
    environment = {**os.environ, "PYTHON": sys.executable}
    listed = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    paths = [*listed.stdout.split("\n"), "share/chyves/installed"]
    return sorted(substituted(path) for path in paths if path)


def substituted(path: str) -> str:
    """Return a path as it stands in a packing list."""
    path = SITE.sub("%%PYTHON_SITELIBDIR%%/", path)
    path = path.replace("share/examples/chyves/", "%%EXAMPLESDIR%%/")
    path = path.replace("share/chyves/", "%%DATADIR%%/")
    return f"{path}.gz" if path.startswith("share/man/") else path


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
