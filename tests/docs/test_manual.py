"""The manual pages say what is there, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT

from chyves_core import errors
from chyves_core.header import read_header
from chyves_core.properties.schema import load_schema
from chyves_core.supervise import hooks
from tests.conftest import LabHost

PAGE = ROOT / "man" / "chyves.8"
PLUGIN_PAGE = ROOT / "man" / "chyves-plugin.7"


def section(page: Path, name: str) -> str:
    """The lines of one section of a page."""
    (text,) = re.findall(rf"(?ms)^\.Sh {name}\n(.*?)(?=^\.Sh )", page.read_text())
    return str(text)


def commands() -> set[str]:
    """The words of the commands that have a summary."""
    files = (ROOT / "libexec").glob("chyves-*")
    return {file.name.removeprefix("chyves-") for file in files if read_header(file).summary}


def test_the_page_is_what_the_headers_and_the_properties_make_of_it() -> None:
    argv = [sys.executable, "man/generate.py", "--check"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0, "make manual writes man/chyves.8 anew"


def test_it_has_every_command_and_no_other() -> None:
    forms = re.findall(r"(?m)^\.It Xo\n\.Nm (.*)\n\.Xc$", section(PAGE, "COMMANDS"))
    shown = set()
    for form in forms:
        words = re.findall(r"Cm (\S+)", form)
        shown.add(next(word for word in words if word in commands()))
    assert shown == commands()


def test_it_has_every_property_and_no_other() -> None:
    shown = set(re.findall(r"(?m)^\.It Va (\S+)$", section(PAGE, "PROPERTIES")))
    scopes = ("guest", "disk", "defaults", "global", "pool")
    assert shown == {each.name for scope in scopes for each in load_schema(scope).properties}


def test_every_variable_that_it_names_is_used_somewhere() -> None:
    sources = [ROOT / "bin" / "chyves", *(ROOT / "libexec" / "lib").glob("*.sh")]
    sources += (ROOT / "chyves_core").rglob("*.py")
    used = "\n".join(file.read_text() for file in sources)
    for page in (PAGE, PLUGIN_PAGE):
        names = re.findall(r"(?m)^\.It Ev (\S+)$", section(page, "ENVIRONMENT"))
        assert names
        assert [name for name in names if not re.search(rf"\b{name}\b", used)] == []


def test_the_plugin_in_the_manual_works(lab: LabHost, tmp_path: Path) -> None:
    """The one in Python is printed in full."""
    blocks = re.findall(r"(?ms)^\.Bd [^\n]*\n(.*?)^\.Ed$", PLUGIN_PAGE.read_text())
    (text,) = (block for block in blocks if "from chyves_core" in block)
    plugin = tmp_path / "chyves-describe"
    plugin.write_text(text)
    plugin.chmod(0o755)
    lab.chyves("web1", "create", "description=our web server")
    done = lab.chyves("describe", "-H", CHYVES_LIBEXEC=str(tmp_path))
    assert done.stdout == "web1\tour web server\n"


@pytest.mark.parametrize("page", [PAGE, PLUGIN_PAGE], ids=lambda page: page.name)
def test_no_markup_is_seen_in_what_is_printed(page: Path) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("this machine has no mandoc")
    argv = ["mandoc", "-T", "ascii", str(page)]
    printed = subprocess.run(argv, capture_output=True, text=True).stdout
    plain = re.sub(r".\x08", "", printed)
    assert not re.search(r"\\[&(fe]|(^|\s)(Oo|Oc|Ns|Cm|Ar|Fl)\s", plain)


def test_every_variable_and_folder_of_the_program_stands_in_the_manual() -> None:
    """Both pages together, hooks and the lab too."""
    pages = PAGE.read_text() + PLUGIN_PAGE.read_text()
    folders = (ROOT / "bin", ROOT / "libexec", ROOT / "chyves_core", ROOT / "rc.d")
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    text = "\n".join(file.read_text() for file in files if file.suffix != ".pyc")
    variables = set(re.findall(r"\bCHYVES_[A-Z_]+\b", text))
    places = set(re.findall(r"/usr/local/etc/chyves/[a-z.]+[a-z]|/usr/local/share/[a-z-]+", text))
    assert len(variables) > 10 and len(places) > 3
    assert [name for name in sorted(variables | places) if name not in pages] == []


def test_it_has_every_exit_status_and_no_other() -> None:
    shown = {
        int(number) for number in re.findall(r"(?m)^\.It (\d+)$", section(PAGE, "EXIT STATUS"))
    }
    declared = {errors.OK, errors.FAILED, errors.USAGE, errors.NOT_FOUND, errors.REFUSED}
    assert shown == declared | {errors.INTERRUPTED}


def test_the_hooks_that_are_run_are_those_of_the_manual() -> None:
    text = section(PAGE, "HOOKS")
    moments = {hooks.PRESTART, hooks.POSTSTART, hooks.PRESTOP, hooks.POSTSTOP, hooks.REBOOT}
    assert set(re.findall(r"(?m)^\.It Pa (\w+)\.d$", text)) == moments


def test_the_variables_of_the_service_are_those_of_its_script() -> None:
    script = (ROOT / "rc.d" / "chyves").read_text()
    shown = set(re.findall(r"(?m)^\.It Va (\w+)$", section(PAGE, "STARTING WITH THE HOST")))
    assert shown == set(re.findall(r'(?m)^# (chyves_\w+)="', script))
    assert shown <= set(re.findall(r"\bchyves_\w+", script.split("run_rc_command")[0]))
