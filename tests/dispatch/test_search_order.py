"""Where commands are looked for: the first folder wins, and nothing replaces a built-in."""

from __future__ import annotations

import os
from pathlib import Path

from checkout import Chyves


def test_a_plugin_is_found_on_the_path(chyves: Chyves, tmp_path: Path) -> None:
    chyves.add("extra", folder=tmp_path / "programs")
    assert chyves("extra", "x").out == "chyves-extra [x]\n"
    assert chyves("web1", "extra").out == "chyves-extra [web1]\n"


def test_nothing_replaces_a_built_in(chyves: Chyves, tmp_path: Path) -> None:
    chyves.add("start", folder=tmp_path / "programs", body="echo replaced")
    chyves.add("start", folder=tmp_path / "plugins", body="echo replaced")
    said = chyves("start", "web1", CHYVES_LIBEXEC=str(tmp_path / "plugins"))
    assert said.out == "chyves-start [web1]\n"


def test_the_folders_come_in_their_order(chyves: Chyves, tmp_path: Path) -> None:
    """Taken away one by one, each folder's command gives way to the next one's."""
    lab_root = tmp_path / "lab" / "root"
    folders = [
        chyves.libexec,
        lab_root / "usr/local/libexec/chyves",
        lab_root / "usr/local/etc/chyves/libexec",
        tmp_path / "first plugins",
        tmp_path / "second plugins",
        tmp_path / "programs",
    ]
    files = [
        chyves.add("where", folder=folder, body=f"echo '{folder}'", summary=str(number))
        for number, folder in enumerate(folders)
    ]
    more = {
        "CHYVES_LAB": str(tmp_path / "lab"),
        "CHYVES_LIBEXEC": os.pathsep.join(map(str, folders[3:5])),
    }
    for number, file in enumerate(files):
        assert chyves("where", **more).out == f"{folders[number]}\n"
        listed = [line.split() for line in chyves("help", **more).lines]
        assert ["where", str(number)] in listed
        file.unlink()
    assert chyves("where", **more).status == 2


def test_what_cannot_be_executed_is_no_command(chyves: Chyves, tmp_path: Path) -> None:
    (tmp_path / "plugins" / "chyves-folder").mkdir(parents=True)
    chyves.add("text", folder=tmp_path / "plugins").chmod(0o644)
    chyves.add("text", folder=tmp_path / "programs", body="echo the next one")
    plugins = str(tmp_path / "plugins")
    assert chyves("folder", CHYVES_LIBEXEC=plugins).status == 2
    assert chyves("text", CHYVES_LIBEXEC=plugins).out == "the next one\n"


def test_commands_are_listed_once_with_the_file_that_runs(chyves: Chyves, tmp_path: Path) -> None:
    chyves.add("start", folder=tmp_path / "programs")
    extra = chyves.add("extra", folder=tmp_path / "programs")
    words = chyves("commands").lines
    assert words == ["commands", "complete", "extra", "help", "network", "start", "version"]
    assert chyves("commands", "-a").lines == sorted([*words, "secret"])
    paths = dict(line.split("\t") for line in chyves("commands", "--paths").lines)
    assert paths["extra"] == str(extra)
    assert paths["start"] == str(chyves.libexec / "chyves-start")


def test_commands_refuses_what_it_does_not_know(chyves: Chyves) -> None:
    said = chyves("commands", "-x")
    assert said.status == 2
    assert "unknown option '-x'" in said.err
