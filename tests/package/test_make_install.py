"""make install and make deinstall, and the port that is made of them."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import make
from releases import ROOT, SITE, Installation, Release, build


def files_below(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if not file.is_dir()}


def test_it_installs_what_the_wheel_does(
    installed: Installation, installed_by_make: Installation
) -> None:
    def of_chyves(prefix: Path) -> set[str]:
        own = re.compile(
            rf"(bin/chyves|libexec/|share/|etc/|{re.escape(SITE)}/chyves_core/)(?!.*\.pyc)"
        )
        return {name for name in files_below(prefix) if own.match(name)}

    by_make = of_chyves(installed_by_make.prefix) - {"share/chyves/installed"}
    assert by_make == of_chyves(installed.prefix)


def test_deinstall_removes_exactly_what_was_installed(unpacked: Path, tmp_path: Path) -> None:
    root = tmp_path / "a stage"
    variables = {"DESTDIR": str(root), "PREFIX": "/usr/local", "PYTHON": sys.executable}
    local = root / "usr/local"
    for name in ("libexec/chyves/chyves-mine", "bin/other", "share/examples/chyves/notes"):
        (local / name).parent.mkdir(parents=True, exist_ok=True)
        (local / name).write_text("ours")
    before = files_below(root)
    make("install", unpacked, **variables)
    names = files_below(root)
    listed = (local / "share/chyves/installed").read_text().split()
    assert names - before == {f"usr/local/{name}" for name in listed}
    first = (local / "bin/chyves_python").read_text().splitlines()[0]
    assert first == f"#!{sys.executable}"
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(local)], check=True)
    # A second one, of a release that has a file less, leaves nothing of the first.
    (local / "libexec/chyves/chyves-gone").write_text("")
    with open(local / "share/chyves/installed", "a") as record:
        record.write("libexec/chyves/chyves-gone\n../../../precious\n")
    (tmp_path / "precious").write_text("ours")
    make("install", unpacked, **variables)
    assert not (local / "libexec/chyves/chyves-gone").exists()
    assert (tmp_path / "precious").exists()
    make("deinstall", unpacked, **variables)
    assert files_below(root) == before
    assert not (local / SITE / "chyves_core").exists()
    assert not (local / "share/chyves").exists()


def test_nothing_is_removed_where_nothing_was_installed(tmp_path: Path) -> None:
    argv = ["sh", str(ROOT / "packaging/install.sh"), "deinstall"]
    done = subprocess.run(
        argv, env={"PATH": "/usr/bin:/bin", "PREFIX": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 1 and "nothing was installed there" in done.stderr


def test_a_wheel_that_is_built_of_the_sdist_is_the_same(
    unpacked: Path, release: Release, tmp_path: Path
) -> None:
    again = build(tmp_path, unpacked)
    with zipfile.ZipFile(again.wheel) as one, zipfile.ZipFile(release.wheel) as other:
        assert set(one.namelist()) == set(other.namelist())


@pytest.fixture(scope="module")
def port(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("port") / "chyves"
    argv = [sys.executable, "packaging/freebsd/port.py", str(release.sdist), str(folder)]
    subprocess.run(argv, cwd=ROOT, check=True)
    return folder


def test_the_port_lists_what_make_installs(port: Path, unpacked: Path, tmp_path: Path) -> None:
    make("install", unpacked, DESTDIR=str(tmp_path), PREFIX="/p", PYTHON=sys.executable)
    listed = (port / "pkg-plist").read_text().splitlines()
    assert listed == sorted(listed)
    paths = set()
    for line in listed:
        path = line.replace("%%PYTHON_SITELIBDIR%%", SITE)
        path = path.replace("%%EXAMPLESDIR%%", "share/examples/chyves")
        path = path.replace("%%DATADIR%%", "share/chyves")
        paths.add(path.removesuffix(".gz") if path.startswith("share/man") else path)
    assert paths == files_below(tmp_path / "p")


def test_distinfo_is_of_this_sdist(port: Path, release: Release) -> None:
    data = release.sdist.read_bytes()
    timestamp, checksum, size = (port / "distinfo").read_text().splitlines()
    assert re.fullmatch(r"TIMESTAMP = \d+", timestamp)
    assert checksum == f"SHA256 ({release.sdist.name}) = {hashlib.sha256(data).hexdigest()}"
    assert size == f"SIZE ({release.sdist.name}) = {len(data)}"


def test_the_port_is_as_the_porters_handbook_wants_it(port: Path, release: Release) -> None:
    """Its chapter 15 orders the variables; portlint(1) looks at the rest."""
    text = (port / "Makefile").read_text()
    variables = re.findall(r"(?m)^([A-Z_]+)\+?=", text)
    order = (
        "PORTNAME DISTVERSION CATEGORIES MASTER_SITES MAINTAINER COMMENT WWW LICENSE LICENSE_FILE "
        "RUN_DEPENDS USES SHEBANG_FILES MAKE_ARGS NO_ARCH NO_BUILD"
    )
    assert variables == order.split()
    assert re.findall(r"(?m)^DISTVERSION=\t(.*)$", text) == [release.sdist.name[7:-7]]
    (comment,) = re.findall(r"(?m)^COMMENT=\t(.*)$", text)
    assert len(comment) <= 70 and comment[0].isupper() and comment[-1] != "."
    assert not comment.startswith(("A ", "An ", "The ")) and "chyves" not in comment
    assert text.endswith("\n\n.include <bsd.port.mk>\n") and " \n" not in text
    described = (port / "pkg-descr").read_text().splitlines()
    assert len(described) >= 3 and all(len(line) < 80 for line in described)


def test_the_port_needs_what_the_wheel_needs(port: Path) -> None:
    """But for pycdlib, which is no port; pkg-message says so."""
    project = (ROOT / "pyproject.toml").read_text()
    (line,) = re.findall(r"(?m)^dependencies = (.*)$", project)
    wanted = re.findall(r'"([a-z]+)(>=[\d.]+)', line)
    makefile = (port / "Makefile").read_text()
    depends = re.findall(r"\$\{PYTHON_PKGNAMEPREFIX\}([a-z]+)(>=[\d.]+):", makefile)
    assert depends == [each for each in wanted if each[0] != "pycdlib"]
    assert "pycdlib" in (port / "pkg-message").read_text()
