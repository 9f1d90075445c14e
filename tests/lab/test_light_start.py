"""What the lab's programs use instead of whole modules does the same as those."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chyves_core.lab import light

loads, dumps = light.json_reader(), light.json_writer()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_values_are_written_and_read_as_json_does(value: Any) -> None:
    text = json.dumps(value)
    assert dumps(value) == text
    assert loads(text) == loads(text.encode()) == loads(f" {text}\n") == value
    narrow = {"ensure_ascii": False, "separators": (",", ":")}
    assert dumps(value, **narrow) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("text", ["", "{", "[1,]", "{} x", "nul"])
def test_a_damaged_file_is_an_error_as_for_json(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as wanted:
        json.loads(text)
    with pytest.raises(json.JSONDecodeError) as found:
        loads(text)
    assert str(found.value) == str(wanted.value)


def test_what_json_cannot_write_is_an_error() -> None:
    with pytest.raises(TypeError, match="Object of type object is not JSON serializable"):
        dumps(object())


def test_named_tuples_have_fields_defaults_and_methods() -> None:
    class Row(light.NamedTuple):
        name: str
        size: int = 7

        def doubled(self) -> int:
            return self.size * 2

    row: Any = Row
    assert row("a") == ("a", 7)
    assert row("a", size=2).doubled() == 4
    assert row._fields == ("name", "size")
    assert row("a")._replace(size=1).size == 1
    with pytest.raises(TypeError):
        row()
