"""Files of definitions: what is written is read again, whatever the values are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chyves_core.definitions import Definition, check_slots, parse, show
from chyves_core.errors import ChyvesError, UsageError
from chyves_core.sizes import exact_size, parse_size

AWKWARD = (
    *("", " ", "  leading", "trailing ", "-", "=", "a=b", "# no comment", "a # b", "a;b", "[web1]"),
    *("'", '"', "''", '""', "it's", 'say "no"', """both ' and \"""", """'"'"'""", "'''", '"""'),
    *("a,b", ",", "a,", "$HOME ${x} $(id) `id`", "%(cpu)s %% %h", "\\n \\", "ä ö ü 漢字 😀"),
    *("\u2028", "\u00a0no-break\u00a0", "\u3000", "\ufeff", "None", "True", "x" * 8191),
)


def written(value: str) -> str:
    """A file with one guest that has the value in all places."""
    disks = {"disk0": {"size": "1G", "description": value}}
    return show([Definition("web1", "", "zroot", {"notes": value}, disks)])


def read_back(text: str) -> tuple[str, str]:
    """The values that the file has."""
    (found,) = parse(text, "file")
    return found.properties["notes"], found.disks["disk0"]["description"]


@pytest.mark.parametrize("value", AWKWARD, ids=repr)
def test_awkward_values_are_read_as_they_were_written(value: str) -> None:
    assert read_back(written(value)) == (value, value)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40))
def test_any_value_is_read_as_it_was_written_or_is_not_written(value: str) -> None:
    try:
        text = written(value)
    except ChyvesError:
        assert "'''" in value and '"""' in value
        return
    assert read_back(text) == (value, value)


def test_what_no_quotes_can_hold_is_said() -> None:
    with pytest.raises(ChyvesError, match=r"web1: notes: .* no other quotes"):
        written("\"\"\" and '''")


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "\x1b[0m", "\udcff", "x" * 8192])
def test_what_apply_would_refuse_is_not_written(value: str) -> None:
    with pytest.raises(ChyvesError, match="web1: notes: "):
        written(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cpu = 2\n", "file: cpu stands before the first [GUEST]"),
        ("[web1]\ncpu\n", "file: line 2: is neither [GUEST], [[disk0]] nor NAME = VALUE"),
        ("[web1]\ncpu = 1\ncpu = 2\n", "file: line 3: the same name is there already"),
        ("[web1]\n[web2]\n[web1]\n", "file: line 3: the same name is there already"),
        ("[web1]\n[[[disk0]]]\n", "file: line 2: is no section, they are [GUEST]"),
        ("[web1]\n[[disk0]\n", "file: line 2: is no section, they are [GUEST]"),
        ("[web1]\nnotes = 'it's\n", "file: line 2: the quotes around the value do not fit"),
        ('[web1]\nnotes = """it\n', "file: line 2: the quotes around the value do not fit"),
        ("[web1]\n= 1\n", "file: "),
        ("[web1]\nnotes = a, b\n", "file: [web1] notes: a value with commas stands in quotes"),
        ("[../web1]\n", "file: [../web1] can't be the name of a guest"),
        ("[web1,web2]\n", "file: [web1,web2] can't be the name of a guest"),
        ("[web1]\n[[net]]\n", "file: [web1] [[net]] is no section that there can be"),
        ("[web1]\n[[disk00]]\n", "file: [web1] [[disk00]] is no section"),
        ("[web1]\n[[disk0]]\nram = 1G\n", "file: [web1] [[disk0]] there is no 'ram' of a disk"),
        ("[web1]\n[[disk0]]\n[[[x]]]\n", "file: [web1] [[disk0]] [[[x]]]: a disk has no sections"),
        ("[web1]\ndisks = 2\n", "file: [web1] disks = 2: none, or a section [[disk0]]"),
        ("[web1]\ndisks = none\n[[disk0]]\n", "file: [web1] disks = none, and there is [[disk0]]"),
        (
            "[web1]\nvirtio_block_options_disk0 = ro\n[[disk0]]\noptions = direct\n",
            "file: [web1] virtio_block_options_disk0 and [[disk0]] options differ",
        ),
    ],
)
def test_what_is_no_definition_is_told_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, "file")
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)


def test_comments_and_blank_lines_mean_nothing() -> None:
    text = "# x = 1\n\n[web1] # ours\n\n  cpu = 2   # two\n"
    assert parse(text, "file") == [Definition("web1", "file", None, {"cpu": "2"})]


def test_lines_of_other_systems_are_read_too() -> None:
    assert parse("[web1]\r\ncpu = 2\r\n", "file")[0].properties == {"cpu": "2"}


@pytest.mark.parametrize(
    "value", ["disk0", "disk0=x", "disk0=4,disk0=5", "disk0=4,tap50=4", "disk0=0", "tap50=29", ","]
)
def test_slots_that_devices_can_not_have(value: str) -> None:
    with pytest.raises(UsageError):
        check_slots(value)


@pytest.mark.parametrize("size", [512, 1 << 20, 8 << 30, (8 << 30) + 512, 1000000512, 3 << 40])
def test_an_exact_size_is_read_back(size: int) -> None:
    assert parse_size(exact_size(size)) == size
