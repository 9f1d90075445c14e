"""What chyves help, --help and version print; all of it comes from the commands' first lines."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
from checkout import REPOSITORY, Chyves

HEADER = """
Starts them one after another.

  -n   only show what would be done
"""


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_help_lists_all_commands_in_groups(
    chyves: Chyves, tmp_path: Path, words: list[str]
) -> None:
    chyves.add("count", summary="Count the guests", folder=tmp_path / "programs")
    chyves.add("undo", "chyves <guest> undo", summary="Undo the last change")
    said = chyves(*words)
    assert (said.status, said.err) == (0, "")
    groups = [block.splitlines() for block in said.out.split("\n\n")]
    assert ["Every day", "  start      Start guests"] in groups
    assert ["More for guests", "  undo       Undo the last change"] in groups
    assert ["Plugins", "  count      Count the guests"] in groups
    host = next(group for group in groups if group[0] == "Host and chyves itself")
    assert "  network    Taps and bridges" in host
    assert "secret" not in said.out


def test_summaries_stand_below_each_other(chyves: Chyves) -> None:
    chyves.add("a-very-long-command-word", summary="SUMMARY")
    chyves.add("short", summary="SUMMARY")
    columns = {line.index("SUMMARY") for line in chyves("help").lines if "SUMMARY" in line}
    assert len(columns) == 1


@pytest.mark.parametrize(
    "words",
    ["help begin", "begin --help", "web1 begin --help", "begin web1 --help -n", "begin -n --help"],
)
def test_help_explains_one_command(chyves: Chyves, words: str) -> None:
    forms = ["chyves <guest>[,<guest>…] begin [-n]", "chyves begin all"]
    chyves.add("begin", *forms, summary="Begin", header=HEADER, body="echo was run")
    said = chyves(*words.split())
    assert (said.status, said.err) == (0, "")
    assert said.out == (
        f"Usage: {forms[0]}\n       {forms[1]}\n\nBegin\n\n"
        "Starts them one after another.\n\n  -n   only show what would be done\n"
    )


def test_a_long_form_is_broken_into_lines(chyves: Chyves) -> None:
    form = "chyves long " + " ".join(f"[--option-{number} <guest>]" for number in range(9))
    chyves.add("long", form)
    said = chyves("help", "long")
    usage = said.out.partition("\n\n")[0].splitlines()
    assert len(usage) > 2
    assert all(line.endswith("<guest>]") for line in usage)
    assert max(map(len, usage)) <= 80
    assert " ".join(" ".join(usage).split()) == f"Usage: {form}"


def test_a_paragraph_too_wide_for_a_terminal_is_filled_anew(chyves: Chyves) -> None:
    wide = "Many words " * 9 + "\nand more.\n\nShort: stays\nas it is.\n\n  -n  so too " + "x" * 80
    chyves.add("wide", header=wide)
    text = chyves("help", "wide").out.split("\n\n", 2)[2]
    filled, short, indented = text.split("\n\n")
    assert filled.split() == ("Many words " * 9 + "and more.").split()
    assert max(map(len, filled.splitlines())) <= 80
    assert short == "Short: stays\nas it is."
    assert indented == "  -n  so too " + "x" * 80 + "\n"


def test_behind_two_dashes_help_is_not_asked_for(chyves: Chyves) -> None:
    assert chyves("start", "--", "ls", "--help").out == "chyves-start [--] [ls] [--help]\n"


def test_help_tells_where_a_plugin_comes_from(chyves: Chyves, tmp_path: Path) -> None:
    file = chyves.add("count", summary="Count", folder=tmp_path / "programs")
    assert chyves("help", "count").lines == [
        "Usage: chyves count ...",
        "",
        "Count",
        "",
        f"Plugin: {file}",
    ]


def test_a_command_without_a_header_is_hidden_but_has_a_help(chyves: Chyves) -> None:
    said = chyves("help", "secret")
    assert said.status == 0
    assert "has no summary" in said.out


def test_help_takes_one_command(chyves: Chyves) -> None:
    assert chyves("help", "start", "network").status == 2


def test_help_of_an_unknown_command_says_so(chyves: Chyves) -> None:
    said = chyves("help", "strat")
    assert said.status == 2
    assert said.err.splitlines()[0] == "chyves: unknown command 'strat'; did you mean 'start'?"


def test_version_is_that_of_the_core(chyves: Chyves) -> None:
    """sh reads libexec/VERSION; it says the same as the modules do."""
    from chyves_core import __version__, pools

    for words in (["version"], ["--version"]):
        assert chyves(*words).lines == [
            f"chyves {__version__}",
            f"dataset version {pools.DATASET_VERSION}",
            f"guest version {pools.GUEST_VERSION}",
        ]
    assert chyves("version", "now").status == 2


def real_commands() -> list[Path]:
    """All but those that only chyves itself calls, which have no summary."""
    commands = sorted((REPOSITORY / "libexec").glob("chyves-*"))
    return [command for command in commands if "\n# Summary: " in command.read_text()]


@pytest.mark.parametrize("command", real_commands(), ids=lambda path: path.name)
class TestEveryCommandOfChyves:
    def test_can_be_executed(self, command: Path) -> None:
        assert command.stat().st_mode & stat.S_IXUSR

    def test_has_a_usage_that_names_itself(self, command: Path) -> None:
        word = command.name.removeprefix("chyves-")
        forms = re.findall(r"^# Usage: (.*)$", command.read_text(), re.MULTILINE)
        assert forms
        for form in forms:
            assert re.match(rf"chyves (\S+ )?{word}( |$)", form), form

    def test_has_a_help_that_fits_a_terminal(self, command: Path) -> None:
        word = command.name.removeprefix("chyves-")
        environment = {"PATH": os.environ["PATH"]}
        text = subprocess.run(
            [REPOSITORY / "bin" / "chyves", "help", word],
            capture_output=True,
            text=True,
            env=environment,
        ).stdout
        usage, summary, *rest = text.split("\n\n")
        assert usage.startswith("Usage: chyves ")
        assert "\n" not in summary
        assert rest, "a command says more of itself than its summary"
        too_long = [line for line in text.splitlines() if len(line) > 80]
        assert too_long == []

    def test_reads_the_same_in_sh_and_in_python(self, command: Path) -> None:
        from chyves_core.header import read_header

        header = read_header(command)
        word = command.name.removeprefix("chyves-")
        said = subprocess.run(
            [REPOSITORY / "bin" / "chyves", "help", word], capture_output=True, text=True
        ).stdout
        said_words = " ".join(said.split())
        for form in header.usage:
            assert " ".join(form.split()) in said_words
        assert header.summary in said.splitlines()
        assert " ".join(" ".join(header.text).split()) in said_words


def test_the_overview_fits_80_columns() -> None:
    done = subprocess.run(
        [REPOSITORY / "bin" / "chyves"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert [line for line in done.stdout.splitlines() if len(line) >= 80] == []
