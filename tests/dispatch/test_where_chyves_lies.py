"""Links to bin/chyves, both layouts, and the Python that a command in Python is run with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import REPOSITORY, Chyves


def test_links_of_several_steps_lead_to_the_checkout(chyves: Chyves, tmp_path: Path) -> None:
    """One absolute link, and relative ones of which one goes through a linked folder."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "one").symlink_to("../../a checkout/bin/chyves")
    (tmp_path / "side door").symlink_to("deep/er")
    (tmp_path / "two").symlink_to("side door/one")
    (tmp_path / "three").symlink_to(tmp_path / "two")
    for program in (tmp_path / "three", "./three", "side door/one"):
        assert chyves("start", "web1", program=program).out == "chyves-start [web1]\n"


def test_a_link_on_the_path_is_enough(chyves: Chyves, tmp_path: Path) -> None:
    (tmp_path / "programs" / "chyves").symlink_to("../a checkout/bin/chyves")
    done = subprocess.run(
        ["env", "chyves", "web1", "start"],
        env={**chyves.environment, "CDPATH": str(tmp_path)},
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.stdout == "chyves-start [web1]\n"


def test_sh_can_be_given_the_file_itself(chyves: Chyves, shell: str) -> None:
    done = subprocess.run(
        [*shell.split(), "chyves", "start", "web1"],
        env=chyves.environment,
        cwd=chyves.root / "bin",
        capture_output=True,
        text=True,
    )
    assert done.stdout == "chyves-start [web1]\n"


@pytest.fixture
def installed(chyves: Chyves, tmp_path: Path) -> Chyves:
    """The layout that an installation makes: PREFIX/bin/chyves and PREFIX/libexec/chyves/."""
    prefix = tmp_path / "a prefix"
    shutil.copytree(chyves.root / "bin", prefix / "bin")
    shutil.copytree(chyves.libexec, prefix / "libexec" / "chyves")
    environment = {name: chyves.environment[name] for name in ("PATH", "HOME")}
    return Chyves(prefix, environment)


def test_the_installed_layout_works_the_same(installed: Chyves) -> None:
    assert installed("start", "web1").out == "chyves-start [web1]\n"
    assert "Start guests" in installed("help").out
    assert installed("version").status == 0
    assert "Plugins" not in installed("help").out


def test_an_installation_leaves_pythonpath_alone(installed: Chyves) -> None:
    folder = installed.libexec / "chyves"
    installed.add("path", folder=folder, body='echo "${PYTHONPATH-none}"')
    assert installed("path").out == "none\n"
    assert installed("path", PYTHONPATH="/x").out == "/x\n"


def test_a_checkout_puts_itself_first_into_pythonpath_once(chyves: Chyves) -> None:
    chyves.add("path", body='echo "${PYTHONPATH-none}"')
    chyves.add("again", body=f'"{chyves.program}" path')
    (chyves.root / "chyves_core").mkdir()
    assert chyves("path").out == f"{chyves.root}\n"
    assert chyves("path", PYTHONPATH="/x").out == f"{chyves.root}:/x\n"
    assert chyves("again", PYTHONPATH="/x").out == f"{chyves.root}:/x\n"


def write_interpreter(path: Path) -> Path:
    """An interpreter that says its own name and what it was to run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('#!/bin/sh\necho "$0 runs ${1##*/}"\n')
    path.chmod(0o755)
    return path


def write_host_python(path: Path, version: str = "3.11.9", packages: bool = True) -> Path:
    """An interpreter that answers what it is, and then does the same."""
    new = int(version.split(".")[1]) >= 11
    answer = f"{new and packages} {new} {version}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'#!/bin/sh\n[ "$1" != -c ] || {{ echo {answer}; exit; }}\necho "$0 runs ${{1##*/}}"\n'
    )
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(chyves: Chyves, tmp_path: Path) -> Chyves:
    """A checkout without an environment, on a host that has no Python yet."""
    if list(Path("/usr/local/bin").glob("python3*")):
        pytest.skip("this machine has a Python in /usr/local/bin, where one is always found")
    chyves.add("snake", first_line="#!/usr/bin/env python3", body="")
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("env", "awk", "id", "ls", "readlink", "sh"):
        os.symlink(shutil.which(tool) or tool, tools / tool)
    chyves.environment |= {"PATH": str(tools), "CHYVES_PYTHON": ""}
    return chyves


def test_a_python_that_is_too_old_is_passed_over_and_named_where_there_is_no_other(
    bare: Chyves, tmp_path: Path
) -> None:
    """FreeBSD 13.2's python3 is 3.9."""
    old = write_host_python(tmp_path / "tools" / "python3", "3.9.18")
    said = bare("snake")
    assert said.status == 1
    assert said.err == (
        f"chyves: Python 3.11 or newer is needed to run this command; {old} is 3.9.18\n"
    )
    new = write_host_python(tmp_path / "tools" / "python3.11")
    assert bare("snake").out == f"{new} runs chyves-snake\n"


def test_a_python_that_has_the_packages_goes_before_one_that_has_not(
    bare: Chyves, tmp_path: Path
) -> None:
    plain = write_host_python(tmp_path / "tools" / "python3", "3.12.4", packages=False)
    assert bare("snake").out == f"{plain} runs chyves-snake\n"
    whole = write_host_python(tmp_path / "tools" / "python3.11")
    assert bare("snake").out == f"{whole} runs chyves-snake\n"


def test_a_folder_called_python_is_no_python(bare: Chyves, tmp_path: Path) -> None:
    """The first line of bin/chyves_python says just that in a checkout."""
    (bare.root.parent / "python").mkdir()
    host = write_host_python(tmp_path / "tools" / "python3")
    assert bare("snake").out == f"{host} runs chyves-snake\n"


def test_a_python_without_the_packages_says_so_in_two_lines() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            "import sys; sys.path[:0] = sys.argv[1:]; import chyves_core.cli",
            str(REPOSITORY),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"chyves: {sys.executable} has no plumbum\n")
    assert done.stderr.count("\n") == 2


@pytest.mark.parametrize(
    "first_line",
    ["#!/usr/bin/env python3", "#!/usr/bin/python3 -u", "#! /usr/local/bin/python3.11"],
)
def test_a_checkout_runs_python_commands_with_its_own_environment(
    chyves: Chyves, tmp_path: Path, first_line: str
) -> None:
    chyves.add("snake", first_line=first_line, body="")
    del chyves.environment["CHYVES_PYTHON"]
    on_path = write_host_python(tmp_path / "programs" / "python3")
    assert chyves("snake").out == f"{on_path} runs chyves-snake\n"
    own = write_interpreter(chyves.root / ".venv" / "bin" / "python3")
    assert chyves("snake").out == f"{own} runs chyves-snake\n"


@pytest.mark.parametrize(
    "script",
    [
        "#!{python}\n# A mark.\n",
        "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n",
        "#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''\n",
        "#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''\n",
    ],
    ids=["first line", "double quotes", "single quotes", "bare"],
)
def test_an_installation_runs_them_with_the_python_it_was_installed_with(
    installed: Chyves, tmp_path: Path, script: str
) -> None:
    installed.add("snake", folder=installed.libexec / "chyves", first_line="#!/usr/bin/python3")
    python = write_interpreter(tmp_path / "the python" / "python3.11")
    (installed.root / "bin" / "chyves_python").write_text(script.format(python=python))
    assert installed("snake").out == f"{python} runs chyves-snake\n"


def test_other_languages_run_as_their_first_line_says(chyves: Chyves) -> None:
    chyves.add("awk", first_line="#!/usr/bin/awk -f", body='BEGIN { print "awk", ARGV[1] }')
    assert chyves("awk", "x").out == "awk x\n"
    shutil.copy(shutil.which("true") or "/bin/true", chyves.libexec / "chyves-compiled")
    assert chyves("compiled").status == 0


def test_without_any_python_a_command_in_python_says_what_is_missing(bare: Chyves) -> None:
    said = bare("snake")
    assert said.status == 1
    assert said.err == "chyves: Python 3.11 or newer is needed to run this command\n"


def test_a_plugin_in_python_imports_the_core(chyves: Chyves, tmp_path: Path) -> None:
    repository = Path(__file__).parents[2]
    (chyves.root / "chyves_core").symlink_to(repository / "chyves_core")
    chyves.add(
        "core",
        folder=tmp_path / "programs",
        first_line="#!/usr/bin/env python3",
        body="import chyves_core, sys; print(chyves_core.__version__, sys.argv[1:])",
    )
    said = chyves("web1", "core", "two words", CHYVES_PYTHON=sys.executable)
    assert said.err == ""
    assert said.out.endswith(" ['web1', 'two words']\n")
