"""Rules of this project that no tool knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sources import ROOT, files, name, python_files

from chyves_core.header import read_header

COMMANDS = sorted((ROOT / "libexec").glob("chyves-*"))
# What only chyves itself calls: no summary, so that help does not list them.
HIDDEN = {"boot-step", "host-boot"}
LIGHT = ("host", "plan", "zfs", "errors", "names", "lab")
WORDS = ("TODO", "FIXME", "NotImplementedError", "pragma: no cover")
UNFINISHED = re.compile("|".join(WORDS))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_says_what_it_does_and_how_it_is_used(command: Path) -> None:
    header = read_header(command)
    word = command.name.removeprefix("chyves-")
    if word in HIDDEN:
        assert header.summary == ""
        return
    assert header.summary[:1].isupper() and not header.summary.endswith(".")
    assert header.usage
    for form in header.usage:
        assert form.startswith("chyves ") and f" {word}" in form
    assert any(header.text), "a paragraph that says more"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_can_be_run(command: Path) -> None:
    assert command.stat().st_mode & 0o111 == 0o111


def test_no_program_is_run_through_a_shell_by_python() -> None:
    """Names of guests and values of properties are words, never parts of a command line."""
    found = [
        f"{name(file)}:{call.lineno}"
        for file in python_files()
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and uses_a_shell(call)
    ]
    assert found == []


def uses_a_shell(call: ast.Call) -> bool:
    """Whether a call is os.system, os.popen, or has shell=True."""
    if ast.unparse(call.func) in ("os.system", "os.popen", "subprocess.getoutput"):
        return True
    return any(
        keyword.arg == "shell" and ast.unparse(keyword.value) != "False"
        for keyword in call.keywords
    )


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{name(file)}:{number}: {line.strip()}"
        for file in files()
        if file.suffix != ".jsonl" and file != Path(__file__)
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert found == []


def test_light_modules_need_the_standard_library_only() -> None:
    """The lab's programs run with `python3 -I -S`, thousands of times; host and plan with them."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT_ALL, str(ROOT), *light_modules()],
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""


IMPORT_ALL = """
import sys
from importlib import import_module
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    import_module(name)
"""


def light_modules() -> list[str]:
    """The names of all modules that have to stay light."""
    found = []
    for light in LIGHT:
        package = ROOT / "chyves_core" / light
        paths = sorted(package.rglob("*.py")) if package.is_dir() else [package.with_suffix(".py")]
        found += [name(path).removesuffix(".py").replace("/", ".") for path in paths]
    return [module.removesuffix(".__init__") for module in found]


def test_what_light_modules_import_later_is_in_the_standard_library_too() -> None:
    allowed = {*sys.stdlib_module_names, "chyves_core"}
    strange = [
        f"{module}: {imported}"
        for module in light_modules()
        for imported in imports(ROOT / f"{module.replace('.', '/')}.py")
        if imported.split(".")[0] not in allowed
    ]
    assert strange == []


def imports(file: Path) -> set[str]:
    """The modules that a file names in its import statements, wherever they stand."""
    if not file.exists():
        file = file.with_suffix("") / "__init__.py"
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_modules_that_plan_import_nothing_that_acts() -> None:
    """host.py alone runs programs."""
    runs = [
        name(file)
        for file in (ROOT / "chyves_core").rglob("*.py")
        if "lab" not in file.parts and imports(file) & {"subprocess", "pty"}
    ]
    assert runs == ["chyves_core/host.py"]
