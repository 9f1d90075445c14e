"""The map in CONTRIBUTING.md is one of this repository."""

from __future__ import annotations

import re

from documents import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
MAP = re.findall(r"(?m)^\| `([^`]+)` \|", TEXT)


def test_everything_on_the_map_is_there() -> None:
    assert len(MAP) > 30
    assert [path for path in MAP if not (ROOT / path).exists()] == []


def test_every_folder_is_on_the_map() -> None:
    folders = [".ci", "bin", "libexec", "completions", "man", "rc.d", "examples"]
    for above in ("chyves_core", "tests"):
        inside = sorted((ROOT / above).iterdir())
        folders += [f"{above}/{each.name}" for each in inside if holds_sources(each.name, above)]
    assert [each for each in folders if not any(path.startswith(each) for path in MAP)] == []


def holds_sources(name: str, above: str) -> bool:
    """Whether an entry is a folder that somebody has written."""
    return (ROOT / above / name).is_dir() and not name.startswith((".", "__"))


def test_its_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = re.findall(r"(?m)^    make (\S+)", TEXT)
    targets = re.findall(r"(?m)^([a-z-]+):", makefile)
    assert set(targets) - {"clean"} == set(named)


def test_every_file_that_it_names_is_there() -> None:
    paths = re.findall(r"`((?:tests|libexec|chyves_core|bin)/[\w./-]+)`", TEXT)
    assert [path for path in paths if not (ROOT / path).exists()] == []
