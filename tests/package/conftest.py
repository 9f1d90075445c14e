"""Fixtures: the wheel and the sdist as they would be released, and installations of the wheel."""

from __future__ import annotations

import sys
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
