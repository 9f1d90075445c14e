"""Guests come from iohyve, chyves 0.2 and vm-bhyve, and go back: readers, one plan, one mover."""
