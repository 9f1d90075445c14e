"""Reading the output of `zfs get -Hp -r -o name,property,value,source all`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chyves_core.errors import HostError
from chyves_core.zfs import parse_get


def told(*lines: str) -> str:
    """Return lines as zfs prints them."""
    return "".join(f"{line}\n" for line in lines)


def test_properties_with_value_and_source():
    found = parse_get(
        told(
            "tank/a\ttype\tfilesystem\t-",
            "tank/a\tchyves:ram\t1G\tlocal",
            "tank/a\tchyves:cpu\t2\tinherited from tank",
            "tank/a/disk0\ttype\tvolume\t-",
            "tank/a/disk0\tvolsize\t1024\tlocal",
        )
    )
    assert list(found) == ["tank/a", "tank/a/disk0"]
    assert found["tank/a"].own_with_prefix("chyves:") == {"ram": "1G"}
    assert found["tank/a/disk0"].kind == "volume"


def test_a_value_with_tabs_and_line_breaks_is_read_whole():
    found = parse_get(
        told(
            "tank/a\ttype\tfilesystem\t-",
            "tank/a\tchyves:description\tone",
            "",
            "two\tthree",
            "four\tlocal",
            "tank/a\tchyves:ram\t1G\treceived",
        )
    )
    assert found["tank/a"].own("chyves:description") == "one\n\ntwo\tthree\nfour"
    assert found["tank/a"].own("chyves:ram") == "1G"


def test_a_line_break_cannot_forge_another_property():
    found = parse_get(
        told(
            "tank/a\ttype\tfilesystem\t-",
            "tank/a\tchyves:description\tx",
            "tank/a\tchyves:ram\t64G\tlocal",
            "tank/a\tchyves:ram\t1G\tlocal",
        )
    )
    assert found["tank/a"].own("chyves:ram") == "1G"


def test_a_line_break_cannot_forge_a_property_of_another_dataset():
    found = parse_get(
        told(
            "tank/a\ttype\tfilesystem\t-",
            "tank/a\tchyves:description\tx\tlocal",
            "tank/b\tchyves:ram\t64G\tlocal",
            "tank/b\ttype\tfilesystem\t-",
            "tank/b\tchyves:ram\t1G\tlocal",
        )
    )
    assert found["tank/b"].own("chyves:ram") == "1G"


def test_forging_the_dataset_that_comes_next_is_an_error():
    lines = (
        "tank/a\ttype\tfilesystem\t-",
        "tank/a\tchyves:description\tx\tlocal",
        "tank/b\ttype\tfilesystem\t-",
        "tank/b\tchyves:ram\t64G\tlocal",
        "foo\tlocal",
        "tank/b\ttype\tfilesystem\t-",
    )
    with pytest.raises(HostError, match="tank/b twice"):
        parse_get(told(*lines))


@given(st.dictionaries(st.from_regex(r"chyves:[a-z]{1,8}", fullmatch=True), st.text()))
def test_values_without_a_forged_source_come_back_whole(values):
    # A value of which a line ends like a source cannot be told from the source.
    kept = {name: value for name, value in values.items() if "\t" not in value}
    lines = [f"tank/a\t{name}\t{value}\tlocal" for name, value in kept.items()]
    found = parse_get(told("tank/a\ttype\tfilesystem\t-", *lines))
    assert found["tank/a"].own_with_prefix("") == kept
