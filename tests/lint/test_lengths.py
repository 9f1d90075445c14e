"""A module can be read in one go, and a function fits on a screen."""

from __future__ import annotations

from sources import files, functions, name, python_files, shell_of


def test_no_module_has_more_than_300_lines() -> None:
    written = {*python_files(), *(file for file in files() if shell_of(file))}
    long = [name(file) for file in written if len(file.read_text().splitlines()) > 300]
    assert sorted(long) == []


def test_no_function_has_more_than_60_lines() -> None:
    long = [
        f"{name(file)}:{function.lineno} {function.name}"
        for file in python_files()
        for function in functions(file)
        if (function.end_lineno or 0) - function.lineno + 1 > 60
    ]
    assert long == []
