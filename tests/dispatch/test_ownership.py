"""As root, plugins are taken only from where nobody but root could have put or changed them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import Chyves, make_chyves

SOMEBODY = 1000
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="files cannot be given away")


@pytest.fixture
def plugin(chyves: Chyves, tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    chyves.environment["CHYVES_LIBEXEC"] = str(folder)
    return chyves.add("extra", folder=folder)


def give_away(path: Path) -> None:
    os.chown(path, SOMEBODY, -1)


def let_the_group_write(path: Path) -> None:
    path.chmod(0o775)


def let_all_write(path: Path) -> None:
    path.chmod(0o777)


def let_all_write_but_not_rename(path: Path) -> None:
    path.chmod(0o1777)


@needs_root
def test_roots_own_plugin_runs(chyves: Chyves, plugin: Path) -> None:
    assert chyves("extra").out == "chyves-extra\n"


@needs_root
@pytest.mark.parametrize("spoil", [give_away, let_the_group_write, let_all_write])
@pytest.mark.parametrize("part", ["file", "folder", "folder above"])
def test_root_runs_nothing_that_others_could_have_written(
    chyves: Chyves, plugin: Path, spoil: Callable[[Path], None], part: str, tmp_path: Path
) -> None:
    spoil({"file": plugin, "folder": plugin.parent, "folder above": tmp_path}[part])
    said = chyves("extra")
    assert (said.status, said.out) == (4, "")
    first, second = said.err.splitlines()
    assert first == f"chyves: {plugin}: not run as root, because others could have written it"
    assert "must be root's" in second
    assert "extra" not in chyves("commands", "-a").lines


@needs_root
def test_a_folder_where_all_may_add_files_is_no_place_for_roots_plugins(
    chyves: Chyves, plugin: Path, tmp_path: Path
) -> None:
    let_all_write_but_not_rename(plugin.parent)
    assert chyves("extra").status == 4
    plugin.parent.chmod(0o755)
    let_all_write_but_not_rename(tmp_path)
    assert chyves("extra").status == 0


@needs_root
def test_the_next_folders_command_runs_instead_and_the_refusal_is_told(
    chyves: Chyves, plugin: Path, tmp_path: Path
) -> None:
    chyves.add("extra", folder=tmp_path / "programs", body="echo the next one")
    give_away(plugin)
    said = chyves("extra")
    assert (said.status, said.out) == (0, "the next one\n")
    assert str(plugin) in said.err


@needs_root
def test_help_lists_silently_what_may_run_and_refuses_the_rest(
    chyves: Chyves, plugin: Path
) -> None:
    give_away(plugin)
    overview = chyves("help")
    assert (overview.status, overview.err) == (0, "")
    assert "extra" not in overview.out
    assert chyves("help", "extra").status == 4


@needs_root
def test_a_link_is_only_as_good_as_what_it_points_to(
    chyves: Chyves, plugin: Path, tmp_path: Path
) -> None:
    real = chyves.add("extra", folder=tmp_path / "elsewhere")
    plugin.unlink()
    plugin.symlink_to(os.path.relpath(real, plugin.parent))
    assert chyves("extra").status == 0
    give_away(real.parent)
    assert chyves("extra").status == 4


@needs_root
def test_the_environment_cannot_talk_root_out_of_it(chyves: Chyves, plugin: Path) -> None:
    give_away(plugin)
    assert chyves("extra", user_id="1000", refused="", found=str(plugin)).status == 4


@needs_root
def test_built_in_commands_run_whoever_owns_the_checkout(chyves: Chyves) -> None:
    give_away(chyves.libexec / "chyves-start")
    give_away(chyves.libexec)
    assert chyves("start", "web1").out == "chyves-start [web1]\n"


@needs_root
def test_everybody_else_runs_what_they_like(shell: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        chyves = make_chyves(folder, shell)
        let_all_write(chyves.add("extra", folder=folder / "programs"))
        assert chyves("extra").status == 4
        assert chyves("extra", user=SOMEBODY).out == "chyves-extra\n"
