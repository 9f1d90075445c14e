"""`chyves upgrade` without a guest: how this chyves was installed, and what is newer."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, LabHost

GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files of chyves in a folder of their own."""
    folder = tmp_path / "copy"
    for name in ("bin", "libexec"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "chyves_core").symlink_to(ROOT / "chyves_core")
    return folder


def git(folder: Path, *words: str) -> None:
    subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True)


def said(host: LabHost, root: Path, *words: str, status: int | None = None) -> str:
    """Return what the chyves in a folder says."""
    python = str(ROOT / ".venv/bin/python3")
    done = host.run(str(root / "bin/chyves"), *words, status=status, CHYVES_PYTHON=python)
    return done.stdout or done.stderr


def upgrade(host: LabHost, root: Path, *words: str, status: int = 0) -> list[str]:
    """Return the lines that `upgrade` says."""
    return said(host, root, "upgrade", *words, status=status).splitlines()


def test_a_checkout_is_upgraded_by_git(empty_lab: LabHost, copy: Path, tmp_path: Path) -> None:
    git(copy, "init")
    git(copy, "add", ".")
    git(copy, "commit", "-m", "first")
    git(tmp_path, "clone", str(copy), "here")
    here = tmp_path / "here"
    assert upgrade(empty_lab, here) == [
        f"chyves 1.0.0, installed by git in {here}",
        f"to upgrade: git -C {here} pull",
    ]
    assert upgrade(empty_lab, here, "check")[1:] == ["it is the newest version"]
    git(copy, "commit", "--allow-empty", "-m", "second")
    first, newer, how = upgrade(empty_lab, here, "check")
    assert newer.startswith("there is a newer version: commit ")
    assert how == f"to upgrade: git -C {here} pull"
    empty_lab.chyves("dataset", "zroot", "install")
    doctor = ("doctor", "-H", "-o", "problem,command")
    assert "newer version" not in said(empty_lab, here, *doctor)
    empty_lab.chyves("global", "set", "check_for_updates=on")
    assert f"{newer}\tgit -C {here} pull\n" in said(empty_lab, here, *doctor)
    git(here, "remote", "set-url", "origin", str(tmp_path / "nowhere"))
    assert upgrade(empty_lab, here, "check", status=1)[0] == first


def test_a_package_is_upgraded_by_pkg(empty_lab: LabHost, copy: Path) -> None:
    pkg = empty_lab.lab.bin / "pkg"
    pkg.write_text(
        '#!/bin/sh\ncase "$1 $2" in\n"which -q") echo py311-chyves-1.0.0 ;;\n'
        '"rquery %v") echo 1.1.0 ;;\n"version -t") echo "<" ;;\nesac\n'
    )
    pkg.chmod(0o755)
    assert upgrade(empty_lab, copy, "check") == [
        f"chyves 1.0.0, installed by pkg in {copy}",
        "there is a newer version: 1.1.0",
        "to upgrade: pkg upgrade py311-chyves",
    ]


def test_what_pip_installed_from_a_folder_is_compared_with_it(
    empty_lab: LabHost, copy: Path, tmp_path: Path
) -> None:
    sources = tmp_path / "sources" / "chyves_core"
    sources.mkdir(parents=True)
    (sources / "__init__.py").write_text('__version__ = "1.0.10"\n')
    info = copy / "lib/python3.11/site-packages/chyves-1.0.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chyves\nVersion: 1.0.0\n")
    origin = {"url": f"file://{sources.parent}", "dir_info": {}}
    (info / "direct_url.json").write_text(json.dumps(origin))
    first, newer, how = upgrade(empty_lab, copy, "check")
    assert first == f"chyves 1.0.0, installed by pip in {copy}"
    assert newer == "there is a newer version: 1.0.10"
    assert how.endswith(f"-m pip install --upgrade --prefix {copy} {sources.parent}")


def test_where_nothing_tells_it_is_said(empty_lab: LabHost, copy: Path) -> None:
    assert "no telling" in upgrade(empty_lab, copy, status=1)[0]
