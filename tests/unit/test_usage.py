"""A wrong command line is told what was probably meant, and the form for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chyves_core.header import read_header
from chyves_core.usage import usage_error

LIBEXEC = Path(__file__).parents[2] / "libexec"


def error(command: str, message: str, *typed: str) -> tuple[str, str]:
    """Return both lines of the error."""
    found = usage_error(message, read_header(LIBEXEC / f"chyves-{command}"), command, typed)
    return found.message, found.hint or ""


@pytest.mark.parametrize(
    ("command", "wrong", "meant", "form"),
    [
        ("disk", "resze", "resize", "disk resize"),
        ("snapshot", "dlete", "delete", "snapshot delete"),
        ("console", "tmx", "tmux", "console reset|tmux|vnc"),
        ("start", "no option --forground", "--foreground", "start [-n] [--foreground]"),
        ("create", "no option --imge", "--image", "create --image"),
    ],
)
def test_a_slip_is_told_what_was_meant(command: str, wrong: str, meant: str, form: str) -> None:
    message, hint = error(command, f"{wrong}: is nothing" if " " not in wrong else wrong, "web1")
    assert message.endswith(f"; did you mean {meant}?")
    assert form in hint


def test_what_is_like_nothing_gets_no_guess() -> None:
    message, hint = error("disk", "frobnicate: is nothing", "web1", "frobnicate")
    assert (message, hint) == ("frobnicate: is nothing", "chyves help disk")


def test_the_form_is_the_one_of_the_words_that_were_typed() -> None:
    message, hint = error(
        "network",
        "expected at least 3 positional arguments, got ['bridge0', 'attach']",
        "bridge0",
        "attach",
    )
    assert message == "network: a word is missing"
    assert hint.startswith("chyves network bridge{n} attach ")


def test_words_that_were_typed_are_not_said_again() -> None:
    got = "expected at most 2 positional arguments, got ['a', 'b', 'uefi_vnc_password=s3cret']"
    assert error("rename", got, "a", "b", "uefi_vnc_password=s3cret") == (
        "rename: there are too many words",
        "chyves <guest> rename [-n] <name>",
    )
