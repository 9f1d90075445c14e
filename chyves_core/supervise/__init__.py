"""Keeping one guest running: what its supervisor is given, and what is left when it ends."""
