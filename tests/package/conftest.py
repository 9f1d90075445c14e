"""Fixtures: the wheel and the sdist as they would be released, and installations of the wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest
from releases import SITE, Installation, Release, build, copy_package, pip


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def installed(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel in a venv of its own, in a folder with a blank in its name."""
    prefix = tmp_path_factory.mktemp("an installation") / "venv"
    venv.create(prefix, system_site_packages=False, with_pip=False)
    for name in ("plumbum", "configobj", "pycdlib"):
        copy_package(name, prefix / SITE)
    pip(prefix / "bin" / "python3", str(release.wheel))
    return Installation(prefix, tmp_path_factory.mktemp("lab") / "lab")


@pytest.fixture(scope="session")
def installed_with_prefix(
    release: Release, installed: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """`pip install --prefix`: the Python is another one's, and does not know the prefix."""
    prefix = tmp_path_factory.mktemp("prefix") / "chyves"
    for name in ("plumbum", "configobj", "pycdlib"):
        copy_package(name, prefix / SITE)
    python = Path(sys.base_prefix) / "bin" / "python3"
    pip(python, "--no-deps", "--prefix", str(prefix), str(release.wheel))
    return Installation(prefix, tmp_path_factory.mktemp("lab") / "lab")


@pytest.fixture(scope="session")
def unpacked(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources as the sdist brings them, without git."""
    folder = tmp_path_factory.mktemp("sources")
    with tarfile.open(release.sdist) as sdist:
        sdist.extractall(folder, filter="data")
    (sources,) = folder.iterdir()
    return sources


@pytest.fixture(scope="session")
def installed_by_make(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """`make install PREFIX=...` of the sdist, for a Python that has what chyves needs."""
    prefix = tmp_path_factory.mktemp("by-make") / "chyves"
    venv.create(prefix, system_site_packages=False, with_pip=False)
    for name in ("plumbum", "configobj", "pycdlib"):
        copy_package(name, prefix / SITE)
    make("install", unpacked, PREFIX=str(prefix), PYTHON=str(prefix / "bin" / "python3"))
    return Installation(prefix, tmp_path_factory.mktemp("lab") / "lab")


def make(target: str, sources: Path, **variables: str) -> None:
    """Run FreeBSD's make where this machine has it, else its own."""
    words = [f"{name}={value}" for name, value in variables.items()]
    program = "bmake" if shutil.which("bmake") else "make"
    done = subprocess.run([program, target, *words], cwd=sources, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
