"""Tables, tabs and JSON."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chyves_core.errors import UsageError
from chyves_core.output import Format, Moment, Size, display_width, escape, print_json, print_rows


def printed(rows, columns, **wanted) -> str:
    """Return what print_rows prints."""
    out = io.StringIO()
    print_rows(rows, columns, Format(**wanted), out)
    return out.getvalue()


def test_columns_line_up_whatever_width_their_characters_have():
    rows = [{"a": "東京", "b": 1}, {"a": "e\u0301tude", "b": 2}, {"a": "x", "b": 3}]
    assert printed(rows, ("a", "b")) == "A      B\n東京   1\ne\u0301tude  2\nx      3\n"


def test_sizes_and_times_are_short_for_people_and_exact_for_scripts(monkeypatch):
    size = Size(1 << 30)
    size.text = "1024M"
    row = {"size": Size(3 << 29), "ram": size, "made": Moment(0)}
    columns = ("size", "ram")
    assert printed([row], columns, no_header=True) == "1.50G\t1024M\n"
    assert printed([row], (*columns, "made"), no_header=True, exact=True) == (
        "1610612736\t1073741824\t0\n"
    )
    assert json.loads(printed([row], columns, json=True)) == [
        {"size": 3 << 29, "ram": 1 << 30, "made": 0}
    ]


def test_nothing_is_a_dash_and_a_missing_cell_is_blank_for_people():
    rows = [{"a": None, "b": "", "c": ()}, {"a": "x"}]
    assert printed(rows, ("a", "b", "c")) == "A  B  C\n-  -  -\nx\n"
    assert printed(rows, ("a", "b", "c"), no_header=True) == "-\t-\t-\nx\t-\t-\n"


def test_an_unknown_column_is_refused():
    with pytest.raises(UsageError, match="there is no column 'z'"):
        print_rows([{"a": 1}], ("a",), Format(columns=("z",)), io.StringIO())


def test_a_table_is_cut_between_characters():
    rows = [{"a": "abc", "b": "東京"}]
    assert printed(rows, ("a", "b"), width=8) == "A    B\nabc  東\n"
    assert printed(rows, ("a", "b"), width=3) == "A\nabc\n"


@given(st.text(alphabet=st.characters(codec=None)))
def test_an_escaped_text_is_one_line_of_text_that_can_be_printed(text):
    shown = escape(text)
    assert len(shown.splitlines()) <= 1
    assert "\t" not in shown
    assert "\x1b" not in shown
    shown.encode()
    assert escape(shown) == shown


@given(st.lists(st.text(alphabet=st.characters(codec=None)), min_size=1))
def test_every_line_of_tabs_has_as_many_cells_as_columns(cells):
    row = {str(number): cell for number, cell in enumerate(cells)}
    lines = printed([row], tuple(row), no_header=True).split("\n")
    assert len(lines) == 2
    assert len(lines[0].split("\t")) == len(cells)


@given(st.text(alphabet=st.characters(codec=None)))
def test_json_is_utf8_no_terminal_obeys_and_reads_back_whole(text):
    out = io.StringIO()
    print_json({"value": text}, out)
    told = out.getvalue().encode()
    # Two surrogates in a row that make a pair are one character in JSON.
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    read = json.loads(told)["value"]
    assert read.encode("utf-16-le", "surrogatepass") == paired.encode("utf-16-le", "surrogatepass")
    assert all(byte >= 0x20 or byte == 0x0A for byte in told)
    assert b"\x7f" not in told


@given(st.text())
def test_no_text_is_wider_than_two_columns_a_character(text):
    assert 0 <= display_width(text) <= 2 * len(text)
