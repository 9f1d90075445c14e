"""What a release holds."""

from __future__ import annotations

import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from releases import ROOT, Installation, Release


def test_the_wheel_carries_every_file_of_the_core(release: Release) -> None:
    """Also those that are not Python: properties.spec, OS profiles, the lab's texts."""
    tracked = git_files("chyves_core")
    with zipfile.ZipFile(release.wheel) as wheel:
        assert tracked - set(wheel.namelist()) == set()


def test_the_sdist_carries_every_file_of_the_repository(release: Release) -> None:
    with tarfile.open(release.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert git_files() - names == set()


def git_files(*paths: str) -> set[str]:
    """The files that git knows and that are there."""
    argv = ["git", "ls-files", "-z", *paths]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("this is no git repository")
    return {name for name in done.stdout.split("\0") if name and (ROOT / name).exists()}


def test_the_wheel_needs_what_the_code_imports(release: Release) -> None:
    with zipfile.ZipFile(release.wheel) as wheel:
        (metadata,) = [name for name in wheel.namelist() if name.endswith("dist-info/METADATA")]
        text = wheel.read(metadata).decode()
    needed = set(re.findall(r"^Requires-Dist: (\w+)", text, re.M))
    assert needed == {"plumbum", "configobj", "pycdlib"}
    assert re.search(r"^Requires-Python: >=3\.11$", text, re.M)


@pytest.mark.parametrize(
    "path",
    [
        "share/man/man8/chyves.8",
        "share/man/man7/chyves-plugin.7",
        "etc/rc.d/chyves",
        "share/bash-completion/completions/chyves",
        "share/zsh/site-functions/_chyves",
        "share/fish/vendor_completions.d/chyves.fish",
        "share/chyves/chyves.tcsh",
        "share/examples/chyves/chyves-count",
        "libexec/chyves/VERSION",
    ],
)
def test_a_file_is_where_freebsd_looks_for_it(installed: Installation, path: str) -> None:
    """hier(7) for what lies below /usr/local."""
    assert (installed.prefix / path).is_file()


def test_what_can_be_run_in_the_checkout_can_be_run_when_installed(
    installed: Installation,
) -> None:
    for folder, target in (
        ("bin", "bin"),
        ("libexec", "libexec/chyves"),
        ("libexec/lib", "libexec/chyves/lib"),
        ("rc.d", "etc/rc.d"),
        ("examples/plugins", "share/examples/chyves"),
    ):
        assert modes(ROOT / folder) == modes(installed.prefix / target, only=ROOT / folder)


def modes(folder: Path, only: Path | None = None) -> dict[str, bool]:
    """Say of each file whether it is executable."""
    wanted = {file.name for file in (only or folder).iterdir() if file.is_file()}
    return {name: bool((folder / name).stat().st_mode & 0o100) for name in sorted(wanted)}


def test_all_places_name_the_same_version(release: Release) -> None:
    version = (ROOT / "libexec" / "VERSION").read_text().split()[1]
    assert f'__version__ = "{version}"' in (ROOT / "chyves_core" / "__init__.py").read_text()
    assert release.wheel.name == f"chyves-{version}-py3-none-any.whl"
