"""Build a release and install it, without the network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from tests.conftest import LabHost

ROOT = Path(__file__).resolve().parents[2]
SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


@dataclass(frozen=True)
class Release:
    """The files that a release consists of."""

    wheel: Path
    sdist: Path


@dataclass(frozen=True)
class Installation:
    """A place that the wheel was installed to, and the folder of a lab for it."""

    prefix: Path
    lab_folder: Path

    def run(self, *argv: str, cwd: str = "/", status: int = 0) -> str:
        """Run a program with nothing of this checkout around it; return its standard output."""
        done = subprocess.run(
            argv,
            cwd=cwd,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.lab_folder.parent)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status, f"{argv}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def chyves(self, *words: str, **how: str) -> str:
        """Run the installed chyves."""
        return self.run(str(self.prefix / "bin" / "chyves"), *words, **how)

    def in_lab(self, *words: str) -> str:
        """Run a command in the lab of the installed chyves."""
        return self.chyves("lab", "--dir", str(self.lab_folder), "--", *words)

    def stop_everything(self) -> None:
        """End what still runs in the lab."""
        LabHost(self.lab_folder).stop_everything()


def build(folder: Path, source: Path = ROOT) -> Release:
    """Build sdist and wheel with the build tool that pyproject.toml names."""
    argv = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(argv, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return Release(next(folder.glob("*.whl")), next(folder.glob("*.tar.gz")))


def copy_requirements(name: str, site: Path) -> None:
    """Copy what a package requires from the packages of this Python: no network is needed."""
    for requirement in distribution(name).requires or []:
        if "extra ==" not in requirement:
            copy_package(re.split(r"[^\w.-]", requirement)[0], site)


def copy_package(name: str, site: Path) -> None:
    """Copy an installed package and what it requires into another site-packages."""
    package = distribution(name)
    for file in package.files or []:
        source, target = Path(str(package.locate_file(file))), site / file
        if ".." not in file.parts and source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    copy_requirements(name, site)


def pip(python: Path, *words: str) -> None:
    """Run pip for an interpreter, without asking any index."""
    argv = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-index"]
    argv += ["--disable-pip-version-check", "--no-cache-dir", "--no-compile", *words]
    done = subprocess.run(argv, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
