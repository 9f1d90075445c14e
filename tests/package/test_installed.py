"""An installed chyves, without its checkout: in a venv, below another prefix, by make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from releases import ROOT, Installation


@pytest.fixture(params=["installed", "installed_with_prefix", "installed_by_make"])
def installation(request: pytest.FixtureRequest) -> Iterator[Installation]:
    found: Installation = request.getfixturevalue(request.param)
    yield found
    if found.lab_folder.exists():
        found.stop_everything()


def test_it_knows_all_commands(installation: Installation) -> None:
    assert installation.chyves("version").startswith("chyves 1.")
    listed = set(installation.chyves("commands", "-a").split())
    assert listed >= {file.name[7:] for file in (ROOT / "libexec").glob("chyves-*")}
    assert "Start guests" in installation.chyves("help")


def test_it_creates_and_lists_a_guest_in_its_lab(installation: Installation) -> None:
    installation.in_lab("chyves", "dataset", "zroot", "install")
    installation.in_lab("chyves", "web1", "create", "1G", "ram=512M")
    assert installation.in_lab("chyves", "list", "-H", "-o", "name,ram") == "web1\t512M\n"
    planned = installation.in_lab("chyves", "web1", "start", "-n")
    assert f"{installation.prefix}/libexec/chyves/lib/supervise.sh" in planned
    assert "ram" in installation.in_lab("chyves", "complete", "web1", "set", "ram").split("=")


def test_it_starts_and_stops_a_guest_in_its_lab(installation: Installation) -> None:
    """The supervisor and what it asks for are found too."""
    iso = installation.lab_folder.parent / "installer.iso"
    iso.write_bytes(b"#chyves-guest\n" + bytes(64 * 1024))
    installation.in_lab("chyves", "dataset", "tank", "install")
    installation.in_lab("chyves", "iso", "import", "-q", str(iso))
    installation.in_lab("chyves", "db", "create", "1G")
    assert installation.in_lab("chyves", "db", "start", "installer.iso") == "db: running\n"
    assert "db: powered off" in installation.in_lab("chyves", "db", "stop")


def test_it_runs_through_a_link_from_any_folder(installation: Installation, tmp_path: Path) -> None:
    """As pipx makes one in ~/.local/bin."""
    link = tmp_path / "chyves"
    link.symlink_to(installation.prefix / "bin" / "chyves")
    words = ("lab", "--dir", str(tmp_path / "lab"), "--", "chyves", "list", "pools")
    assert "zroot" in installation.run(str(link), *words, cwd=str(tmp_path))
    assert "zroot" in installation.run("./chyves", *words, cwd=str(tmp_path))


def test_a_plugin_in_python_imports_the_core(installation: Installation, tmp_path: Path) -> None:
    plugin = tmp_path / "chyves-core"
    plugin.write_text("#!/usr/bin/env python3\nimport chyves_core\nprint(chyves_core.__file__)\n")
    plugin.chmod(0o755)
    words = ["env", f"PATH={tmp_path}:/usr/bin:/bin", str(installation.prefix / "bin" / "chyves")]
    assert installation.run(*words, "core").startswith(f"{installation.prefix}/lib/")
