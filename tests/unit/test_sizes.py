"""Sizes as zfs list shows them."""

from __future__ import annotations

import pytest

from chyves_core.sizes import show_size


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0B"),
        (512, "512B"),
        (12288, "12K"),
        (3 << 29, "1.50G"),
        (107373912064, "100G"),
        (10995116277, "10.2G"),
        (1 << 40, "1T"),
    ],
)
def test_a_size_has_at_most_three_digits_as_zfs_shows_it(size, shown):
    assert show_size(size) == shown
