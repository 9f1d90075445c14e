"""Sizes as zfs reads and prints them, and the room that a thick volume reserves."""

from __future__ import annotations

UNITS = "BKMGTPEZ"
UINT64 = 18446744073709551615
INDIRECT_BLOCK = 131072
POINTERS_PER_BLOCK = 1024


class BadNumber(Exception):
    """A text that is no size; the text of the exception is what zfs says."""


def parse_size(text: str) -> int:
    """Return the bytes that "16m", "8.5G", "512" or "1KiB" mean (zfs_nicestrtonum)."""
    digits = 0
    while digits < len(text) and (text[digits].isdigit() or text[digits] == "."):
        digits += 1
    number, suffix = text[:digits], text[digits:]
    if not number:
        raise BadNumber(f"bad numeric value '{text}'")
    if number.count(".") > 1 or number == ".":
        raise BadNumber(f"bad numeric value '{text}'")
    value = scaled(number, suffix)
    if value > UINT64:
        raise BadNumber("numeric value is too large")
    return value


def scaled(number: str, suffix: str) -> int:
    """Return `number` times the unit that `suffix` names."""
    if not suffix:
        power = 0
    else:
        power = UNITS.find(suffix[0].upper())
        rest = suffix[1:].lower()
        if power < 0 or rest not in ("", "b", "ib") or (power == 0 and rest):
            raise BadNumber(f"invalid numeric suffix '{suffix}'")
    if "." not in number:
        return int(number) << (10 * power)
    return int(float(number) * (1 << (10 * power)))


def nice(value: int, unit: str = "B") -> str:
    """Return a size for people, at most five characters: "24K", "8.50M", "0B" (zfs_nicenum)."""
    power = 0
    while power < len(UNITS) - 1 and value >> (10 * (power + 1)):
        power += 1
    letter = UNITS[power] if power else unit
    if power == 0 or value % (1 << (10 * power)) == 0:
        return f"{value >> (10 * power)}{letter}"
    shown = value / (1 << (10 * power))
    for digits in (2, 1, 0):
        text = f"{shown:.{digits}f}{letter}"
        if len(text) <= 5:
            return text
    return text


def thick_reservation(volsize: int, volblocksize: int, copies: int = 1) -> int:
    """Return the refreservation of a thick volume (zvol_volsize_to_reservation)."""
    blocks = volsize // volblocksize
    metadata = 7
    while blocks > 1:
        blocks = (blocks + POINTERS_PER_BLOCK - 1) // POINTERS_PER_BLOCK
        metadata += blocks
    metadata *= min(3, copies + 1)
    return volsize * copies + metadata * INDIRECT_BLOCK
