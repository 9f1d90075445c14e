"""Sizes as ZFS and bhyve write them: powers of 1024 with one letter."""

from __future__ import annotations

import re

UNITS = "KMGTPE"


def parse_size(text: str) -> int | None:
    """Return the bytes that `8G`, `1.5T`, `512M` or `1024` mean, None where it is no size."""
    found = re.fullmatch(
        r"(\d{1,20})(?:\.(\d{1,20}))?([KMGTPE]?)(?:i?B)?", text, re.IGNORECASE | re.ASCII
    )
    if not found:
        return None
    unit = found.group(3).upper()
    factor: int = 1024 ** (UNITS.index(unit) + 1) if unit else 1
    return int(float(f"0.{found.group(2) or 0}") * factor) + int(found.group(1)) * factor


def show_size(size: int) -> str:
    """Return bytes as zfs list shows them: three digits and a letter (`8G`, `1.50G`, `512M`)."""
    if size < 1024:
        return f"{size}B" if size else "0B"
    amount, unit = float(size), ""
    for letter in UNITS:
        if amount < 1024:
            break
        amount, unit = amount / 1024, letter
    if amount == int(amount):
        return f"{int(amount)}{unit}"
    for digits in (2, 1):
        text = f"{amount:.{digits}f}{unit}"
        if len(text) <= 5:
            return text
    return f"{amount:.0f}{unit}"


def exact_size(size: int) -> str:
    """Return bytes so that they can be read back: with the largest letter that divides them."""
    amount, unit = size, ""
    for letter in UNITS:
        if not amount or amount % 1024:
            break
        amount, unit = amount // 1024, letter
    return f"{amount}{unit}"
